//! Every mistake of syntax, each worded here and nowhere else.
//!
//! The parsers and [`Sources`](crate::Sources) report these; wrong values, names and types are
//! [`qomet::ModelErrorKind`]. Where a repair is certain enough to be written for the user, it is the suggestion:
//! the text that belongs in place of what the diagnostic's place covers.

use std::fmt;

use qomet::{About, InputKind, Problem, Remedy};

/// After this many mistakes of syntax in one text the rest is not looked at.
pub const MISTAKES_LIMIT: usize = 100;

/// At most this many characters of what a user wrote are repeated.
const SHOWN: usize = 60;

/// A mistake of syntax. `code()` is its stable name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts that the message of the kind names")]
pub enum SyntaxErrorKind {
    // the text as a whole
    /// Bytes that are not UTF-8.
    NotUtf8 { bytes: Vec<u8>, offset: u32 },
    /// A text in UTF-16.
    Utf16,
    /// A text longer than places can name.
    TooLong { length: usize, limit: usize },
    /// Nothing but white space and comments.
    EmptyDocument,
    /// Something after the end of the document.
    TextAfterEnd,
    /// The text ends inside brackets.
    UnexpectedEnd { missing: String },
    /// Brackets inside brackets, too many of them.
    TooDeep { limit: usize },
    /// So many mistakes that the rest was not looked at.
    TooManyMistakes,

    // characters
    /// A character that stands for nothing outside of strings.
    StrayCharacter { character: char },
    /// A control character inside a string.
    ControlCharacter { character: char },
    /// A backslash and something it cannot precede.
    BadEscape { escape: String },
    /// Half of a surrogate pair.
    LoneSurrogate { escape: String },

    // strings, names and values
    /// A string without its closing quote.
    UnterminatedString { text: String },
    /// A quote inside a string, without its backslash.
    UnescapedQuote,
    /// A string in other quotes than `"`.
    WrongQuotes { quote: char, text: String },
    /// A name without quotes.
    UnquotedName { name: String },
    /// Something that is no JSON value; a string, probably.
    UnquotedValue { text: String },
    /// A number that JSON writes differently.
    BadNumber { text: String },

    // punctuation
    /// No comma between two members or elements.
    MissingComma,
    /// A comma too many.
    ExtraComma,
    /// A comma before a closing bracket, where that is not allowed.
    TrailingComma,
    /// Something else where a comma belongs.
    WrongSeparator { found: char },
    /// No colon after a name.
    MissingColon { found: Option<char> },
    /// A colon where none belongs.
    ExtraColon { in_list: bool },
    /// A member without a name.
    MissingName { found: &'static str },
    /// A member without a value.
    MissingValue { name: String },
    /// Something after a value.
    UnexpectedText { text: String },

    // brackets
    /// A bracket that is not closed before an outer one is.
    MissingBracket { bracket: char },
    /// A closing bracket of the other kind.
    WrongBracket { expected: char, found: char },
    /// A closing bracket without its opening one.
    MissingOpening { bracket: char },
    /// A bracket that closes nothing, or need not be opened.
    ExtraBracket { found: char },

    // comments
    /// A comment where none are allowed.
    CommentNotAllowed,
    /// A document, or an element of one, that is no bag.
    NotADocument { expected: &'static str, found: InputKind },
    /// Another language than JSON.
    NotJson { language: &'static str, instead: &'static str },
    /// A comment that starts with `#`.
    HashComment,
    /// A comment without its end.
    UnterminatedComment,

    // pairs of key and value
    /// A key that is none.
    InvalidKey { key: String },
    /// A part of a key that is too long.
    KeyTooLong { length: usize, limit: usize },
    /// Text without `=` where a pair belongs.
    MissingEquals { text: String },
    /// A key with a value as well as members, or with members as well as elements.
    InconsistentKeys { key: String },
    /// A list whose elements leave one out.
    MissingElement { key: String, index: usize },

    // sections
    /// A line that is neither section nor pair, and what it was probably meant to be.
    NotASectionLine { meant: Option<String> },
    /// A section whose name is nearly that of objects.
    UnknownSection { name: String },
    /// A pair before the first section.
    NoSection,
    /// A line that is too long.
    LineTooLong { length: usize, limit: usize },

    // command lines
    /// A quote of a shell without its end.
    UnterminatedQuote { quote: char },
    /// An option without what it takes.
    MissingArgument { option: String },
    /// The memory of a guest is said in two ways.
    MemoryNamedTwice,
    /// A device in another process, and memory that nobody else can map.
    PrivateGuestMemory { device: String },

    // XML
    /// A text that is no XML.
    NotXml { message: String },

    // writing
    /// Something that a language has no way to say.
    Unwritable { what: &'static str, language: &'static str },
}

use SyntaxErrorKind as K;

/// What a user wrote, shortened and with control characters made visible.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, c) in self.0.chars().enumerate() {
            if index == SHOWN {
                return f.write_str("…");
            }
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
    }
}

