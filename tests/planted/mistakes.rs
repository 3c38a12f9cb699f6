//! Mistakes that are planted: each knows its code, and writing knows its place.

use super::document::{Bag, Language, Member, Val};
use super::valid::{Dice, LENGTH, MEMORY, text};
use crate::folder::Folder;

/// One mistake: of which kind, in which bag, at which property where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    kind: Kind,
    bag: usize,
    key: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    // syntax
    MissingComma,
    Semicolon,
    ExtraComma,
    MissingColon,
    Equals,
    UnquotedName,
    NameInOtherQuotes,
    UnquotedValue,
    ValueInOtherQuotes,
    HexNumber,
    MissingValue,
    OpenString,
    OpenList,
    Tab,
    BadEscape,
    UnexpectedText,
    // schema
    MisspeltName,
    MisspeltType,
    MissingType,
    MissingId,
    InvalidId,
    MissingProperty,
    DuplicateProperty,
    ForeignProperty,
    Mistyped,
    WrongText,
    OutOfRange,
    InvalidSize,
    UnknownName,
    UnknownMember,
    // graph
    DuplicateId,
    DanglingLink,
    WrongLinkType,
    LinkCycle,
    UnmetNeed,
    TemplateHandedOut,
    Unused,
    // host
    SmallPages,
    FileTooShort,
    OddSize,
    OddOffset,
    FolderNotFound,
    Fifo,
    PathEmpty,
    FileNotFound,
    RomNeedsReadonly,
    PreallocWithoutReserve,
    NodesWithoutPolicy,
    PolicyWithoutNodes,
    AlignNotPowerOfTwo,
    AlignBelowPage,
    Overlap,
}

use Kind as K;

const KINDS: [Kind; 52] = [
    K::MissingComma,
    K::Semicolon,
    K::ExtraComma,
    K::MissingColon,
    K::Equals,
    K::UnquotedName,
    K::NameInOtherQuotes,
    K::UnquotedValue,
    K::ValueInOtherQuotes,
    K::HexNumber,
    K::MissingValue,
    K::OpenString,
    K::OpenList,
    K::Tab,
    K::BadEscape,
    K::UnexpectedText,
    K::MisspeltName,
    K::MisspeltType,
    K::MissingType,
    K::MissingId,
    K::InvalidId,
    K::MissingProperty,
    K::DuplicateProperty,
    K::ForeignProperty,
    K::Mistyped,
    K::WrongText,
    K::OutOfRange,
    K::InvalidSize,
    K::UnknownName,
    K::UnknownMember,
    K::DuplicateId,
    K::DanglingLink,
    K::WrongLinkType,
    K::LinkCycle,
    K::UnmetNeed,
    K::TemplateHandedOut,
    K::Unused,
    K::SmallPages,
    K::FileTooShort,
    K::OddSize,
    K::OddOffset,
    K::FolderNotFound,
    K::Fifo,
    K::PathEmpty,
    K::FileNotFound,
    K::RomNeedsReadonly,
    K::PreallocWithoutReserve,
    K::NodesWithoutPolicy,
    K::PolicyWithoutNodes,
    K::AlignNotPowerOfTwo,
    K::AlignBelowPage,
    K::Overlap,
];

/// Every name that a valid bag may have.
const KEYS: [&str; 29] = [
    "qom-type",
    "id",
    "size",
    "dump",
    "prealloc-threads",
    "prealloc-context",
    "mem-path",
    "offset",
    "share",
    "align",
    "seal",
    "poll-max-ns",
    "thread-pool-max",
    "filename",
    "weight",
    "next",
    "leaf",
    "memory",
    "others",
    "flag",
    "count",
    "label",
    "capacity",
    "direction",
    "step",
    "password",
    "ports",
    "throttle",
    "reserve",
];

const SWITCHES: [&str; 4] = ["dump", "share", "seal", "flag"];
const NUMBERS: [&str; 5] = ["prealloc-threads", "poll-max-ns", "thread-pool-max", "weight", "count"];
const SIZES: [&str; 5] = ["size", "offset", "align", "capacity", "step"];
const LINKS: [&str; 5] = ["next", "leaf", "memory", "huge", "prealloc-context"];

