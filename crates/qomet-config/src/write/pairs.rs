//! Values as pairs of key and value: the [`Output`] of lines and of sections.
//!
//! Structs and lists become dotted keys; in the dialect `opts`, which has none, a list becomes its elements one after
//! the other under one key, and runs of integers become ranges. Sizes are written as short as they can be.

use std::fmt::Display;

use qomet::{Output, Size};

use super::Language;
use crate::ini;
use crate::tape::Dialect;

/// A part of a key is shorter than this in the dialect `keyval`.
const PART_LIMIT: usize = 128;

/// QEMU takes ranges of at most so many integers.
const RANGE: i128 = 65_536;

/// A property and why it cannot be written.
type Refusal = (String, &'static str);

/// Gathers the pairs of one bag.
pub(super) struct Pairs {
    language: Language,
    /// The structs and lists we are in, without the outermost.
    path: Vec<Step>,
    /// The name of the member whose value comes next.
    name: String,
    depth: usize,
    pairs: Vec<Pair>,
    refused: Vec<Refusal>,
}

struct Pair {
    key: String,
    value: String,
    /// The first and the last integer, if it is a range or may become one.
    range: Option<(i128, i128)>,
}

struct Step {
    name: String,
    /// How many elements there are so far; none for a struct.
    elements: Option<usize>,
    is_empty: bool,
}

impl Pairs {
    pub(super) fn new(language: Language) -> Self {
        Pairs {
            language,
            path: Vec::new(),
            name: String::new(),
            depth: 0,
            pairs: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The line, or the section.
    pub(super) fn finish(mut self) -> Result<String, Vec<Refusal>> {
        let text = match self.language {
            Language::Ini => self.section(),
            Language::Line(_) | Language::Json => self.line(),
        };
        if self.refused.is_empty() { Ok(text) } else { Err(self.refused) }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        for (index, Pair { key, value, .. }) in self.pairs.iter().enumerate() {
            let implied = index == 0 && key == "qom-type" && !value.is_empty() && !value.contains(['=', ',']);
            match implied && !matches!(value.as_str(), "help" | "?") {
                true => line.push_str(value),
                false => {
                    if index > 0 {
                        line.push(',');
                    }
                    line.push_str(key);
                    line.push('=');
                    line.push_str(&value.replace(',', ",,"));
                }
            }
        }
        line
    }

    fn section(&mut self) -> String {
        let id = self.pairs.iter().find(|pair| pair.key == "id").map(|pair| pair.value.clone());
        let id = id.unwrap_or_default();
        if id.len() > ini::KEY_LIMIT || id.contains('"') || id.is_empty() {
            self.refused.push(("id".to_owned(), "a text of other than 1 to 63 bytes, or with a quote"));
        }
        let mut section = format!("[object \"{id}\"]\n");
        for Pair { key, value, .. } in self.pairs.iter().filter(|pair| pair.key != "id") {
            let property = || key.split('.').next().unwrap_or_default().to_owned();
            let line = format!("  {key} = \"{value}\"\n");
            if value.contains(['"', '\n']) {
                self.refused.push((property(), "a text with a quote or a line break"));
            } else if key.len() > ini::KEY_LIMIT || line.len() > ini::LINE_LIMIT {
                self.refused.push((property(), "longer than a line"));
            }
            section.push_str(&line);
        }
        section
    }

    fn is_opts(&self) -> bool {
        self.language == Language::Line(Dialect::Opts)
    }

    fn refuse(&mut self, what: &'static str) {
        let property = self.path.first().map_or(&self.name, |step| &step.name).clone();
        if self.refused.last().is_none_or(|(last, _)| *last != property) {
            self.refused.push((property, what));
        }
    }

    /// The key of the value that comes next.
    fn key(&mut self) -> String {
        let opts = self.is_opts();
        let mut parts: Vec<String> = self.path.iter().map(|step| step.name.clone()).collect();
        match self.path.last_mut() {
            Some(Step { elements: Some(elements), is_empty, .. }) => {
                *is_empty = false;
                parts.extend((!opts).then(|| elements.to_string()));
                *elements += 1;
            }
            last => {
                last.into_iter().for_each(|step| step.is_empty = false);
                parts.push(self.name.clone());
            }
        }
        if !opts && parts.iter().any(|part| part.len() >= PART_LIMIT) {
            self.refuse("a member with a name of more than 127 bytes");
        }
        parts.join(".")
    }

    fn put(&mut self, value: impl Display, element: Option<i128>) {
        let value = value.to_string();
        if value.contains('\0') {
            self.refuse("a text with a NUL character");
        }
        let key = self.key();
        let element = element.filter(|_| self.is_opts() && !self.path.is_empty());
        if let (Some(next), Some(last)) = (element, self.pairs.last_mut())
            && let Some((first, before)) = last.range
            && last.key == key
            && before.checked_add(1) == Some(next)
            && next - first < RANGE
        {
            (last.value, last.range) = (format!("{first}-{next}"), Some((first, next)));
            return;
        }
        self.pairs.push(Pair { key, value, range: element.map(|element| (element, element)) });
    }

    fn begin(&mut self, elements: Option<usize>) {
        self.depth += 1;
        if self.depth == 1 {
            return;
        }
        if self.is_opts() && (elements.is_none() || !self.path.is_empty()) {
            self.refuse("a value of several parts");
        }
        // An element is named by its number, which the key of what is in it begins with.
        let name = match self.path.last_mut() {
            Some(Step { elements: Some(elements), is_empty, .. }) => {
                *is_empty = false;
                *elements += 1;
                (*elements - 1).to_string()
            }
            last => {
                last.into_iter().for_each(|step| step.is_empty = false);
                std::mem::take(&mut self.name)
            }
        };
        self.path.push(Step { name, elements, is_empty: true });
    }

    fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            return;
        }
        if self.path.last().is_some_and(|step| step.is_empty) {
            self.refuse("a list or object without anything in it");
        }
        self.path.pop();
    }
}

/// The shortest text that is read as that size: as few digits as possible, and a letter.
fn shortest(bytes: u64) -> String {
    let mut best = bytes.to_string();
    for (letter, shift) in [("K", 10), ("M", 20), ("G", 30), ("T", 40), ("P", 50), ("E", 60)] {
        let (whole, rest) = (bytes >> shift, bytes & ((1 << shift) - 1));
        // Up to three digits behind the point, where they are exact.
        let thousandths = u128::from(rest) * 1000;
        if thousandths & ((1 << shift) - 1) != 0 {
            continue;
        }
        let part = format!("{:03}", thousandths >> shift);
        let part = part.trim_end_matches('0');
        let text =
            if part.is_empty() { format!("{whole}{letter}") } else { format!("{whole}.{part}{letter}") };
        if text.len() < best.len() && text.parse() == Ok(Size(bytes)) {
            best = text;
        }
    }
    best
}

impl Output for Pairs {
    fn boolean(&mut self, value: bool) {
        self.put(if value { "on" } else { "off" }, None);
    }
    fn int64(&mut self, value: i64) {
        self.put(value, Some(value.into()));
    }
    fn uint64(&mut self, value: u64) {
        self.put(value, Some(value.into()));
    }
    fn size(&mut self, value: u64) {
        self.put(shortest(value), None);
    }
    fn number(&mut self, value: f64) {
        self.put(format_args!("{value:?}"), None);
    }
    fn string(&mut self, value: &str) {
        self.put(value, None);
    }
    fn null(&mut self) {
        self.refuse("a value of a kind");
        self.put("", None);
    }
    fn begin_struct(&mut self) {
        self.begin(None);
    }
    fn member(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }
    fn end_struct(&mut self) {
        self.end();
    }
    fn begin_list(&mut self) {
        self.begin(Some(0));
    }
    fn end_list(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_short_as_they_can_be() {
        for (bytes, text) in [
            (0, "0"),
            (1000, "1000"),
            (1024, "1K"),
            (1536, "1536"),
            (3 << 29, "1.5G"),
            (1025, "1025"),
            (u64::MAX, "18446744073709551615"),
            (1 << 63, "8E"),
        ] {
            assert_eq!(shortest(bytes), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_size_reads_back(bytes: u64, shift in 0_u32..64) {
            let bytes = bytes >> shift << (shift / 2);
            proptest::prop_assert_eq!(shortest(bytes).parse(), Ok(Size(bytes)));
        }
    }
}
