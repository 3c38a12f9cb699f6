//! A line of QEMU's monitor, word by word.
//!
//! Words are separated by white space; one in double quotes may have spaces and the escapes `\n`, `\r`, `\\`, `\'` and
//! `\"` in it. The last argument of some commands is the rest of the line as it stands, quotes and trailing spaces
//! included. What an argument means is the command's business.

use std::borrow::Cow;

/// Why there is no such argument. Shown behind the name of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// The line has ended.
    Missing,
    /// It has not.
    Extra,
    /// A quoted word has no end.
    Unterminated,
    /// There is no such escape.
    Escape(char),
    /// There is no such option.
    Flag(char),
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mistake::Missing => f.write_str("string expected"),
            Mistake::Extra => f.write_str("extraneous characters at the end of line"),
            Mistake::Unterminated => f.write_str("string expected, found one without a closing quote"),
            Mistake::Escape(c) => {
                write!(f, "string expected, found the unknown escape '\\{}'", c.escape_default())
            }
            Mistake::Flag(c) => write!(f, "unsupported option -{}", c.escape_default()),
        }
    }
}

/// What has not been read of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'l> {
    rest: &'l str,
}

impl<'l> Words<'l> {
    pub(super) fn new(line: &'l str) -> Self {
        Words { rest: line }
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Whether nothing but white space is left.
    pub(super) fn is_done(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    /// The name of a command: it ends at white space. Empty at the end.
    pub(super) fn name(&mut self) -> &'l str {
        self.skip();
        let end = self.rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    /// The next word.
    pub(super) fn word(&mut self) -> Result<Cow<'l, str>, Mistake> {
        self.skip();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(Cow::Owned);
        }
        match self.name() {
            "" => Err(Mistake::Missing),
            word => Ok(Cow::Borrowed(word)),
        }
    }

    /// The next word, if there is one.
    pub(super) fn optional(&mut self) -> Result<Option<Cow<'l, str>>, Mistake> {
        if self.is_done() { Ok(None) } else { self.word().map(Some) }
    }

    fn quoted(&mut self, text: &'l str) -> Result<String, Mistake> {
        let mut word = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = text.get(at + 1..).unwrap_or_default();
                    return Ok(word);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, c @ ('\\' | '\'' | '"'))) => word.push(c),
                    Some((_, c)) => return Err(Mistake::Escape(c)),
                    None => break,
                },
                c => word.push(c),
            }
        }
        Err(Mistake::Unterminated)
    }

    /// Everything up to the end, as it stands.
    pub(super) fn rest(&mut self) -> Result<&'l str, Mistake> {
        self.skip();
        match std::mem::take(&mut self.rest) {
            "" => Err(Mistake::Missing),
            rest => Ok(rest),
        }
    }

    /// Whether the one option of a command stands next.
    pub(super) fn flag(&mut self, name: char) -> Result<bool, Mistake> {
        self.skip();
        let Some(option) = self.rest.strip_prefix('-') else { return Ok(false) };
        match option.chars().next() {
            Some(c) if c == name => {
                self.rest = option.get(c.len_utf8()..).unwrap_or_default();
                Ok(true)
            }
            Some(c) => Err(Mistake::Flag(c)),
            None => Ok(false),
        }
    }

    /// Nothing more may follow.
    pub(super) fn end(&mut self) -> Result<(), Mistake> {
        if self.is_done() { Ok(()) } else { Err(Mistake::Extra) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_white_space() {
        let mut words = Words::new("  qom-list \t /objects  ");
        assert_eq!(words.name(), "qom-list");
        assert_eq!(words.word().unwrap(), "/objects");
        assert_eq!(words.word(), Err(Mistake::Missing));
        assert_eq!(words.end(), Ok(()));
    }

    #[test]
    fn a_quoted_word_has_spaces_and_escapes() {
        let mut words = Words::new(r#""a b\"\\\n" c"#);
        assert_eq!(words.word().unwrap(), "a b\"\\\n");
        assert_eq!(words.end(), Err(Mistake::Extra));
    }

    #[test]
    fn a_broken_quotation_is_told() {
        assert_eq!(Words::new("\"a").word(), Err(Mistake::Unterminated));
        assert_eq!(Words::new("\"a\\").word(), Err(Mistake::Unterminated));
        assert_eq!(Words::new("\"a\\x\"").word(), Err(Mistake::Escape('x')));
    }

    #[test]
    fn the_rest_is_taken_as_it_stands() {
        assert_eq!(Words::new("  \"a\" b ").rest(), Ok("\"a\" b "));
        assert_eq!(Words::new("  ").rest(), Err(Mistake::Missing));
    }

    #[test]
    fn an_option_is_one_letter() {
        let mut words = Words::new(" -j x");
        assert_eq!(words.flag('j'), Ok(true));
        assert_eq!(words.flag('j'), Ok(false));
        assert_eq!(Words::new("-x").flag('j'), Err(Mistake::Flag('x')));
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line: String) {
            let mut words = Words::new(&line);
            while let Ok(Some(_)) = words.optional() {}
            let _ = (words.flag('j'), words.rest(), words.end());
        }

        #[test]
        fn what_is_quoted_is_read_back(word: String) {
            let quoted = format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
            let mut words = Words::new(&quoted);
            proptest::prop_assert_eq!(words.word().unwrap(), word.as_str());
            proptest::prop_assert_eq!(words.end(), Ok(()));
        }
    }
}