/// So many mistakes that can be made together, or as many as there is room for.
pub(super) fn choose(bags: &[Bag], count: usize, language: Language, dice: &mut Dice) -> Vec<Mistake> {
    let (mut chosen, mut planted) = (Vec::new(), bags.to_vec());
    let folder = Folder::new();
    for _ in 0..count * 40 {
        if chosen.len() == count {
            break;
        }
        let mistake = Mistake {
            kind: *dice.pick(&KINDS),
            bag: dice.below(bags.len()),
            key: KEYS[dice.below(KEYS.len())],
        };
        let mut next = planted.clone();
        if plant(&mut next, mistake, language, &folder) {
            planted = next;
            chosen.push(mistake);
        }
    }
    chosen
}

/// Plants a mistake, if there is a place for it where it does not meet another.
pub(super) fn plant(bags: &mut [Bag], mistake: Mistake, language: Language, folder: &Folder) -> bool {
    let Mistake { kind, bag: at, key } = mistake;
    planted(bags, kind, at, key, language, folder).is_some()
}

/// What a bag is; nothing once that is not certain any more.
fn type_of(bag: &Bag) -> Option<&str> {
    let member = bag.get("qom-type").filter(|member| member.is_sound())?;
    match &member.value {
        Val::Text(name) => Some(name),
        _ => None,
    }
}

fn sound<'b>(bag: &'b mut Bag, key: &str) -> Option<&'b mut Member> {
    bag.members.iter_mut().find(|member| member.key == key && member.is_sound())
}

/// Keeps what follows a property as it is: where something is not closed, only that tells where it should have been.
fn settle_next(bag: &mut Bag, key: &str) -> Option<()> {
    let place = bag.members.iter().position(|member| member.key == key && member.is_sound())?;
    if let Some(next) = bag.members.get_mut(place + 1) {
        next.is_sound().then_some(())?;
        next.settled = true;
    }
    Some(())
}

/// Adds a property at the end of a bag that does not have it.
fn add(bag: &mut Bag, key: &str, value: Val, mistake: Option<&'static str>) -> Option<()> {
    if bag.get(key).is_some() || bag.members.last().is_some_and(|last| last.behind.is_some()) {
        return None;
    }
    let mut member = Member::new(key, value);
    member.value_mistake = mistake;
    bag.members.push(member);
    Some(())
}

/// Whether a link leads to the bag.
fn is_linked(bags: &[Bag], at: usize) -> bool {
    let Some(id) = bags[at].text("id") else { return true };
    bags.iter().flat_map(|bag| &bag.members).any(|member| match &member.value {
        Val::Text(text) => LINKS.contains(&&*member.key) && text == id,
        Val::Raw(text, _) => text.contains(id),
        Val::List(list) => list.iter().any(|one| matches!(one, Val::Text(text) if text == id)),
        _ => false,
    })
}

