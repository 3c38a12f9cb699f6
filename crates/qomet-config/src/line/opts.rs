//! The dialect `opts`: that of the emulator's `-object`.
//!
//! `qom-type` need not be named when it stands first. A key is whatever stands before `=`, or a flag: `share` for
//! `share=on`, `noshare` for `share=off`. What is given again is a list where one is asked for, and otherwise the
//! last one counts; of ids the first. A comma in a value is doubled.

use super::{Help, Reporter, is_help, value_end};
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::{Atom, Builder, Entry, Implied};

pub(super) fn read<'a>(
    text: &'a str,
    builder: &mut Builder<'a>,
    report: &mut Reporter<'_, '_>,
) -> Option<Help> {
    let mut help = false;
    let mut pos = 0;
    while pos < text.len() && !report.is_exhausted() {
        let rest = text.get(pos..).unwrap_or_default();
        let stop = pos + rest.find(['=', ',']).unwrap_or(rest.len());
        let start = pos;
        let value = |start: usize| match value_end(text, start) {
            (end, true) => (Atom::doubled(start, end), end),
            (end, false) => (Atom::word(start, end), end),
        };
        let (name, value) = if text.as_bytes().get(stop) == Some(&b'=') {
            let (value, end) = value(stop + 1);
            pos = end + 1;
            ((start, stop), value)
        } else if start == 0 {
            let (value, end) = value(0);
            pos = end + 1;
            let _ = builder.put(&Entry::type_name(value));
            continue;
        } else {
            pos = stop + 1;
            let (from, what) =
                if rest.starts_with("no") { (start + 2, Implied::Off) } else { (start, Implied::On) };
            ((from, stop), Atom::implied(what, start, stop - start))
        };
        let key = text.get(name.0..name.1).unwrap_or_default();
        help |= is_help(key);
        if key.is_empty() {
            report.at(
                start,
                stop,
                SyntaxErrorKind::InvalidKey { key: text.get(start..stop).unwrap_or_default().to_owned() },
            );
        } else if key != "id" || !builder.has("id") {
            let entry = Entry { key: vec![Atom::word(name.0, name.1)], value };
            if let Err(clash) = builder.put(&entry) {
                report.clashes([clash]);
            }
        }
    }
    let type_name = builder.word("qom-type").map(str::to_owned)?;
    if is_help(&type_name) {
        return Some(Help { type_name: None, strict: false });
    }
    help.then_some(Help { type_name: Some(type_name), strict: true })
}
