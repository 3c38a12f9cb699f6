//! Values to JSON text.
//!
//! [`JsonOutput`] is the object model's [`Output`] into a string: replies, dumps, plans. It cannot fail: a number
//! that JSON has not (NaN, infinity) becomes `null`.
//!
//! Why not serde_json: values are written through a visitor without being built first.

use std::fmt::Write as _;

use qomet::Output;

use super::scan::{byte, string_special};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing: the first value, or the value of a member.
    Nothing,
    /// An opening bracket.
    Open,
    /// Another member or element.
    Other,
}

/// Writes JSON.
#[derive(Debug)]
pub struct JsonOutput {
    text: String,
    before: Before,
    depth: usize,
    pretty: bool,
}

impl Default for JsonOutput {
    fn default() -> Self {
        Self::compact()
    }
}

impl JsonOutput {
    /// Without white space.
    #[must_use]
    pub const fn compact() -> Self {
        JsonOutput { text: String::new(), before: Before::Nothing, depth: 0, pretty: false }
    }

    /// One member or element a line, two spaces a level.
    #[must_use]
    pub const fn pretty() -> Self {
        JsonOutput { text: String::new(), before: Before::Nothing, depth: 0, pretty: true }
    }

    /// Goes on after `text`, whose room is used again; compact.
    #[must_use]
    pub const fn after(text: String) -> Self {
        JsonOutput { text, before: Before::Nothing, depth: 0, pretty: false }
    }

    /// Writes a value that is JSON text already.
    pub fn rendered(&mut self, json: &str) {
        self.separate();
        self.text.push_str(json);
    }

    /// Starts a struct with text that is JSON already: `{` and complete members, at least one.
    pub fn begin_rendered(&mut self, json: &str) {
        self.separate();
        self.text.push_str(json);
        self.depth += 1;
        self.before = Before::Other;
    }

    /// The text so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    #[inline]
    fn separate(&mut self) {
        let before = std::mem::replace(&mut self.before, Before::Other);
        if before == Before::Other {
            self.text.push(',');
        }
        if self.pretty && before != Before::Nothing {
            self.line();
        }
    }

    fn line(&mut self) {
        self.text.push('\n');
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    fn open(&mut self, bracket: char) {
        self.separate();
        self.text.push(bracket);
        self.depth += 1;
        self.before = Before::Open;
    }

    fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        let before = std::mem::replace(&mut self.before, Before::Other);
        if self.pretty && before != Before::Open {
            self.line();
        }
        self.text.push(bracket);
    }

    fn quote(&mut self, value: &str) {
        self.text.push('"');
        let mut from = 0;
        loop {
            let at = string_special(value.as_bytes(), from);
            self.text.push_str(value.get(from..at).unwrap_or_default());
            if at >= value.len() {
                break;
            }
            match byte(value.as_bytes(), at) {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                b'\r' => self.text.push_str("\\r"),
                b'\t' => self.text.push_str("\\t"),
                control => {
                    // Writing to a String cannot fail.
                    let _ = write!(self.text, "\\u{control:04x}");
                }
            }
            from = at + 1;
        }
        self.text.push('"');
    }

    fn digits(&mut self, mut value: u64) {
        let mut buffer = [b'0'; 20];
        let mut start = buffer.len();
        for digit in buffer.iter_mut().rev() {
            *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
            value /= 10;
            start -= 1;
            if value == 0 {
                break;
            }
        }
        let digits = buffer.get(start..).unwrap_or_default();
        self.text.push_str(std::str::from_utf8(digits).unwrap_or_default());
    }
}

impl Output for JsonOutput {
    fn boolean(&mut self, value: bool) {
        self.separate();
        self.text.push_str(if value { "true" } else { "false" });
    }
    fn int64(&mut self, value: i64) {
        self.separate();
        if value < 0 {
            self.text.push('-');
        }
        self.digits(value.unsigned_abs());
    }
    fn uint64(&mut self, value: u64) {
        self.separate();
        self.digits(value);
    }
    fn size(&mut self, value: u64) {
        self.uint64(value);
    }
    fn number(&mut self, value: f64) {
        if !value.is_finite() {
            return self.null();
        }
        self.separate();
        // The shortest text that reads back as the same number; always with a point or exponent.
        let _ = write!(self.text, "{value:?}");
    }
    fn string(&mut self, value: &str) {
        self.separate();
        self.quote(value);
    }
    fn null(&mut self) {
        self.separate();
        self.text.push_str("null");
    }
    fn begin_struct(&mut self) {
        self.open('{');
    }
    fn member(&mut self, name: &str) {
        self.separate();
        self.quote(name);
        self.text.push_str(if self.pretty { ": " } else { ":" });
        self.before = Before::Nothing;
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

    fn write(mut out: JsonOutput) -> String {
        out.begin_struct();
        out.member("a");
        out.begin_list();
        out.uint64(u64::MAX);
        out.int64(i64::MIN);
        out.end_list();
        out.member("b\"\n");
        out.string("\u{1}\\ü\t");
        out.member("c");
        out.begin_struct();
        out.end_struct();
        out.end_struct();
        out.finish()
    }

    #[test]
    fn compact_text_has_no_white_space() {
        assert_eq!(
            write(JsonOutput::compact()),
            r#"{"a":[18446744073709551615,-9223372036854775808],"b\"\n":"\u0001\\ü\t","c":{}}"#
        );
    }

    #[test]
    fn pretty_text_is_that_of_serde_json() {
        let pretty = write(JsonOutput::pretty());
        let value: serde_json::Value = serde_json::from_str(&pretty).unwrap();
        assert_eq!(pretty, serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn a_number_that_json_has_not_is_null() {
        let mut out = JsonOutput::compact();
        out.number(f64::NAN);
        assert_eq!(out.finish(), "null");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(text: String, int: i64, uint: u64, float in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
            let mut out = JsonOutput::compact();
            out.begin_list();
            out.string(&text);
            out.int64(int);
            out.uint64(uint);
            out.number(float);
            out.end_list();
            let (read_text, read_int, read_uint): (String, i64, u64);
            let value: serde_json::Value = serde_json::from_str(out.as_str()).unwrap();
            (read_text, read_int, read_uint) = (
                value[0].as_str().unwrap().to_owned(), value[1].as_i64().unwrap(), value[2].as_u64().unwrap()
            );
            proptest::prop_assert_eq!((read_text, read_int, read_uint), (text, int, uint));
            let printed = out.as_str().rsplit(',').next().unwrap().trim_end_matches(']');
            proptest::prop_assert_eq!(printed.parse::<f64>().unwrap(), float);
        }
    }
}