fn planted(
    bags: &mut [Bag],
    kind: Kind,
    at: usize,
    key: &'static str,
    language: Language,
    folder: &Folder,
) -> Option<()> {
    let json = language.is_json();
    let is_file = type_of(&bags[at]) == Some("memory-backend-file");
    let is_memory = type_of(&bags[at]).is_some_and(|name| MEMORY.contains(&name));
    match kind {
        K::MissingComma | K::Semicolon | K::ExtraComma if json => {
            let place = bags[at].members.iter().position(|member| member.key == key && member.is_sound())?;
            let next = bags[at].members.get(place + 1)?;
            // What follows a missing comma has to be a name to be recognized.
            if kind == K::MissingComma && next.quotes != "\"" {
                return None;
            }
            let member = &mut bags[at].members[place];
            member.behind = Some(match kind {
                K::MissingComma => ("", "", "missing-comma"),
                K::Semicolon => ("", ";", "wrong-separator"),
                _ => (",", ",", "extra-comma"),
            });
            Some(())
        }
        K::MissingColon | K::Equals if json => {
            let member = sound(&mut bags[at], key)?;
            member.colon = match kind {
                K::MissingColon => (" ", Some("missing-colon")),
                _ => ("= ", Some("missing-colon")),
            };
            Some(())
        }
        K::UnquotedName | K::NameInOtherQuotes if json => {
            let place = bags[at].members.iter().position(|member| member.key == key && member.is_sound())?;
            let before = place.checked_sub(1).and_then(|before| bags[at].members[before].behind);
            if before.is_some_and(|(_, _, code)| code == "missing-comma") {
                return None;
            }
            let member = &mut bags[at].members[place];
            let (quotes, code) = match kind {
                K::UnquotedName => ("", "unquoted-name"),
                _ => ("'", "wrong-quotes"),
            };
            (member.quotes, member.key_mistake) = (quotes, Some(code));
            Some(())
        }
        K::UnquotedValue | K::ValueInOtherQuotes | K::Tab | K::BadEscape | K::OpenString if json => {
            // Whose id or type is not known, of that less is known.
            if ["id", "qom-type", "mem-path"].contains(&key) || (kind == K::OpenString && compact(language)) {
                return None;
            }
            if kind == K::OpenString {
                settle_next(&mut bags[at], key)?;
            }
            let member = sound(&mut bags[at], key)?;
            let Val::Text(old) = &member.value else { return None };
            let length = old.chars().count();
            member.value = match kind {
                K::UnquotedValue if old.is_ascii() => Val::Raw(old.clone(), vec![(0, "unquoted-value")]),
                K::ValueInOtherQuotes => Val::Raw(format!("'{old}'"), vec![(0, "wrong-quotes")]),
                K::Tab => Val::Raw(format!("\"{old}\t\""), vec![(length + 1, "control-character")]),
                K::BadEscape => Val::Raw(format!("\"{old}\\d\""), vec![(length + 1, "bad-escape")]),
                K::OpenString => Val::Raw(format!("\"{old}"), vec![(0, "unterminated-string")]),
                _ => return None,
            };
            Some(())
        }
        K::HexNumber | K::UnexpectedText if json => {
            let member = sound(&mut bags[at], key)?;
            let Val::Number(old) = member.value else { return None };
            member.value = match kind {
                K::HexNumber => Val::Raw(format!("{old:#x}"), vec![(0, "bad-number")]),
                _ => Val::Raw(format!("{old} bytes"), vec![(old.to_string().len() + 1, "unexpected-text")]),
            };
            Some(())
        }
        K::MissingValue if json => {
            let place = bags[at].members.iter().position(|member| member.key == key && member.is_sound())?;
            if place + 1 == bags[at].members.len() || ["id", "qom-type"].contains(&key) {
                return None;
            }
            bags[at].members[place].colon = (":", None);
            bags[at].members[place].value = Val::Raw(String::new(), vec![(0, "missing-value")]);
            Some(())
        }
        K::OpenList if json => {
            settle_next(&mut bags[at], key)?;
            let member = sound(&mut bags[at], key)?;
            let Val::List(_) = member.value else { return None };
            member.value = match key {
                "ports" => Val::Raw("[80".to_owned(), vec![(3, "missing-bracket")]),
                _ => return None,
            };
            Some(())
        }
        K::MisspeltName => {
            if ["id", "qom-type"].contains(&key) || key.len() < 4 {
                return None;
            }
            let member = sound(&mut bags[at], key)?;
            let mut letters: Vec<char> = key.chars().collect();
            if letters[1] == letters[2] {
                return None;
            }
            letters.swap(1, 2);
            member.key = letters.into_iter().collect();
            member.key_mistake = Some("unknown-property");
            Some(())
        }
        K::MisspeltType => {
            let member = sound(&mut bags[at], "qom-type")?;
            let Val::Text(name) = &member.value else { return None };
            // Swapped near the front, so that no other type is as near.
            let mut letters: Vec<char> = name.chars().collect();
            letters.swap(1, 2);
            member.value = text(&letters.into_iter().collect::<String>());
            member.value_mistake = Some("unknown-type");
            Some(())
        }
        K::MissingType => {
            // Of what has no type nothing else is known.
            let bag = &mut bags[at];
            if bag.settled || !bag.mistakes.is_empty() || bag.members.iter().any(|member| !member.is_sound())
            {
                return None;
            }
            bag.members.retain(|member| member.key != "qom-type");
            bag.mistakes.push("missing-type");
            bag.settled = true;
            bag.members.retain(|member| member.key == "id");
            Some(())
        }
        K::MissingId | K::InvalidId | K::DuplicateId => id(bags, kind, at),
        K::MissingProperty => {
            if !is_memory && !is_file {
                return None;
            }
            let required = if is_file && key == "mem-path" { "mem-path" } else { "size" };
            sound(&mut bags[at], required)?;
            let bag = &mut bags[at];
            if bag.members.last().is_some_and(|last| last.key == required) && bag.members.len() > 1 {
                // The one before must not end with what stands between two.
                let before = bag.members.len() - 2;
                bag.members[before].behind.is_none().then_some(())?;
            }
            bag.members.retain(|member| member.key != required);
            bag.mistakes.push("missing-property");
            Some(())
        }
        K::DuplicateProperty if json => {
            let member = bags[at].get(key).filter(|member| member.is_sound())?.clone();
            let mut again = member;
            again.key_mistake = Some("duplicate-property");
            if bags[at].members.last()?.behind.is_some() {
                return None;
            }
            sound(&mut bags[at], key)?.settled = true;
            bags[at].members.push(again);
            Some(())
        }
        K::ForeignProperty => {
            type_of(&bags[at])?;
            let name = "brightness-of-the-moon";
            add(&mut bags[at], name, Val::Number(1), None)?;
            bags[at].members.last_mut()?.key_mistake = Some("unknown-property");
            Some(())
        }
        K::Mistyped => {
            let member = sound(&mut bags[at], key)?;
            let wrong = match () {
                () if SWITCHES.contains(&key) => {
                    if json {
                        "7"
                    } else {
                        "maybe"
                    }
                }
                () if NUMBERS.contains(&key) => {
                    if json {
                        "[]"
                    } else {
                        "many"
                    }
                }
                () if SIZES.contains(&key) && json => "{\"bytes\": 1}",
                () if LINKS.contains(&key) && json => "5",
                () if key == "label" && json => "null",
                () if key == "ports" => "\"80\"",
                () if key == "throttle" => "[1]",
                () => return None,
            };
            member.value = Val::Raw(wrong.to_owned(), vec![(0, "wrong-type")]);
            Some(())
        }
        K::WrongText if json && key == "password" => {
            sound(&mut bags[at], key)?.value = Val::Raw("7".to_owned(), vec![(0, "sensitive-mismatch")]);
            Some(())
        }
        K::OutOfRange => {
            let member = sound(&mut bags[at], key)?;
            let wrong = match key {
                "prealloc-threads" => "0",
                "weight" | "count" => "4294967296",
                "poll-max-ns" | "thread-pool-max" => "-1",
                "offset" | "align" => "9223372036854775808",
                "size" => "0",
                _ => return None,
            };
            member.value = Val::Raw(wrong.to_owned(), vec![(0, "out-of-range")]);
            Some(())
        }
        K::InvalidSize => {
            let member = sound(&mut bags[at], key).filter(|_| SIZES.contains(&key))?;
            let wrong = if json { "\"1GB\"" } else { "1GB" };
            member.value = Val::Raw(wrong.to_owned(), vec![(0, "invalid-size")]);
            Some(())
        }
        K::UnknownName => {
            let member = sound(&mut bags[at], key).filter(|_| key == "direction")?;
            member.value = text("lefd");
            member.value_mistake = Some("unknown-enum-value");
            Some(())
        }
        K::UnknownMember if json => {
            let member = sound(&mut bags[at], key).filter(|_| key == "throttle")?;
            let wrong = "{\"bytes-per-second\": 1, \"brust\": 2}";
            member.value = Val::Raw(wrong.to_owned(), vec![(24, "unknown-member")]);
            Some(())
        }
        K::DanglingLink => {
            type_of(&bags[at])?;
            let member = sound(&mut bags[at], key).filter(|_| LINKS.contains(&key))?;
            member.value = text("nowhere-to-be-seen");
            member.value_mistake = Some("dangling-link");
            Some(())
        }
        K::WrongLinkType => {
            let wanted = match key {
                "next" => "dummy-node",
                "leaf" => "dummy-leaf",
                "prealloc-context" => "thread-context",
                _ => return None,
            };
            type_of(&bags[at])?;
            let fits = |bag: &Bag| {
                let id = bag.get("id").is_some_and(Member::is_sound);
                id && type_of(bag).is_some_and(|name| name != wanted)
            };
            let other = (0..bags.len()).find(|other| *other != at && fits(&bags[*other]))?;
            let id = bags[other].text("id")?.to_owned();
            let member = sound(&mut bags[at], key)?;
            member.value = text(&id);
            member.value_mistake = Some("wrong-link-type");
            bags[other].settled = true;
            Some(())
        }
        K::LinkCycle => {
            let is_node = |bag: &Bag| type_of(bag) == Some("dummy-node") && !bag.settled;
            let whole = |bag: &Bag| is_node(bag) && bag.members.iter().all(|member| member.is_sound());
            let other = (at + 1..bags.len()).find(|other| whole(&bags[*other]))?;
            if !whole(&bags[at]) {
                return None;
            }
            let ids = [bags[at].text("id")?.to_owned(), bags[other].text("id")?.to_owned()];
            for (index, to) in [(at, &ids[1]), (other, &ids[0])] {
                bags[index].members.retain(|member| member.key != "next" && member.key != "others");
                add(&mut bags[index], "next", text(to), (index == at).then_some("link-cycle"))?;
                bags[index].members.last_mut()?.settled = true;
                bags[index].settled = true;
            }
            Some(())
        }
        K::UnmetNeed | K::TemplateHandedOut if is_file => unshare(bags, kind, at),
        K::Unused if is_memory => forget(bags, at),
        K::SmallPages if type_of(&bags[at]) == Some("dummy-device") => {
            let is_target = |bag: &Bag| {
                let id = bag.get("id").is_some_and(Member::is_sound) && bag.mistakes.is_empty();
                id && matches!(type_of(bag), Some("memory-backend-memfd" | "memory-backend-ram"))
            };
            // The first use of all would have others be unused.
            is_linked_memory(bags).then_some(())?;
            let target = bags.iter().position(is_target)?;
            let id = bags[target].text("id")?.to_owned();
            add(&mut bags[at], "huge", text(&id), Some("unmet-need"))?;
            bags[target].settled = true;
            Some(())
        }
        K::FileTooShort if is_file => {
            let bag = &mut bags[at];
            let is_old = bag.text("mem-path").is_some_and(|path| path.contains("old"));
            is_whole(bag, &["size", "offset", "mem-path", "readonly"]).then_some(())?;
            is_old.then_some(())?;
            let size = sound(bag, "size")?;
            size.value = Val::Number(LENGTH * 2);
            size.value_mistake = Some("file-too-short");
            for key in ["mem-path", "offset"] {
                if let Some(member) = sound(bag, key) {
                    member.settled = true;
                }
            }
            Some(())
        }
        K::OddSize if type_of(&bags[at]) != Some("memory-backend-ram") && is_memory => {
            let member = sound(&mut bags[at], "size")?;
            member.value = Val::Number(5000);
            member.value_mistake = Some("not-a-page-multiple");
            Some(())
        }
        K::OddOffset if is_file => {
            let member = sound(&mut bags[at], "offset")?;
            member.value = Val::Number(100);
            member.value_mistake = Some("not-a-page-multiple");
            Some(())
        }
        K::FolderNotFound | K::Fifo | K::PathEmpty if is_file => {
            let (path, code) = match kind {
                K::FolderNotFound => (folder.join("gone/ram.img"), "folder-not-found"),
                K::Fifo => (folder.join("pipe"), "wrong-file-kind"),
                _ => (std::path::PathBuf::new(), "path-empty"),
            };
            let member = sound(&mut bags[at], "mem-path")?;
            member.value = text(path.to_str()?);
            member.value_mistake = Some(code);
            Some(())
        }
        K::FileNotFound if is_file => {
            bags[at].text("mem-path").filter(|path| path.contains("new"))?;
            bags[at].get("rom").is_none().then_some(())?;
            sound(&mut bags[at], "mem-path")?;
            add(&mut bags[at], "readonly", Val::Switch(true), None)?;
            sound(&mut bags[at], "mem-path")?.value_mistake = Some("file-not-found");
            Some(())
        }
        K::RomNeedsReadonly if is_file => {
            bags[at].get("readonly").is_none().then_some(())?;
            add(&mut bags[at], "rom", text("on"), Some("rom-needs-readonly"))
        }
        K::PreallocWithoutReserve if is_memory => {
            bags[at].get("reserve").is_none().then_some(())?;
            bags[at].get("share").is_none().then_some(())?;
            (type_of(&bags[at]) != Some("memory-backend-memfd")).then_some(())?;
            add(&mut bags[at], "prealloc", Val::Switch(true), None)?;
            add(&mut bags[at], "reserve", Val::Switch(false), Some("prealloc-without-reserve"))
        }
        K::NodesWithoutPolicy if is_memory && json => {
            bags[at].get("policy").is_none().then_some(())?;
            let nodes = Val::List(vec![Val::Number(0)]);
            add(&mut bags[at], "host-nodes", nodes, Some("host-nodes-without-policy"))
        }
        K::PolicyWithoutNodes if is_memory => {
            bags[at].get("host-nodes").is_none().then_some(())?;
            add(&mut bags[at], "policy", text("bind"), Some("policy-without-host-nodes"))
        }
        K::AlignNotPowerOfTwo | K::AlignBelowPage if is_file => {
            let member = sound(&mut bags[at], "align")?;
            let (align, code) = match kind {
                K::AlignBelowPage => (1024, "align-not-page-multiple"),
                _ => (12288, "align-not-power-of-two"),
            };
            member.value = Val::Number(align);
            member.value_mistake = Some(code);
            Some(())
        }
        K::Overlap if is_file => {
            let whole = |bag: &Bag| {
                type_of(bag) == Some("memory-backend-file")
                    && bag.get("offset").is_some()
                    && bag.get("size").is_some()
                    && bag.get("readonly").is_none()
                    && is_whole(bag, &["id", "offset", "size", "mem-path", "align", "share"])
            };
            let other = (at + 1..bags.len()).find(|other| whole(&bags[*other]))?;
            if !whole(&bags[at]) || bags[at].settled || bags[other].settled {
                return None;
            }
            let path = bags[at].text("mem-path")?.to_owned();
            sound(&mut bags[other], "mem-path")?.value = text(&path);
            sound(&mut bags[other], "offset")?.value_mistake = Some("file-ranges-overlap");
            for index in [at, other] {
                // What is compared must stay as it is.
                for key in ["size", "mem-path", "offset"] {
                    if let Some(member) = sound(&mut bags[index], key) {
                        member.settled = true;
                    }
                }
                bags[index].settled = true;
            }
            Some(())
        }
        _ => None,
    }
}

