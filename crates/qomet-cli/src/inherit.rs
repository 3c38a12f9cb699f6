//! `--add-fd fd=3,set=1[,opaque=TEXT]`: descriptors that the program inherits, as sets of the model, as with QEMU's
//! `-add-fd`. The calls to the host are in `host`.

use std::str::FromStr;

use qomet::{Descriptors, Model};

use crate::host;
use crate::outcome::Trouble;

/// One `--add-fd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddFd {
    fd: i32,
    set: u64,
    opaque: Option<String>,
}

impl FromStr for AddFd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut fd, mut set, mut opaque) = (None, None, None);
        for member in members(text) {
            let Some((name, value)) = member.split_once('=') else {
                return Err(format!("expected fd=…,set=…[,opaque=…], found '{member}'"));
            };
            match name {
                "fd" => {
                    let number = value.parse().ok().filter(|number| *number > 2);
                    fd = Some(number.ok_or_else(|| format!("'fd' is a number above 2, not '{value}'"))?);
                }
                "set" => {
                    let number = value.parse().ok().filter(|number| i64::try_from(*number).is_ok());
                    set = Some(number.ok_or_else(|| format!("'set' is a number from 0 on, not '{value}'"))?);
                }
                "opaque" => opaque = Some(value.to_owned()),
                _ => {
                    let nearest = qomet::nearest(name, ["fd", "set", "opaque"]);
                    let hint = nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"));
                    return Err(format!("there is no '{name}' here, only fd, set and opaque{hint}"));
                }
            }
        }
        match (fd, set) {
            (Some(fd), Some(set)) => Ok(AddFd { fd, set, opaque }),
            (None, _) => Err("'fd' is missing".to_owned()),
            (_, None) => Err("'set' is missing".to_owned()),
        }
    }
}

/// The text in pieces, cut at each comma; a doubled one is a comma.
fn members(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ',' && rest.next_if_eq(&',').is_none() {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all
}

/// Takes over what was inherited.
///
/// # Errors
/// A descriptor is not open, or was not inherited.
pub(crate) fn take(all: &[AddFd], model: &Model) -> Result<(), Trouble> {
    let descriptors = model.services().get::<Descriptors>();
    // One number may be in several sets, so all are taken before any is closed.
    for AddFd { fd, set, opaque } in all {
        let (descriptor, access) = host::inherit(*fd)?;
        descriptors.add(Some(*set), descriptor, access, opaque.clone(), false);
    }
    all.iter().for_each(|one| host::close_inherited(one.fd));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_opaque_is_doubled() {
        let expected = AddFd { fd: 3, set: 1, opaque: Some("rdwr:/tmp/a,b".to_owned()) };
        assert_eq!("fd=3,set=1,opaque=rdwr:/tmp/a,,b".parse(), Ok(expected));
        assert_eq!("set=0,fd=10".parse(), Ok(AddFd { fd: 10, set: 0, opaque: None }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = ["fd=3", "set=1", "fd=2,set=1", "fd=3,set=-1", "fd=3,set=1,opaqe=x", "3,set=1"];
        let messages = wrong.map(|text| text.parse::<AddFd>().unwrap_err());
        insta::assert_snapshot!(messages.join("\n"), @r"
        'set' is missing
        'fd' is missing
        'fd' is a number above 2, not '2'
        'set' is a number from 0 on, not '-1'
        there is no 'opaqe' here, only fd, set and opaque; did you mean 'opaque'?
        expected fd=…,set=…[,opaque=…], found '3'
        ");
    }
}
