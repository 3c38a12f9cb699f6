//! Whether a file is written in another language than documents are.
//!
//! Who gives a file of YAML, or a command line without its option, is told so once instead of everything in it that is no JSON.
//! Only the first words are looked at. What may be JSON with mistakes in it is left to the parser.

use std::ops::Range;

use crate::ini::{is_ini, lines};
use crate::syntax_error::SyntaxErrorKind;

/// The mistake that the text is in another language, and the words that show it.
pub(super) fn other(text: &str) -> Option<(SyntaxErrorKind, Range<usize>)> {
    // With a bracket in front it is JSON, or sections.
    let first = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if first.starts_with(['{', '[', '"']) || first.starts_with("//") || first.starts_with("/*") {
        return None;
    }
    let line = lines(text).find(|line| {
        let said = line.text.trim();
        !said.is_empty() && !said.starts_with('#') && said != "---"
    })?;
    // What follows may be much, and one line.
    let said: &str = line.text.trim_start();
    let start = line.start + (line.text.len() - said.len());
    let word = said.split([' ', '\t', ',']).next().unwrap_or_default();
    let (language, instead) = match () {
        () if said.starts_with('<') => {
            ("XML", "the domain of a libvirt guest is checked with --libvirt FILE")
        }
        () if is_command(word) => ("a command line", "it is checked with --qemu \"$(cat FILE)\""),
        () if is_line(said) && !is_ini(text) => ("a line of key=value", "it is checked with --object LINE"),
        () if is_yaml(said, word) => (
            "YAML",
            "write it as JSON: [{\"qom-type\": \"memory-backend-ram\", \"id\": \"ram0\", \"size\": \"1G\"}]",
        ),
        () => return None,
    };
    Some((SyntaxErrorKind::NotJson { language, instead }, start..start + word.len()))
}

/// Whether a word starts a command line of QEMU, or is its option for objects.
fn is_command(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(word, "-object" | "--object") || name.starts_with("qemu-system-") || name == "qemu-kvm"
}

/// `TYPE,key=value`.
fn is_line(said: &str) -> bool {
    let Some((type_name, rest)) = said.split_once(',') else { return false };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    is_name(type_name) && rest.split_once('=').is_some_and(|(key, _)| is_name(key.trim()))
}

/// `key:` or `- key:`, and nothing that only JSON has.
fn is_yaml(said: &str, word: &str) -> bool {
    let (word, is_element) = match said.strip_prefix("- ") {
        Some(rest) => (rest.trim_start().split([' ', '\t']).next().unwrap_or_default(), true),
        None => (word, false),
    };
    let is_key = word.strip_suffix(':').is_some_and(|key| {
        key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    });
    (is_key || is_element) && !said.contains(['{', '}', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(text: &str) -> Option<(String, &str)> {
        let (kind, place) = other(text)?;
        let SyntaxErrorKind::NotJson { language, .. } = kind else { return None };
        Some((language.to_owned(), &text[place]))
    }

    #[test]
    fn other_languages_are_known_by_their_first_words() {
        let texts = [
            ("# vm\n---\nobjects:\n  - id: a\n", "YAML", "objects:"),
            ("- qom-type: memory-backend-ram\n", "YAML", "-"),
            ("<?xml version='1.0'?>\n<domain/>", "XML", "<?xml"),
            ("/usr/bin/qemu-system-x86_64 -m 1G", "a command line", "/usr/bin/qemu-system-x86_64"),
            ("qemu-system-x86_64 -m 1G", "a command line", "qemu-system-x86_64"),
            ("  -object memory-backend-ram,id=a", "a command line", "-object"),
            ("memory-backend-ram,id=a,size=1G\n", "a line of key=value", "memory-backend-ram"),
        ];

        for (text, name, word) in texts {
            assert_eq!(language(text), Some((name.to_owned(), word)), "{text}");
        }
    }

    #[test]
    fn what_may_be_json_or_sections_is_left_to_their_parsers() {
        let texts = [
            "",
            "{}",
            "[]",
            "null",
            "true",
            "-5",
            "\u{feff}[]",
            "// x\n[]",
            "# x\n{}",
            "\"id\": \"a\"}",
            "qom-type: \"a\"}",
            "[object \"a\"]\n",
            "size = \"1G\"\n",
            "id\": \"a\"}",
        ];

        for text in texts {
            assert_eq!(language(text), None, "{text}");
        }
    }
}