/// A character as a message names it: itself, or its number if one could not see it.
struct Named(char);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            '\0' => f.write_str("NUL"),
            '\t' => f.write_str("a tab"),
            '\n' | '\r' => f.write_str("a line break"),
            c if c.is_control() || c.is_whitespace() || is_invisible(c) => {
                write!(f, "U+{:04X}", u32::from(c))
            }
            c => write!(f, "'{c}'"),
        }
    }
}

/// Characters that take no room, so that nobody sees them.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text as a JSON string, if it is short enough to be offered as a repair.
fn quoted(text: &str) -> Option<String> {
    (text.chars().count() <= SHOWN).then(|| serde_json::Value::from(text).to_string())
}

impl Problem for SyntaxErrorKind {
    fn code(&self) -> &'static str {
        match self {
            K::NotUtf8 { .. } => "not-utf8",
            K::Utf16 => "utf16",
            K::TooLong { .. } => "text-too-long",
            K::EmptyDocument => "empty-document",
            K::TextAfterEnd => "text-after-end",
            K::UnexpectedEnd { .. } => "unexpected-end",
            K::TooDeep { .. } => "nested-too-deep",
            K::TooManyMistakes => "too-many-mistakes",
            K::StrayCharacter { .. } => "stray-character",
            K::ControlCharacter { .. } => "control-character",
            K::BadEscape { .. } => "bad-escape",
            K::LoneSurrogate { .. } => "lone-surrogate",
            K::UnterminatedString { .. } => "unterminated-string",
            K::UnescapedQuote => "unescaped-quote",
            K::WrongQuotes { .. } => "wrong-quotes",
            K::UnquotedName { .. } => "unquoted-name",
            K::UnquotedValue { .. } => "unquoted-value",
            K::BadNumber { .. } => "bad-number",
            K::MissingComma => "missing-comma",
            K::ExtraComma => "extra-comma",
            K::TrailingComma => "trailing-comma",
            K::WrongSeparator { .. } => "wrong-separator",
            K::MissingColon { .. } => "missing-colon",
            K::ExtraColon { .. } => "extra-colon",
            K::MissingName { .. } => "missing-name",
            K::MissingValue { .. } => "missing-value",
            K::UnexpectedText { .. } => "unexpected-text",
            K::MissingBracket { .. } => "missing-bracket",
            K::MissingOpening { .. } => "missing-opening-bracket",
            K::WrongBracket { .. } => "wrong-bracket",
            K::ExtraBracket { .. } => "extra-bracket",
            K::CommentNotAllowed => "comment-not-allowed",
            K::NotADocument { .. } => "not-a-document",
            K::NotJson { .. } => "not-json",
            K::HashComment => "hash-comment",
            K::UnterminatedComment => "unterminated-comment",
            K::InvalidKey { .. } => "invalid-key",
            K::KeyTooLong { .. } => "key-too-long",
            K::MissingEquals { .. } => "missing-equals",
            K::InconsistentKeys { .. } => "inconsistent-keys",
            K::MissingElement { .. } => "missing-element",
            K::NotASectionLine { .. } => "not-a-section-line",
            K::UnknownSection { .. } => "unknown-section",
            K::NoSection => "no-section",
            K::LineTooLong { .. } => "line-too-long",
            K::UnterminatedQuote { .. } => "unterminated-quote",
            K::MissingArgument { .. } => "missing-argument",
            K::MemoryNamedTwice => "memory-named-twice",
            K::PrivateGuestMemory { .. } => "private-guest-memory",
            K::NotXml { .. } => "not-xml",
            K::Unwritable { .. } => "unwritable",
        }
    }

    fn message(&self, about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            K::NotUtf8 { bytes, offset } if bytes.len() == 1 => {
                write!(f, "the byte at offset {offset} is not UTF-8")
            }
            K::NotUtf8 { bytes, offset } => {
                write!(f, "{} bytes at offset {offset} are not UTF-8", bytes.len())
            }
            K::Utf16 => f.write_str("the text is UTF-16, not UTF-8"),
            K::TooLong { length, limit } => {
                write!(f, "the text is {length} bytes long, the limit is {}", limit.saturating_sub(1))
            }
            K::EmptyDocument => f.write_str("the document is empty"),
            K::TextAfterEnd => f.write_str("there is more text after the end of the document"),
            K::UnexpectedEnd { missing } => {
                write!(f, "the text ends before '{}'", Shown(missing))
            }
            K::TooDeep { limit } => write!(f, "brackets are nested more than {limit} deep"),
            K::TooManyMistakes => write!(f, "more than {MISTAKES_LIMIT} mistakes: the rest was not checked"),
            K::StrayCharacter { character } => write!(f, "{} cannot stand here", Named(*character)),
            K::ControlCharacter { character } => write!(f, "a string cannot contain {}", Named(*character)),
            K::BadEscape { escape } => write!(f, "'{}' is not an escape sequence", Shown(escape)),
            K::LoneSurrogate { escape } => write!(f, "'{}' is half of a surrogate pair", Shown(escape)),
            K::UnterminatedString { .. } => f.write_str("the string has no closing quote"),
            K::UnescapedQuote => f.write_str("the string ends here, but more text follows"),
            K::WrongQuotes { .. } => f.write_str("strings stand in double quotes"),
            K::UnquotedName { name } => write!(f, "the name '{}' is not in quotes", Shown(name)),
            K::UnquotedValue { text } => write!(f, "'{}' is not a JSON value", Shown(text)),
            K::BadNumber { text } => write!(f, "'{}' is not a JSON number", Shown(text)),
            K::MissingComma => f.write_str("a comma is missing"),
            K::ExtraComma => f.write_str("there is a comma too many"),
            K::TrailingComma => f.write_str("there is a comma before the closing bracket"),
            K::WrongSeparator { found } => write!(f, "a comma belongs here, not '{found}'"),
            K::MissingColon { found: Some(found) } => write!(f, "a colon belongs here, not '{found}'"),
            K::MissingColon { found: None } => f.write_str("a colon is missing after the name"),
            K::ExtraColon { in_list: true } => f.write_str("the elements of a list have no names"),
            K::ExtraColon { in_list: false } => f.write_str("there is a colon too many"),
            K::MissingName { found } => write!(f, "the name of a member belongs here, not {found}"),
            K::MissingValue { name } if name.is_empty() => f.write_str("a value is missing"),
            K::MissingValue { name } => write!(f, "'{}' has no value", Shown(name)),
            K::UnexpectedText { text } => write!(f, "'{}' is not expected here", Shown(text)),
            K::MissingBracket { bracket } => write!(f, "a closing '{bracket}' is missing"),
            K::MissingOpening { bracket } => write!(f, "an opening '{bracket}' is missing"),
            K::WrongBracket { expected, found } => write!(f, "'{expected}' belongs here, not '{found}'"),
            K::ExtraBracket { found: found @ ('{' | '[') } => write!(f, "there is a '{found}' too many"),
            K::ExtraBracket { found } => write!(f, "this '{found}' closes nothing"),
            K::CommentNotAllowed => f.write_str("comments are not allowed here"),
            K::NotADocument { expected, found } => write!(f, "expected {expected}, found {found}"),
            K::NotJson { language, .. } => write!(f, "the text is {language}, not JSON"),
            K::HashComment => f.write_str("comments do not start with '#'"),
            K::UnterminatedComment => f.write_str("the comment has no end"),
            K::InvalidKey { key } if key.is_empty() => f.write_str("a key is missing"),
            K::InvalidKey { key } => write!(f, "'{}' is not a key", Shown(key)),
            K::KeyTooLong { length, limit } => {
                write!(f, "a part of the key is {length} bytes long, the limit is {limit}")
            }
            K::MissingEquals { text } => write!(f, "'{}' has no '=' and no value", Shown(text)),
            K::InconsistentKeys { key } => {
                write!(f, "'{}' is given in ways that exclude each other", Shown(key))
            }
            K::MissingElement { key, index } => write!(f, "element {index} of '{}' is missing", Shown(key)),
            K::NotASectionLine { .. } => {
                f.write_str("the line is neither a section nor a key with its value")
            }
            K::UnknownSection { name } => write!(f, "there is no section '{}'", Shown(name)),
            K::NoSection => f.write_str("the line belongs to no section"),
            K::LineTooLong { length, limit } => {
                write!(f, "the line is {length} bytes long, the limit is {limit}")
            }
            K::UnterminatedQuote { quote } => write!(f, "the quote {quote} has no end"),
            K::MissingArgument { option } => write!(f, "'{}' has no argument", Shown(option)),
            K::MemoryNamedTwice => {
                write!(f, "'-machine memory-backend' and '-numa memdev' both say what the guest's memory is")
            }
            K::PrivateGuestMemory { device } => {
                write!(f, "{} is given the guest's memory, which no other process can map", Shown(device))
            }
            K::NotXml { message } => write!(f, "the text is no XML: {}", Shown(message)),
            K::Unwritable { what, language } => match &about.property {
                Some(name) => write!(f, "property '{}' is {what}, which {language} cannot say", Shown(name)),
                None => write!(f, "{language} cannot say {what}"),
            },
        }
    }

    fn expected(&self) -> Option<String> {
        Some(match self {
            K::NotUtf8 { .. } | K::Utf16 => "UTF-8".to_owned(),
            K::TooLong { limit, .. } => format!("fewer than {limit} bytes"),
            K::EmptyDocument => "an object or a list of objects".to_owned(),
            K::NotJson { .. } => "JSON, or sections of -readconfig".to_owned(),
            K::TextAfterEnd => "the end of the text".to_owned(),
            K::UnexpectedEnd { missing } => Shown(missing).to_string(),
            K::TooDeep { limit } => format!("at most {limit} levels"),
            K::BadEscape { .. } => r#"one of \" \\ \/ \b \f \n \r \t \uXXXX"#.to_owned(),
            K::LoneSurrogate { .. } => r"\uD800 to \uDBFF, then \uDC00 to \uDFFF".to_owned(),
            K::UnterminatedString { .. } => "\"".to_owned(),
            K::WrongQuotes { .. } | K::UnquotedName { .. } => "a string in double quotes".to_owned(),
            K::UnquotedValue { .. } => {
                "a string in double quotes, a number, true, false, null, an object or a list".to_owned()
            }
            K::BadNumber { .. } => "a decimal number".to_owned(),
            K::MissingComma | K::WrongSeparator { .. } => ",".to_owned(),
            K::MissingColon { .. } => ":".to_owned(),
            K::MissingName { .. } => "a name in double quotes".to_owned(),
            K::MissingValue { .. } => "a value".to_owned(),
            K::UnexpectedText { .. } => "a comma or a closing bracket".to_owned(),
            K::MissingBracket { bracket } | K::MissingOpening { bracket } => bracket.to_string(),
            K::WrongBracket { expected, .. } => expected.to_string(),
            K::InvalidKey { .. } => "a name".to_owned(),
            K::KeyTooLong { limit, .. } | K::LineTooLong { limit, .. } => format!("at most {limit} bytes"),
            K::NotASectionLine { .. } => "[object \"ID\"] or KEY = \"VALUE\"".to_owned(),
            K::UnknownSection { .. } => "object".to_owned(),
            K::NoSection => "[object \"ID\"]".to_owned(),
            K::UnterminatedQuote { quote } => quote.to_string(),
            K::MissingArgument { .. } => "an argument".to_owned(),
            K::MissingEquals { .. } => "=".to_owned(),
            K::InconsistentKeys { .. } => "a value, members with names, or elements with numbers".to_owned(),
            K::MissingElement { key, index } => format!("{}.{index}", Shown(key)),
            _ => return None,
        })
    }

    fn found(&self) -> Option<String> {
        Some(match self {
            K::NotUtf8 { bytes, .. } => {
                let mut text =
                    bytes.iter().take(8).map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
                if bytes.len() > 8 {
                    text.push_str(" …");
                }
                text
            }
            K::Utf16 => "UTF-16".to_owned(),
            K::NotJson { language, .. } => (*language).to_owned(),
            K::TooLong { length, .. } => format!("{length} bytes"),
            K::StrayCharacter { character } | K::ControlCharacter { character } => {
                format!("U+{:04X}", u32::from(*character))
            }
            K::BadEscape { escape: text }
            | K::LoneSurrogate { escape: text }
            | K::UnterminatedString { text }
            | K::UnquotedName { name: text }
            | K::UnquotedValue { text }
            | K::BadNumber { text }
            | K::UnexpectedText { text }
            | K::InvalidKey { key: text }
            | K::MissingEquals { text } => Shown(text).to_string(),
            K::KeyTooLong { length, .. } | K::LineTooLong { length, .. } => format!("{length} bytes"),
            K::WrongQuotes { quote, .. } => quote.to_string(),
            K::WrongSeparator { found } | K::WrongBracket { found, .. } | K::ExtraBracket { found } => {
                found.to_string()
            }
            K::MissingColon { found } => return found.map(String::from),
            K::MissingName { found } => (*found).to_owned(),
            _ => return None,
        })
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            K::NotUtf8 { .. } | K::Utf16 => "save the file as UTF-8".to_owned(),
            K::TooLong { .. } => "split the document into several files".to_owned(),
            K::EmptyDocument => "write at least []".to_owned(),
            K::TextAfterEnd => "several objects belong in a list: [ {…}, {…} ]".to_owned(),
            K::UnexpectedEnd { missing } => {
                format!("add '{}' at the end, or where the bracket was forgotten", Shown(missing))
            }
            K::StrayCharacter { .. } => "remove it".to_owned(),
            K::ControlCharacter { .. } => format!("write {} instead", self.suggestion()?),
            K::BadEscape { .. } => r"write \\ for a backslash".to_owned(),
            K::PrivateGuestMemory { .. } => {
                "add '-object memory-backend-memfd,id=mem,size=SIZE' with the size of '-m', and '-machine memory-backend=mem'"
                    .to_owned()
            }
            K::MemoryNamedTwice => "leave 'memory-backend' out, or 'memdev' of every node".to_owned(),
            K::UnterminatedString { .. } => "add a double quote at the end of the string".to_owned(),
            K::UnescapedQuote => r#"write \" for a quote inside a string"#.to_owned(),
            K::UnquotedValue { text } if matches!(text.to_ascii_lowercase().as_str(), "yes" | "no") => {
                format!("write {}, or {} if it is a string", self.suggestion()?, quoted(text)?)
            }
            K::UnquotedValue { .. } | K::WrongQuotes { .. } | K::UnquotedName { .. } => {
                format!("write {}", self.suggestion()?)
            }
            K::BadNumber { text } => number_help(text)?,
            K::ExtraComma | K::TrailingComma | K::ExtraBracket { .. } => "remove it".to_owned(),
            K::ExtraColon { in_list: true } => {
                "members with names belong in braces: { \"name\": value }".to_owned()
            }
            K::WrongSeparator { .. }
            | K::MissingColon { .. }
            | K::WrongBracket { .. }
            | K::MissingComma
            | K::MissingBracket { .. }
            | K::MissingOpening { .. } => {
                format!("write '{}'", self.suggestion()?)
            }
            K::CommentNotAllowed => "remove it".to_owned(),
            K::MissingValue { .. } => "write a value, or remove the name".to_owned(),
            K::NotJson { instead, .. } => (*instead).to_owned(),
            K::HashComment => "write // instead of #".to_owned(),
            K::UnterminatedComment => "add */ where it ends".to_owned(),
            K::MissingEquals { text } if is_surely_text(text) => {
                format!("write {0}=VALUE, such as {0}=on, if it is a key; a comma in a value is doubled", Shown(text))
            }
            K::InvalidKey { .. } | K::MissingEquals { .. } => {
                "pairs are written key=value with a comma between them; a comma in a value is doubled"
                    .to_owned()
            }
            K::InconsistentKeys { .. } => {
                "give it a value, or members (key.name=…), or elements (key.0=…), not several of them"
                    .to_owned()
            }
            K::NotASectionLine { meant: Some(meant) } => format!("write {}", Shown(meant)),
            K::UnknownSection { .. } => "did you mean 'object'?".to_owned(),
            K::TooDeep { .. } => "no object needs that many: take some away".to_owned(),
            K::TooManyMistakes => "mend those above, then look again".to_owned(),
            K::LoneSurrogate { .. } => "write both halves one behind the other, or the character itself".to_owned(),
            K::ExtraColon { in_list: false } => "remove it".to_owned(),
            K::MissingName { .. } => "write \"NAME\": in front of the value, or remove the value".to_owned(),
            K::UnexpectedText { text } if is_unit(text) => {
                "a number and its unit stand together in double quotes, such as \"1G\"".to_owned()
            }
            K::UnexpectedText { .. } => "remove it, or put a comma in front if it is meant to stand here".to_owned(),
            K::NotADocument { .. } => {
                "an object looks like {\"qom-type\": \"memory-backend-ram\", \"id\": \"ram0\", \"size\": \"1G\"}".to_owned()
            }
            K::KeyTooLong { .. } | K::LineTooLong { .. } => "shorten it".to_owned(),
            K::MissingArgument { .. } => "write TYPE,id=ID,… behind it, or take it out".to_owned(),
            K::NotXml { .. } => "mend it there; 'xmllint --noout' tells all that is wrong with it".to_owned(),
            K::NotASectionLine { .. } => {
                "write [object \"ID\"] or KEY = \"VALUE\", with spaces around the '='".to_owned()
            }
            K::NoSection => "write [object \"ID\"] before it".to_owned(),
            K::Unwritable { .. } => "convert it to JSON, which can say everything".to_owned(),
            K::UnterminatedQuote { quote } => format!("add {quote} where it ends"),
            K::MissingElement { .. } => "elements are numbered from 0, without gaps, in any order".to_owned(),
        })
    }

    fn suggestion(&self) -> Option<String> {
        match self {
            K::ControlCharacter { character } => Some(match character {
                '\n' => r"\n".to_owned(),
                '\r' => r"\r".to_owned(),
                '\t' => r"\t".to_owned(),
                '\u{8}' => r"\b".to_owned(),
                '\u{c}' => r"\f".to_owned(),
                c => format!("\\u{:04x}", u32::from(*c)),
            }),
            K::WrongQuotes { text, .. } | K::UnquotedName { name: text } => quoted(text),
            K::UnterminatedString { text } => quoted(text),
            K::UnquotedValue { text } => match text.to_ascii_lowercase().as_str() {
                "true" => Some("true".to_owned()),
                "false" => Some("false".to_owned()),
                "null" | "none" | "nil" | "undefined" => Some("null".to_owned()),
                "yes" => Some("true".to_owned()),
                "no" => Some("false".to_owned()),
                _ => quoted(text),
            },
            K::BadNumber { text } => number_repair(text),
            K::MissingComma | K::WrongSeparator { .. } => Some(",".to_owned()),
            K::MissingColon { .. } => Some(":".to_owned()),
            K::MissingBracket { bracket } | K::MissingOpening { bracket } => Some(bracket.to_string()),
            K::WrongBracket { expected, .. } => Some(expected.to_string()),
            K::HashComment => Some("//".to_owned()),
            K::NotASectionLine { meant } => meant.clone(),
            K::UnknownSection { .. } => Some("object".to_owned()),
            _ => None,
        }
    }

    fn remedy(&self) -> Option<Remedy> {
        let remedy = match self {
            K::ExtraComma | K::TrailingComma => Some(Remedy::verbatim("")),
            _ => self.suggestion().map(Remedy::verbatim),
        };
        let is_certain = match self {
            // A leading zero was octal once; what else people write, such as 0x10, means one number only.
            K::BadNumber { text } => {
                !text.trim_start_matches(['+', '-']).starts_with(['0', '.'])
                    || text.to_ascii_lowercase().contains(['x', 'o'])
            }
            // Words for literals, and values with a unit, can be nothing else.
            K::UnquotedValue { text } => is_surely_text(text),
            // Nobody wants a NUL.
            K::ControlCharacter { character } => *character != '\0',
            K::WrongQuotes { .. }
            | K::UnquotedName { .. }
            | K::MissingComma
            | K::ExtraComma
            | K::TrailingComma
            | K::WrongSeparator { .. }
            | K::MissingColon { .. }
            | K::HashComment
            | K::NotASectionLine { .. }
            | K::UnknownSection { .. } => true,
            _ => false,
        };
        remedy.map(|remedy| if is_certain { remedy } else { remedy.guess() })
    }
}

