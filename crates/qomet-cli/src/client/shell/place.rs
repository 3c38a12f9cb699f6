//! Where relative paths begin.

use super::super::report::Failure;
use super::super::session::Session;
use super::super::{Done, target};
use super::{Command, Word};
use crate::outcome::Outcome;
use qomet_qmp::ClientError;

/// An object that relative paths begin at; the root at first.
pub(super) struct Place(String);

impl Default for Place {
    fn default() -> Self {
        Place("/".to_owned())
    }
}

impl Place {
    /// Its path.
    pub(super) fn path(&self) -> &str {
        &self.0
    }

    /// Goes to another object.
    pub(super) fn go(&mut self, session: &mut Session, path: &str) -> Done {
        match session.client.get(path, "type") {
            Ok(_) => {}
            Err(ClientError::Refused(refused)) => {
                return Err(target::explain(&mut session.client, path, None, *refused));
            }
            Err(error) => return Err(error.into()),
        }
        if !path.starts_with('/') {
            let help = format!("write /objects/{path} if it is an object of a user");
            return Err(Failure::usage(format!("'{path}' is no path from the root on"), help));
        }
        self.0 = path.to_owned();
        Ok(Outcome::Fine)
    }

    /// The path that a text means here. At the root it is for the server to find it.
    pub(super) fn resolve(&self, text: &str) -> String {
        let is_plain = text.split('/').all(|name| !matches!(name, "." | ".."));
        let whole = match () {
            () if text.starts_with('/') => text.to_owned(),
            () if self.0 == "/" && is_plain => return text.to_owned(),
            () => format!("{}/{text}", self.0),
        };
        let mut names: Vec<&str> = Vec::new();
        for name in whole.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()),
                name => names.push(name),
            }
        }
        format!("/{}", names.join("/"))
    }

    /// Makes the paths of a command absolute.
    pub(super) fn apply(&self, word: &mut Word) {
        // The default of a command is the root; here it is this place.
        let whole = |path: &mut String| {
            *path = if path == "/" { self.0.clone() } else { self.resolve(path) };
        };
        // The last dot belongs to the property: `../ram0.size`.
        let first = |text: &mut String| *text = self.resolve(text);
        match word {
            Word::Client(Command::Tree(tree)) => whole(&mut tree.path),
            Word::Client(Command::List(list)) => whole(&mut list.path),
            Word::Client(Command::Get(get)) => get.properties.iter_mut().for_each(first),
            Word::Client(Command::Set(set)) => {
                for text in &mut set.assignments {
                    if let Some((name, value)) = text.split_once('=') {
                        *text = format!("{}={value}", self.resolve(name));
                    }
                }
            }
            Word::Cd { path } => {
                let resolved = self.resolve(path);
                let is_here = self.0 == "/" && !resolved.starts_with('/');
                *path = if is_here { format!("/{resolved}") } else { resolved };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_root_the_server_finds_what_is_meant() {
        let place = Place::default();
        assert_eq!((place.resolve("ram0.size"), place.resolve("/a/b")), ("ram0.size".into(), "/a/b".into()));
        assert_eq!(place.resolve("a/../b"), "/b");
    }

    #[test]
    fn elsewhere_paths_are_relative() {
        let place = Place("/objects".to_owned());
        assert_eq!(place.resolve("ram0.size"), "/objects/ram0.size");
        assert_eq!((place.resolve(".."), place.resolve("../../..")), ("/".into(), "/".into()));
        assert_eq!((place.resolve("../machine"), place.resolve("/x")), ("/machine".into(), "/x".into()));
        assert_eq!(place.resolve("."), "/objects");
    }
}
