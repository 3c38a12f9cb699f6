//! Documents without a mistake.

use super::document::{Bag, Language, Member, Val};
use crate::folder::Folder;

/// Chances, always the same for a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `most`.
    pub(super) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    pub(super) fn one_in(&mut self, most: usize) -> bool {
        self.below(most) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for index in (1..list.len()).rev() {
            list.swap(index, self.below(index + 1));
        }
    }
}

/// How many bags there are at most, each with a file of its own.
const MOST: usize = 10;

/// The length of those files.
pub(super) const LENGTH: u64 = 65536;

/// The files that documents name.
pub(super) fn folder() -> Folder {
    let folder = Folder::new();
    for index in 0..MOST {
        folder.file(&format!("old{index}.img"), LENGTH);
    }
    folder.fifo("pipe");
    folder
}

const TYPES: [&str; 13] = [
    "memory-backend-ram",
    "memory-backend-file",
    "memory-backend-file",
    "memory-backend-memfd",
    "thread-context",
    "iothread",
    "rng-random",
    "dummy-node",
    "dummy-node",
    "dummy-leaf",
    "dummy-device",
    "dummy-device",
    "dummy-values",
];

/// Some bags that fit each other.
pub(super) fn bags(dice: &mut Dice, language: Language, folder: &Folder) -> Vec<Bag> {
    let count = match language {
        Language::Json { .. } | Language::Ini => 1 + dice.below(MOST),
        Language::Keyval | Language::Opts => 1,
    };
    let mut bags: Vec<Bag> = Vec::new();
    for index in 0..count {
        let type_name = *dice.pick(&TYPES);
        let mut members = vec![Member::new(
            "id",
            text(&format!("obj{index}-{}", "abcdefghij".chars().nth(index).unwrap())),
        )];
        members.extend(properties(type_name, index, &bags, dice, language, folder));
        let first = Member::new("qom-type", text(type_name));
        if language.is_json() && dice.one_in(3) {
            members.push(first);
            dice.shuffle(&mut members);
        } else {
            dice.shuffle(&mut members[1..]);
            members.insert(0, first);
        }
        bags.push(Bag { members, mistakes: Vec::new(), settled: false });
    }
    use_all(&mut bags);
    bags
}

/// Where some memory is used, all of it is.
fn use_all(bags: &mut Vec<Bag>) {
    let users = bags.iter().filter(|bag| bag.get("memory").is_some());
    let used: Vec<&str> = users.filter_map(|bag| bag.text("memory")).collect();
    let is_left = |bag: &&Bag| {
        let is_memory = bag.text("qom-type").is_some_and(|name| MEMORY.contains(&name));
        is_memory && !bag.text("id").is_some_and(|id| used.contains(&id))
    };
    let left = bags.iter().filter(is_left).filter_map(|bag| bag.text("id"));
    let left: Vec<String> = left.filter(|_| !used.is_empty()).map(str::to_owned).collect();
    for (letter, id) in ('k'..='z').zip(left) {
        let members = [("qom-type", "dummy-node"), ("id", &*format!("user-{letter}")), ("memory", &*id)];
        let members = members.map(|(key, value)| Member::new(key, text(value))).to_vec();
        bags.push(Bag { members, mistakes: Vec::new(), settled: false });
    }
}

/// A link to memory that is shared.
fn shared(bags: &[Bag], dice: &mut Dice) -> Option<Val> {
    let is_shared = |bag: &&Bag| match bag.text("qom-type") {
        Some("memory-backend-memfd") => true,
        Some("memory-backend-file") => bag.get("share").is_some(),
        _ => false,
    };
    let ids: Vec<&str> = bags.iter().filter(is_shared).filter_map(|bag| bag.text("id")).collect();
    (!ids.is_empty()).then(|| {
        let id: &&str = dice.pick(&ids);
        text(id)
    })
}

pub(super) fn text(text: &str) -> Val {
    Val::Text(text.to_owned())
}