/// Whether any memory is used.
fn is_linked_memory(bags: &[Bag]) -> bool {
    bags.iter().any(|bag| bag.get("memory").is_some_and(Member::is_sound))
}

/// Has devices share what is not shared: a file without `share`, or a private copy of one.
fn unshare(bags: &mut [Bag], kind: Kind, at: usize) -> Option<()> {
    let id = bags[at].text("id")?.to_owned();
    let links = |bag: &Bag| bag.text("memory") == Some(&*id) && type_of(bag) != Some("dummy-node");
    let users: Vec<usize> = (0..bags.len()).filter(|user| links(&bags[*user])).collect();
    let is_sound = |bag: &Bag| bag.get("memory").is_some_and(Member::is_sound) && type_of(bag).is_some();
    if users.is_empty() || users.iter().any(|user| !is_sound(&bags[*user])) {
        return None;
    }
    let bag = &mut bags[at];
    bag.get("id").filter(|id| id.is_sound())?;
    sound(bag, "share")?;
    let code = if kind == K::UnmetNeed {
        "unmet-need"
    } else {
        let is_old = bag.text("mem-path").is_some_and(|path| path.contains("old"));
        (is_old && bag.get("readonly").is_none() && bag.get("rom").is_none()).then_some(())?;
        is_whole(bag, &["size", "offset", "mem-path"]).then_some(())?;
        bag.members.last().filter(|last| last.behind.is_none())?;
        for (key, value) in [("readonly", Val::Switch(true)), ("rom", text("off"))] {
            add(bag, key, value, None)?;
            sound(bag, key)?.settled = true;
        }
        "template-handed-out"
    };
    let share = sound(bag, "share")?;
    share.value = Val::Switch(false);
    share.settled = true;
    bag.settled = true;
    for user in users {
        sound(&mut bags[user], "memory")?.value_mistake = Some(code);
    }
    Some(())
}

