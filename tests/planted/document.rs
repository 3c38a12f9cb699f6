//! Bags as they are to be written, and where what is wrong with them comes to stand.

use std::fmt::Write as _;

use super::valid::Dice;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Json { compact: bool },
    Ini,
    Keyval,
    Opts,
}

impl Language {
    pub(super) const ALL: [Language; 5] = [
        Language::Json { compact: false },
        Language::Json { compact: true },
        Language::Ini,
        Language::Keyval,
        Language::Opts,
    ];

    pub(super) fn is_json(self) -> bool {
        matches!(self, Language::Json { .. })
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Text(String),
    Number(u64),
    Switch(bool),
    List(Vec<Val>),
    Struct(Vec<(&'static str, Val)>),
    /// As it is in any language, with mistakes so many characters behind its start.
    Raw(String, Vec<(usize, &'static str)>),
}

/// A property of a bag.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) value: Val,
    /// What is wrong with the name.
    pub(super) key_mistake: Option<&'static str>,
    /// What is wrong with the value as a whole.
    pub(super) value_mistake: Option<&'static str>,
    /// What stands between name and value, and what is wrong with that.
    pub(super) colon: (&'static str, Option<&'static str>),
    /// What stands behind it, before and after the mistake, which is told last; `None` for what belongs there.
    pub(super) behind: Option<(&'static str, &'static str, &'static str)>,
    /// How the name is written in JSON: its quotes.
    pub(super) quotes: &'static str,
    /// It takes part in another mistake and has to stay as it is.
    pub(super) settled: bool,
}

impl Member {
    pub(super) fn new(key: &str, value: Val) -> Self {
        Member {
            key: key.to_owned(),
            value,
            key_mistake: None,
            value_mistake: None,
            colon: (": ", None),
            behind: None,
            quotes: "\"",
            settled: false,
        }
    }

    /// Whether nothing is wrong with it yet.
    pub(super) fn is_sound(&self) -> bool {
        !self.settled
            && self.key_mistake.is_none()
            && self.value_mistake.is_none()
            && self.colon.1.is_none()
            && self.behind.is_none()
            && !matches!(&self.value, Val::Raw(_, mistakes) if !mistakes.is_empty())
    }
}

/// An object to be.
#[derive(Clone, Debug)]
pub(super) struct Bag {
    pub(super) members: Vec<Member>,
    /// What is wrong with it as a whole.
    pub(super) mistakes: Vec<&'static str>,
    /// What its links are, or what it is linked from, must stay as it is.
    pub(super) settled: bool,
}

impl Bag {
    pub(super) fn get(&self, key: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Val::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A text, and the bytes where something is wrong with it.
#[derive(Default)]
pub(super) struct Written {
    pub(super) text: String,
    mistakes: Vec<(usize, &'static str)>,
}

impl Written {
    /// `LINE:COLUMN CODE` of each mistake.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let place = |(at, code): &(usize, &'static str)| {
            let before = &self.text[..*at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            format!("{line}:{column} {code}")
        };
        self.mistakes.iter().map(place).collect()
    }

    fn mark(&mut self, code: Option<&'static str>) {
        self.mistakes.extend(code.map(|code| (self.text.len(), code)));
    }

    fn json(&mut self, value: &Val) {
        match value {
            Val::Text(text) => {
                let _ = write!(self.text, "{}", serde_json::Value::from(text.as_str()));
            }
            Val::Number(number) => {
                let _ = write!(self.text, "{number}");
            }
            Val::Switch(on) => {
                let _ = write!(self.text, "{on}");
            }
            Val::List(values) => {
                self.text.push('[');
                for (index, value) in values.iter().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { "" });
                    self.json(value);
                }
                self.text.push(']');
            }
            Val::Struct(members) => {
                self.text.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    let _ = write!(self.text, "{}\"{key}\": ", if index > 0 { ", " } else { "" });
                    self.json(value);
                }
                self.text.push('}');
            }
            Val::Raw(text, mistakes) => self.raw(text, mistakes),
        }
    }

    fn raw(&mut self, text: &str, mistakes: &[(usize, &'static str)]) {
        let at = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
        let start = self.text.len();
        self.mistakes.extend(mistakes.iter().map(|(behind, code)| (start + at(*behind), *code)));
        self.text.push_str(text);
    }

    fn word(&mut self, value: &Val) {
        match value {
            Val::Text(text) => self.text.push_str(text),
            Val::Number(number) => {
                let _ = write!(self.text, "{number}");
            }
            Val::Switch(on) => self.text.push_str(if *on { "on" } else { "off" }),
            Val::Raw(text, mistakes) => self.raw(text, mistakes),
            Val::List(_) | Val::Struct(_) => unreachable!("only in JSON"),
        }
    }

    fn json_bag(&mut self, bag: &Bag, compact: bool) {
        let (gap, indent) = if compact { (" ", "") } else { ("\n", "    ") };
        bag.mistakes.iter().for_each(|code| self.mark(Some(code)));
        self.text.push('{');
        for (index, member) in bag.members.iter().enumerate() {
            let _ = write!(self.text, "{}{indent}", if compact && index == 0 { "" } else { gap });
            self.mark(member.key_mistake);
            let _ = write!(self.text, "{0}{1}{0}", member.quotes, member.key);
            self.mark(member.colon.1);
            self.text.push_str(member.colon.0);
            self.mark(member.value_mistake);
            self.json(&member.value);
            match member.behind {
                Some((before, text, code)) => {
                    self.text.push_str(before);
                    self.mark(Some(code));
                    self.text.push_str(text);
                }
                None if index + 1 < bag.members.len() => self.text.push(','),
                None => {}
            }
        }
        self.text.push_str(if compact { "}" } else { "\n  }" });
    }

    fn ini_bag(&mut self, bag: &Bag) {
        bag.mistakes.iter().for_each(|code| self.mark(Some(code)));
        match bag.get("id") {
            Some(member) => {
                self.text.push_str("[object \"");
                self.mark(member.value_mistake);
                self.word(&member.value);
                self.text.push_str("\"]\n");
            }
            None => self.text.push_str("[object]\n"),
        }
        for member in bag.members.iter().filter(|member| member.key != "id") {
            self.text.push_str("  ");
            self.mark(member.key_mistake);
            let _ = write!(self.text, "{} = \"", member.key);
            self.mark(member.value_mistake);
            self.word(&member.value);
            self.text.push_str("\"\n");
        }
    }

    fn line_bag(&mut self, bag: &Bag) {
        bag.mistakes.iter().for_each(|code| self.mark(Some(code)));
        for (index, member) in bag.members.iter().enumerate() {
            self.text.push_str(if index > 0 { "," } else { "" });
            self.mark(member.key_mistake);
            let _ = write!(self.text, "{}=", member.key);
            self.mark(member.value_mistake);
            self.word(&member.value);
        }
    }
}

/// Writes a document.
pub(super) fn write(bags: &[Bag], language: Language, dice: &mut Dice) -> Written {
    let mut written = Written::default();
    match language {
        Language::Json { compact } => {
            let wrapped = dice.one_in(2);
            if dice.one_in(3) {
                written.text.push_str("// größer als nötig: “x” 😀\n");
            }
            written.text.push_str(if wrapped { "{\"objects\": [\n" } else { "[\n" });
            for (index, bag) in bags.iter().enumerate() {
                written.text.push_str("  ");
                written.json_bag(bag, compact);
                written.text.push_str(if index + 1 < bags.len() { ",\n" } else { "\n" });
            }
            written.text.push_str(if wrapped { "]}\n" } else { "]\n" });
        }
        Language::Ini => bags.iter().for_each(|bag| written.ini_bag(bag)),
        Language::Keyval | Language::Opts => bags.iter().for_each(|bag| written.line_bag(bag)),
    }
    written
}
