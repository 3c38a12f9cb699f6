//! Values as people read them on a terminal.

use std::fmt::Write as _;

use super::Output;
use crate::value::Size;

/// Writes values the way help texts and trees show them: `1 GiB`, `on`, `[0, 1]`, `{bps-total: 5}`.
///
/// Strings are bare at the top and quoted inside lists and structs; control characters are always escaped.
#[derive(Debug, Default)]
pub struct TextOutput {
    text: String,
    depth: usize,
    fresh: bool,
}

impl TextOutput {
    /// An empty text.
    pub fn new() -> Self {
        TextOutput { text: String::new(), depth: 0, fresh: true }
    }

    /// The text so far.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// What `write` writes, as text.
    pub fn of(write: impl FnOnce(&mut TextOutput)) -> String {
        let mut out = TextOutput::new();
        write(&mut out);
        out.finish()
    }

    fn separate(&mut self) {
        if !self.fresh {
            self.text.push_str(", ");
        }
        self.fresh = false;
    }

    fn put(&mut self, value: impl std::fmt::Display) {
        self.separate();
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    fn open(&mut self, bracket: char) {
        self.separate();
        self.text.push(bracket);
        self.depth += 1;
        self.fresh = true;
    }

    fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth = self.depth.saturating_sub(1);
        self.fresh = false;
    }
}

impl Output for TextOutput {
    fn boolean(&mut self, value: bool) {
        self.put(if value { "on" } else { "off" });
    }
    fn int64(&mut self, value: i64) {
        self.put(value);
    }
    fn uint64(&mut self, value: u64) {
        self.put(value);
    }
    fn size(&mut self, value: u64) {
        self.put(Size(value));
    }
    fn number(&mut self, value: f64) {
        // Nobody counts three hundred zeros.
        let plain = value == 0.0 || !value.is_finite() || (1e-5..1e16).contains(&value.abs());
        if plain { self.put(value) } else { self.put(format_args!("{value:e}")) }
    }
    fn string(&mut self, value: &str) {
        self.separate();
        if self.depth > 0 {
            self.text.push('"');
        }
        for c in value.chars() {
            match c {
                '"' if self.depth > 0 => self.text.push_str("\\\""),
                c if c.is_control() => self.text.extend(c.escape_default()),
                c => self.text.push(c),
            }
        }
        if self.depth > 0 {
            self.text.push('"');
        }
    }
    fn enumeration(&mut self, name: &'static str) {
        self.put(name);
    }
    fn null(&mut self) {
        self.put("(none)");
    }
    fn begin_struct(&mut self) {
        self.open('{');
    }
    fn member(&mut self, name: &str) {
        self.put(name);
        self.text.push_str(": ");
        self.fresh = true;
    }
    fn end_struct(&mut self) {
        self.close('}');
    }
    fn begin_list(&mut self) {
        self.open('[');
    }
    fn end_list(&mut self) {
        self.close(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_bare_at_the_top() {
        assert_eq!(TextOutput::of(|out| out.string("a \"b\"\n")), "a \"b\"\\n");
        assert_eq!(TextOutput::of(|out| out.size(1 << 30)), "1 GiB");
        assert_eq!(TextOutput::of(|out| out.boolean(true)), "on");
    }

    #[test]
    fn nested_values_are_separated_and_quoted() {
        let text = TextOutput::of(|out| {
            out.begin_struct();
            out.member("a");
            out.begin_list();
            out.string("x");
            out.uint64(2);
            out.end_list();
            out.member("b");
            out.null();
            out.end_struct();
        });
        assert_eq!(text, r#"{a: ["x", 2], b: (none)}"#);
    }
}