/// Has nobody use memory any more. Nothing else may be wrong with its users: it is they who may have meant it.
fn forget(bags: &mut [Bag], at: usize) -> Option<()> {
    let is_user = |bag: &Bag| {
        bag.get("memory").is_some() || matches!(type_of(bag), None | Some("dummy-node" | "dummy-device"))
    };
    let is_whole = |bag: &Bag| {
        type_of(bag).is_some() && bag.mistakes.is_empty() && bag.members.iter().all(Member::is_sound)
    };
    let id = bags[at].text("id")?.to_owned();
    bags[at].get("id").filter(|id| id.is_sound())?;
    let is_own = |bag: &Bag| ["memory", "huge"].iter().any(|key| bag.text(key) == Some(&*id));
    let all_known =
        bags.iter().all(|bag| bag.get("id").is_some_and(Member::is_sound) && type_of(bag).is_some());
    let users: Vec<usize> = (0..bags.len()).filter(|user| is_user(&bags[*user])).collect();
    if !all_known || users.iter().any(|user| !is_whole(&bags[*user])) {
        return None;
    }
    let others = users.iter().any(|user| bags[*user].get("memory").is_some() && !is_own(&bags[*user]));
    others.then_some(())?;
    for bag in bags.iter_mut() {
        if is_user(bag) {
            if is_own(bag) {
                bag.members.retain(|member| !["memory", "huge"].contains(&&*member.key));
            }
            bag.members.iter_mut().for_each(|member| member.settled = true);
        }
        bag.settled = true;
    }
    sound(&mut bags[at], "id")?.settled = true;
    sound(&mut bags[at], "qom-type")?.settled = true;
    bags[at].mistakes.push("unused-object");
    Some(())
}

