//! Bags taken out of texts that are about more than bags: a command line of QEMU, a domain of libvirt.
//!
//! What is taken is a text of its own with its [`Origin`], so that mistakes are shown where they stand; everything else is
//! named and left alone.

mod libvirt;
mod shell;

use std::ops::Range;

use crate::document::UserOption;
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::Origin;

/// A text that was taken out of another one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// The text.
    pub(crate) text: String,
    /// Where it stood.
    pub(crate) origin: Origin,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The arguments of `-object`, in order, and lines that mean the same.
    pub(crate) objects: Vec<Taken>,
    /// The arguments of options that may use the objects.
    pub(crate) users: Vec<(UserOption, Taken)>,
    /// The names of what was left alone.
    pub(crate) others: Vec<String>,
    /// What is wrong with the text itself, and where.
    pub(crate) mistakes: Vec<(SyntaxErrorKind, Range<usize>)>,
}

/// Takes the objects out of a command line, pasted as a shell would take it.
pub(crate) fn command_line(text: &str) -> Found {
    let mut found = Found::default();
    let words = shell::split(text, &mut found.mistakes);
    arguments(words, &mut found);
    found
}

/// Takes the objects out of a domain of libvirt.
pub(crate) fn libvirt(text: &str) -> Found {
    libvirt::domain(text)
}

/// Takes the objects out of the words of a command line.
fn arguments(words: Vec<(Taken, Range<usize>)>, found: &mut Found) {
    let mut words = words.into_iter().peekable();
    while let Some((word, place)) = words.next() {
        let is_option = |text: &str| text.starts_with('-') && text.len() > 1;
        // The arguments of a script, or a list of the shell: never the argument of the option in front.
        let is_list = |text: &str| matches!(text, "$@" | "$*") || text.ends_with("[@]}");
        match word.text.as_str() {
            "-object" | "--object" => match words.next() {
                Some((object, _)) => found.objects.push(object),
                None => found.mistakes.push((SyntaxErrorKind::MissingArgument { option: word.text }, place)),
            },
            // What they are given may be secret, and is nobody's business here but where it names objects.
            option if is_option(option) => {
                let name = option.split('=').next().unwrap_or(option).to_owned();
                let argument = words
                    .next_if(|(next, _)| !is_option(&next.text) && !is_list(&next.text))
                    .map(|(taken, _)| taken);
                let user = UserOption::of(option).zip(argument);
                if !user.as_ref().is_some_and(|(_, argument)| UserOption::is_of_memory(&argument.text)) {
                    found.others.push(name);
                }
                found.users.extend(user);
            }
            _ => {
                found.others.push(word.text.clone());
                // What the shell puts there may be options.
                if word.text.starts_with('$') {
                    found.users.push((UserOption::More, word));
                }
            }
        }
    }
}
