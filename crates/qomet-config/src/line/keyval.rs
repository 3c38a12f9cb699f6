//! The dialect `keyval`: that of `object_add` and of QEMU's tools.
//!
//! `qom-type` need not be named when it stands first. A key is names and numbers with dots between them; the last one
//! of equal keys counts. A comma in a value is doubled.

use super::{Help, Reporter, is_help, value_end};
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::{Atom, Builder, Entry};

/// A part of a key is shorter than this.
const PART_LIMIT: usize = 128;
/// So many dots in a key are no key any more.
const DEPTH_LIMIT: usize = 128;

pub(super) fn read<'a>(
    text: &'a str,
    builder: &mut Builder<'a>,
    report: &mut Reporter<'_, '_>,
) -> Option<Help> {
    let mut help = false;
    let mut pos = 0;
    let mut before: Option<Vec<Atom>> = None;
    while pos < text.len() && !report.is_exhausted() {
        let rest = text.get(pos..).unwrap_or_default();
        let stop = pos + rest.find(['=', ',']).unwrap_or(rest.len());
        let word = text.get(pos..stop).unwrap_or_default();
        let is_bare = !rest.starts_with(['=', ',']) && text.as_bytes().get(stop) != Some(&b'=');
        if is_bare {
            if is_help(word) {
                help = true;
            } else if pos == 0 {
                let _ = builder.put(&Entry::type_name(Atom::word(pos, stop)));
            } else {
                report.at(pos, stop, SyntaxErrorKind::MissingEquals { text: word.to_owned() });
                builder.aside(before.as_deref(), Atom::damaged(pos, stop));
            }
            pos = stop + 1;
            continue;
        }
        let (start, key) = (pos, key(text, pos, stop, report));
        // A comma where a key belongs has no value.
        let (end, doubled) = if rest.starts_with(',') { (stop, false) } else { value_end(text, stop + 1) };
        pos = end + 1;
        match key {
            Some(key) => {
                let value = match doubled {
                    true => Atom::doubled(stop + 1, end),
                    false => Atom::word(stop + 1, end),
                };
                let entry = Entry { key, value };
                if let Err(clash) = builder.put(&entry) {
                    report.clashes([clash]);
                }
                before = Some(entry.key);
            }
            None => builder.aside(before.as_deref(), Atom::damaged(start, end)),
        }
    }
    help.then(|| Help { type_name: builder.word("qom-type").map(str::to_owned), strict: false })
}

/// The parts of a key.
pub(crate) fn key(text: &str, start: usize, end: usize, report: &mut Reporter<'_, '_>) -> Option<Vec<Atom>> {
    let whole = text.get(start..end).unwrap_or_default();
    let mut parts = Vec::new();
    let mut rest = whole;
    let mut at = start;
    loop {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let length = if number > 0 && !parts.is_empty() { number } else { name_length(rest) };
        let behind = rest.get(length..).unwrap_or_default();
        if length == 0 || !(behind.is_empty() || behind.starts_with('.')) || parts.len() == DEPTH_LIMIT {
            report.at(start, end, SyntaxErrorKind::InvalidKey { key: whole.to_owned() });
            return None;
        }
        if length >= PART_LIMIT {
            let limit = PART_LIMIT - 1;
            report.at(at, at + length, SyntaxErrorKind::KeyTooLong { length, limit });
            return None;
        }
        parts.push(Atom::word(at, at + length));
        match behind.strip_prefix('.') {
            Some(next) => (rest, at) = (next, at + length + 1),
            None => return Some(parts),
        }
    }
}

/// How long the QAPI name at the start is: letters, digits, `-` and `_`, after `__DOMAIN_` if it is somebody's own.
fn name_length(text: &str) -> usize {
    let own = text.strip_prefix("__").and_then(|rest| {
        let domain = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'))?;
        rest.get(domain..)?.strip_prefix('_')
    });
    let name = own.unwrap_or(text);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.len() - name.trim_start_matches(is_part).len()
}