fn compact(language: Language) -> bool {
    language == Language::Json { compact: true }
}

/// Whether nothing is wrong with these properties.
fn is_whole(bag: &Bag, keys: &[&str]) -> bool {
    bag.members.iter().filter(|member| keys.contains(&&*member.key)).all(Member::is_sound)
}

fn id(bags: &mut [Bag], kind: Kind, at: usize) -> Option<()> {
    if bags[at].settled || is_linked(bags, at) {
        return None;
    }
    sound(&mut bags[at], "id")?;
    match kind {
        K::MissingId => {
            let bag = &mut bags[at];
            if bag.members.last().is_some_and(|last| last.key == "id") {
                return None;
            }
            bag.members.retain(|member| member.key != "id");
            bag.mistakes.push("missing-id");
        }
        K::InvalidId => {
            let member = sound(&mut bags[at], "id")?;
            member.value = text("0 id");
            member.value_mistake = Some("invalid-id");
        }
        _ => {
            let first = (0..at).find(|other| {
                bags[*other].get("id").is_some_and(Member::is_sound) && !bags[*other].settled
            })?;
            let taken = bags[first].text("id")?.to_owned();
            bags[first].settled = true;
            let member = sound(&mut bags[at], "id")?;
            member.value = text(&taken);
            member.value_mistake = Some("duplicate-id");
        }
    }
    bags[at].settled = true;
    Some(())
}