fn size(dice: &mut Dice) -> Val {
    dice.pick(&[text("64K"), Val::Number(65536), text("32K"), Val::Number(4096)]).clone()
}

/// A link to one of the bags before that is of such a type.
fn link(to: &[&str], bags: &[Bag], dice: &mut Dice) -> Option<Val> {
    let fits = |bag: &&Bag| bag.text("qom-type").is_some_and(|name| to.contains(&name));
    let ids: Vec<&str> = bags.iter().filter(fits).filter_map(|bag| bag.text("id")).collect();
    (!ids.is_empty()).then(|| {
        let id: &&str = dice.pick(&ids);
        text(id)
    })
}

pub(super) const MEMORY: [&str; 3] = ["memory-backend-ram", "memory-backend-file", "memory-backend-memfd"];

fn properties(
    type_name: &str,
    index: usize,
    bags: &[Bag],
    dice: &mut Dice,
    language: Language,
    folder: &Folder,
) -> Vec<Member> {
    let mut list: Vec<Option<(&str, Val)>> = Vec::new();
    let maybe = |dice: &mut Dice, key, value: Val| dice.one_in(2).then_some((key, value));
    if MEMORY.contains(&type_name) {
        list.push(Some(("size", size(dice))));
        list.push(maybe(dice, "dump", Val::Switch(true)));
        list.push(maybe(dice, "prealloc-threads", Val::Number(2)));
        if let Some(context) = link(&["thread-context"], bags, dice) {
            list.push(maybe(dice, "prealloc-context", context));
        }
    }
    match type_name {
        "memory-backend-file" => {
            let name = if dice.one_in(2) { "old" } else { "new" };
            let path = folder.join(&format!("{name}{index}.img"));
            list.push(Some(("mem-path", text(path.to_str().unwrap()))));
            list.push(maybe(dice, "offset", Val::Number(0)));
            list.push(maybe(dice, "share", Val::Switch(true)));
            list.push(maybe(dice, "align", text("64K")));
        }
        "memory-backend-memfd" => list.push(maybe(dice, "seal", Val::Switch(false))),
        "iothread" => {
            list.push(maybe(dice, "poll-max-ns", Val::Number(1000)));
            list.push(maybe(dice, "thread-pool-max", Val::Number(8)));
        }
        "rng-random" => list.push(maybe(dice, "filename", text("/dev/urandom"))),
        "dummy-leaf" => list.push(maybe(dice, "weight", Val::Number(3))),
        "dummy-node" => {
            list.push(link(&["dummy-node"], bags, dice).map(|value| ("next", value)));
            list.push(link(&["dummy-leaf"], bags, dice).map(|value| ("leaf", value)));
            list.push(link(&MEMORY, bags, dice).map(|value| ("memory", value)));
            if let (true, Some(other)) = (language.is_json(), link(&["dummy-node"], bags, dice)) {
                list.push(maybe(dice, "others", Val::List(vec![other])));
            }
        }
        "dummy-device" => list.push(shared(bags, dice).map(|value| ("memory", value))),
        "dummy-values" => {
            list.push(maybe(dice, "flag", Val::Switch(true)));
            list.push(maybe(dice, "count", Val::Number(7)));
            list.push(maybe(dice, "label", text("größer")));
            list.push(maybe(dice, "capacity", text("1.5G")));
            list.push(maybe(dice, "direction", text("both")));
            list.push(maybe(dice, "step", Val::Number(8192)));
            list.push(maybe(dice, "password", text("s3cret")));
            if language.is_json() {
                list.push(maybe(dice, "ports", Val::List(vec![Val::Number(80), Val::Number(443)])));
                let limits = vec![("bytes-per-second", Val::Number(1)), ("burst", text("1k"))];
                list.push(maybe(dice, "throttle", Val::Struct(limits)));
            }
        }
        _ => {}
    }
    list.into_iter().flatten().map(|(key, value)| Member::new(key, value)).collect()
}
