//! `add-fd`, `remove-fd`, `query-fdsets`, `getfd`, `closefd`: descriptors that a client passes with `SCM_RIGHTS`.
//!
//! The model keeps them ([`Descriptors`], which says how long), so that any client finds what another passed, as in
//! QEMU. What may be done with one is looked up here: the model makes no system call.

use std::os::fd::OwnedFd;

use qomet::{Descriptors, Diagnostic, ErrorClass, Value};

use crate::dispatch::{Call, Command, Done, Nothing, Shape};
use crate::host::Host;
use crate::wire::Refusal;

/// The arguments of `add-fd`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Add {
    /// The number of the set; without it a new one
    fdset_id: Option<i64>,
    /// What to write beside the descriptor
    opaque: Option<String>,
}

/// What `add-fd` answers.
#[derive(Clone, Debug, PartialEq, Value)]
struct AddfdInfo {
    /// The number of the set
    fdset_id: i64,
    /// The number that the descriptor has here
    fd: i64,
}

/// The arguments of `remove-fd`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Remove {
    /// The number of the set
    fdset_id: i64,
    /// The number of the descriptor; without it all of the set
    fd: Option<i64>,
}

/// A descriptor of a set.
#[derive(Clone, Debug, PartialEq, Value)]
struct FdsetFdInfo {
    /// The number that it has here
    fd: i64,
    /// What was written beside it
    opaque: Option<String>,
}

/// A set of descriptors.
#[derive(Clone, Debug, PartialEq, Value)]
struct FdsetInfo {
    /// The number of the set
    fdset_id: i64,
    /// Its descriptors
    fds: Vec<FdsetFdInfo>,
}

/// The arguments of `getfd` and `closefd`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Name {
    /// The name of the descriptor
    fdname: String,
}

pub(super) fn all() -> Vec<Command> {
    let none = Shape::Of(Nothing::TYPE);
    vec![
        Command::raw("add-fd", Shape::Of(Add::TYPE), Shape::Of(AddfdInfo::TYPE), add),
        Command::raw("remove-fd", Shape::Of(Remove::TYPE), none, remove),
        Command::raw("query-fdsets", none, Shape::Of(<Vec<FdsetInfo>>::TYPE), query).read_only(),
        Command::raw("getfd", Shape::Of(Name::TYPE), none, get),
        Command::raw("closefd", Shape::Of(Name::TYPE), none, close),
    ]
}

fn descriptors(call: &Call<'_>) -> std::sync::Arc<Descriptors> {
    call.model().services().get()
}

fn wrong(code: &'static str, property: &str, what: impl Into<String>) -> Refusal {
    Refusal::from(Diagnostic::custom(code, what).with_property(property))
}

/// The descriptor that came with the command.
fn passed(call: &Call<'_>) -> Result<OwnedFd, Refusal> {
    call.client().take_descriptor().ok_or_else(|| {
        let what = "the message brought no file descriptor (SCM_RIGHTS)";
        Refusal::custom("no-descriptor", what)
    })
}

fn number(property: &str, given: i64) -> Result<u64, Refusal> {
    u64::try_from(given).map_err(|_| {
        wrong("negative-number", property, format!("'{property}' is 0 or more, and here it is {given}"))
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn add(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Add { fdset_id, opaque } = call.read()?;
    // It is gone if the rest is wrong, as in QEMU.
    let descriptor = passed(call)?;
    let set = fdset_id.map(|id| number("fdset-id", id)).transpose()?;
    let access = Host::real().access(&descriptor).map_err(|error| {
        Refusal::custom("host-refused", format!("cannot tell what the descriptor can do: {error}"))
    })?;
    let (set, fd) = descriptors(call).add(set, descriptor, access, opaque, true);
    AddfdInfo { fdset_id: signed(set), fd: fd.into() }.write(call.output);
    Ok(Done::Now)
}

fn remove(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Remove { fdset_id, fd } = call.read()?;
    let shown = match fd {
        Some(fd) => format!("fdset-id:{fdset_id}, fd:{fd}"),
        None => format!("fdset-id:{fdset_id}"),
    };
    let missing = || not_found(&shown);
    let set = u64::try_from(fdset_id).map_err(|_| missing())?;
    let fd = fd.map(i32::try_from).transpose().map_err(|_| missing())?;
    let descriptors = descriptors(call);
    Ok(Done::Later(Box::new(move |output| {
        // Closing may wait for a device or another machine.
        descriptors.remove(set, fd).map_err(|_| not_found(&shown))?;
        Nothing.write(output);
        Ok(())
    })))
}

fn not_found(name: &str) -> Refusal {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let what = format!("there is no file descriptor '{shown}'");
    Refusal::custom("descriptor-not-found", what).with_class(ErrorClass::GenericError)
}

fn query(call: &mut Call<'_>) -> Result<Done, Refusal> {
    call.read::<Nothing>()?;
    // QEMU tells the set with the largest number first.
    let sets = descriptors(call).sets().into_iter().rev().map(|(id, members)| FdsetInfo {
        fdset_id: signed(id),
        fds: members
            .into_iter()
            .map(|one| FdsetFdInfo { fd: one.number.into(), opaque: one.opaque })
            .collect(),
    });
    sets.collect::<Vec<_>>().write(call.output);
    Ok(Done::Now)
}

fn get(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Name { fdname } = call.read()?;
    let descriptor = passed(call)?;
    if fdname.starts_with(|c: char| c.is_ascii_digit()) {
        let what = "'fdname' does not start with a digit: that would be the number of a descriptor";
        return Err(wrong("descriptor-name", "fdname", what));
    }
    descriptors(call).name(&fdname, descriptor);
    Nothing.write(call.output);
    Ok(Done::Now)
}

fn close(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Name { fdname } = call.read()?;
    let descriptor = descriptors(call).take(&fdname).ok_or_else(|| not_found(&fdname))?;
    Ok(Done::Later(Box::new(move |output| {
        drop(descriptor);
        Nothing.write(output);
        Ok(())
    })))
}