/// Whether it is a unit of sizes, as people write them.
fn is_unit(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let prefix = lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower);
    matches!(prefix, "k" | "m" | "g" | "t" | "p" | "e") || lower == "b"
}

/// Whether something without quotes is a literal in another spelling or one word, which can only be a string; words for
/// yes and no may be meant for a boolean.
fn is_surely_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    is_word && !matches!(lower.as_str(), "yes" | "no" | "y" | "n" | "t" | "f")
}

/// The number that was probably meant, as JSON writes it.
fn number_repair(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.to_ascii_lowercase().strip_prefix(prefix) {
            return u64::from_str_radix(rest, radix).ok().map(|value| format!("{sign}{value}"));
        }
    }
    let whole = digits.trim_start_matches('0');
    let whole =
        if whole.starts_with(|c: char| c.is_ascii_digit()) { whole.to_owned() } else { format!("0{whole}") };
    let repaired = format!("{sign}{}", whole.replace(".e", ".0e").replace(".E", ".0E"));
    let repaired = if repaired.ends_with('.') { format!("{repaired}0") } else { repaired };
    (repaired.len() <= SHOWN && serde_json::from_str::<serde_json::Number>(&repaired).is_ok())
        .then_some(repaired)
}

fn number_help(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if lower.contains("nan") || lower.contains("inf") {
        return Some("JSON has only finite numbers".to_owned());
    }
    number_repair(text)
        .map(|number| format!("write {number}"))
        .or_else(|| quoted(text).map(|text| format!("if a string is meant, write {text}")))
}

