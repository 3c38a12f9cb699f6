//! The words of a command line, as a POSIX shell splits and unquotes them.
//!
//! Nothing is expanded: variables and patterns stay as they are written. A line break is a space unless it is quoted, so that
//! lines may be pasted with or without the backslashes at their ends.
//!
//! Why not a crate such as shlex: it does not say where a word stood.

use std::ops::Range;

use super::Taken;
use crate::syntax_error::SyntaxErrorKind;

/// Splits a text; gives each word with its place. A quote without its end is reported, and closed at the end.
pub(super) fn split(
    text: &str,
    mistakes: &mut Vec<(SyntaxErrorKind, Range<usize>)>,
) -> Vec<(Taken, Range<usize>)> {
    // Behind a quote without its end there would be a line break in the last word.
    let text = text.trim_end();
    let mut words = Vec::new();
    let mut word: Option<(Taken, usize)> = None;
    // The quote we are in, and where it was opened.
    let mut quote: Option<(char, usize)> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let literal = match (quote, c) {
            (None, c) if c.is_whitespace() => {
                words.extend(word.take().map(|(word, start)| (word, start..at)));
                continue;
            }
            (None, '#') if word.is_none() => {
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
                continue;
            }
            (None, '\'' | '"') => {
                quote = Some((c, at));
                word.get_or_insert_with(|| (Taken::default(), at));
                continue;
            }
            (Some((open, _)), c) if c == open => {
                quote = None;
                continue;
            }
            (Some(('\'', _)), c) => c,
            (_, '\\') => {
                let is_escape = quote.is_none() || next.is_some_and(|next| "$`\"\\\n".contains(next));
                match chars.next_if(|_| is_escape) {
                    // A line that goes on.
                    Some((_, '\n')) => continue,
                    Some((at, c)) => {
                        push(&mut word, c, at);
                        continue;
                    }
                    None => '\\',
                }
            }
            (_, c) => c,
        };
        push(&mut word, literal, at);
    }
    if let Some((quote, at)) = quote {
        mistakes.push((SyntaxErrorKind::UnterminatedQuote { quote }, at..at + quote.len_utf8()));
    }
    words.extend(word.map(|(word, start)| (word, start..text.len())));
    words
}

fn push(word: &mut Option<(Taken, usize)>, c: char, at: usize) {
    let (taken, _) = word.get_or_insert_with(|| (Taken::default(), at));
    taken.text.push(c);
    taken.origin.push(c.len_utf8(), at, c.len_utf8());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The words, each with what stands at its place.
    fn words(text: &str) -> Vec<(String, &str)> {
        let mut mistakes = Vec::new();
        let words = split(text, &mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        words.into_iter().map(|(word, place)| (word.text, &text[place])).collect()
    }

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn quotes_and_backslashes_are_those_of_a_shell() {
        assert_eq!(texts(r#"a 'b c'  "d \"e\" $f \g" h\ i ''"#), ["a", "b c", r#"d "e" $f \g"#, "h i", ""]);
        assert_eq!(texts(r"x'y\'z"), [r"xy\z"]);
        assert_eq!(texts("a \\\n  b\nc # d\ne#f"), ["a", "b", "c", "e#f"]);
    }

    #[test]
    fn a_word_knows_where_its_letters_stood() {
        let text = r#"-o 'a'"b"\c"#;
        let words = split(text, &mut Vec::new());
        let (word, place) = &words[1];
        assert_eq!((word.text.as_str(), &text[place.clone()]), ("abc", r#"'a'"b"\c"#));
        let whole = word.origin.place(0, 0, 3);
        assert_eq!(&text[whole.start as usize..whole.end as usize], r#"a'"b"\c"#);
        let last = word.origin.place(0, 2, 3);
        assert_eq!(&text[last.start as usize..last.end as usize], "c");
    }

    #[test]
    fn a_quote_without_end_is_told() {
        let mut mistakes = Vec::new();
        let words = split("a 'b c", &mut mistakes);
        assert_eq!(words.len(), 2);
        assert_eq!(mistakes, [(SyntaxErrorKind::UnterminatedQuote { quote: '\'' }, 2..3)]);
    }

    proptest! {
        #[test]
        fn quoted_text_is_read_back(words in prop::collection::vec(".{0,12}", 0..6)) {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
            prop_assert_eq!(texts(&quoted.join(" ")), words);
        }

        #[test]
        fn any_text_is_split(text in "[ab'\"\\\\ #\n]{0,40}") {
            for (word, place) in split(&text, &mut Vec::new()) {
                prop_assert_eq!(word.origin.length(), word.text.len());
                prop_assert!(text.get(place).is_some());
            }
        }
    }
}
