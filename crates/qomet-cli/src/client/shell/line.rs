//! A line as words: blanks part them, quotes and backslashes hold them together, and so do the brackets of JSON.

/// The words of a line.
///
/// JSON is one word where it begins one, or follows a `=` (`set a.b={"c": 1}`); its quotes stay.
///
/// # Errors
/// A quote or a bracket is not closed.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let begins = word.as_ref().is_none_or(|word| word.ends_with('='));
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("a quote (') is not closed".to_owned()),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => return Err("a quote (\") is not closed".to_owned()),
                        },
                        Some(c) => word.push(c),
                        None => return Err("a quote (\") is not closed".to_owned()),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '{' | '[' if begins => {
                let word = word.get_or_insert_default();
                word.push(c);
                let (mut depth, mut quoted) = (1, false);
                while depth > 0 {
                    let Some(c) = chars.next() else { return Err(format!("a bracket ({c}) is not closed")) };
                    word.push(c);
                    match c {
                        '"' => quoted = !quoted,
                        '\\' if quoted => word.extend(chars.next()),
                        '{' | '[' if !quoted => depth += 1,
                        '}' | ']' if !quoted => depth -= 1,
                        _ => {}
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Whether a line should not be kept: what it holds may be nobody's business.
pub(super) fn is_confidential(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["secret", "password", "passwd", "key="].iter().any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_part_words_and_quotes_hold_them_together() {
        assert_eq!(words("  get  a.b\tc.d ").unwrap(), ["get", "a.b", "c.d"]);
        assert_eq!(
            words(r#"set a.b='x y' c.d="u \" v" e\ f ''"#).unwrap(),
            ["set", "a.b=x y", "c.d=u \" v", "e f", ""]
        );
        assert!(words("").unwrap().is_empty());
    }

    #[test]
    fn json_is_one_word() {
        let line = r#"qmp {"execute": "x", "arguments": {"a": ["}", "\"]"]}} rest"#;
        assert_eq!(
            words(line).unwrap()[1..],
            [r#"{"execute": "x", "arguments": {"a": ["}", "\"]"]}}"#, "rest"]
        );
        assert_eq!(words("set a.b=[1, 2] c").unwrap(), ["set", "a.b=[1, 2]", "c"]);
        assert_eq!(words("list ram0[0] x").unwrap(), ["list", "ram0[0]", "x"]);
    }

    #[test]
    fn what_is_not_closed_is_told() {
        for line in ["'", "\"", "\"\\", "qmp {", "a=[\"", "{\"\\"] {
            assert!(words(line).is_err(), "{line}");
        }
    }

    #[test]
    fn lines_with_secrets_are_told_apart() {
        assert!(is_confidential("add secret,id=s,data=x") && is_confidential("set a.Password=1"));
        assert!(!is_confidential("set ram0.merge=on"));
    }
}