impl SyntaxErrorKind {
    /// One of each kind, for the table of all messages.
    #[must_use]
    pub fn samples() -> Vec<SyntaxErrorKind> {
        let s = str::to_owned;
        vec![
            K::NotUtf8 { bytes: vec![0xff], offset: 17 },
            K::Utf16,
            K::TooLong { length: 300_000_000, limit: 1 << 28 },
            K::EmptyDocument,
            K::TextAfterEnd,
            K::UnexpectedEnd { missing: s("}]") },
            K::TooDeep { limit: 128 },
            K::TooManyMistakes,
            K::StrayCharacter { character: '\u{a0}' },
            K::ControlCharacter { character: '\t' },
            K::BadEscape { escape: s("\\d") },
            K::LoneSurrogate { escape: s("\\ud800") },
            K::UnterminatedString { text: s("ram0") },
            K::UnescapedQuote,
            K::WrongQuotes { quote: '\'', text: s("ram0") },
            K::UnquotedName { name: s("size") },
            K::UnquotedValue { text: s("yes") },
            K::BadNumber { text: s("0x1000") },
            K::MissingComma,
            K::ExtraComma,
            K::TrailingComma,
            K::WrongSeparator { found: ';' },
            K::MissingColon { found: None },
            K::MissingColon { found: Some('=') },
            K::ExtraColon { in_list: false },
            K::ExtraColon { in_list: true },
            K::MissingName { found: "an object" },
            K::MissingValue { name: s("size") },
            K::UnexpectedText { text: s("GiB") },
            K::MissingBracket { bracket: '}' },
            K::MissingOpening { bracket: '[' },
            K::WrongBracket { expected: ']', found: '}' },
            K::ExtraBracket { found: '{' },
            K::ExtraBracket { found: ']' },
            K::CommentNotAllowed,
            K::NotADocument { expected: "a list of objects", found: InputKind::Number },
            K::NotJson { language: "YAML", instead: "write it as JSON" },
            K::HashComment,
            K::UnterminatedComment,
            K::InvalidKey { key: s("host-nodes.") },
            K::InvalidKey { key: s("") },
            K::KeyTooLong { length: 130, limit: 127 },
            K::MissingEquals { text: s("share") },
            K::InconsistentKeys { key: s("rules") },
            K::MissingElement { key: s("rules"), index: 1 },
            K::NotASectionLine { meant: Some(s("size = \"1G\"")) },
            K::NotASectionLine { meant: None },
            K::UnknownSection { name: s("objct") },
            K::NoSection,
            K::LineTooLong { length: 2000, limit: 1023 },
            K::UnterminatedQuote { quote: '\'' },
            K::MissingArgument { option: s("-object") },
            K::MemoryNamedTwice,
            K::PrivateGuestMemory { device: s("vhost-user-fs-pci") },
            K::NotXml { message: s("expected 'a' tag, not 'b'") },
            K::Unwritable { what: "an empty list", language: "the dialect 'keyval'" },
        ]
    }
}
