//! The commands about the protocol and the program: versions, what commands there are, `quit`.

use qomet::{Output, Value};

use crate::dispatch::{Call, Command, Dispatcher, Done, LEVEL, Nothing, Shape};
use crate::wire::Refusal;

/// A capability of the protocol that a client may enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "QMPCapability")]
pub(crate) enum Capability {
    /// Requests that overtake others
    Oob,
}

/// The arguments of `qmp_capabilities`.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) struct Enable {
    /// What to enable
    pub(crate) enable: Option<Vec<Capability>>,
}

/// A command's name, as `query-commands` tells it.
#[derive(Clone, Debug, PartialEq, Value)]
struct CommandInfo {
    /// The name
    name: String,
}

/// The level of compatibility.
#[derive(Clone, Debug, PartialEq, Value)]
struct VersionTriple {
    /// The first number
    major: i64,
    /// The second
    minor: i64,
    /// The third
    micro: i64,
}

/// What `query-version` tells.
#[derive(Clone, Debug, PartialEq, Value)]
struct VersionInfo {
    /// The version of QEMU that this is compatible with
    qemu: VersionTriple,
    /// The program and its own version
    package: String,
}

/// What `query-name` tells.
#[derive(Clone, Debug, PartialEq, Value)]
struct NameInfo {
    /// The name that the program was given
    name: Option<String>,
}

/// The states of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "RunState")]
enum RunState {
    /// Before anything runs
    Prelaunch,
    /// Running
    Running,
    /// Being shut down
    Shutdown,
}

/// What `query-status` tells.
#[derive(Clone, Debug, PartialEq, Value)]
struct StatusInfo {
    /// Whether anything runs
    running: bool,
    /// The state
    status: RunState,
}

/// Only its type is wanted: the schema describes itself as any value in a list would be read.
#[derive(Clone, Debug, PartialEq, Value)]
struct SchemaInfo {
    /// The name of the entity
    name: String,
    /// What kind of entity it is
    #[value(rename = "meta-type")]
    meta_type: String,
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw("qmp_capabilities", Shape::Of(Enable::TYPE), Shape::Of(Nothing::TYPE), |call| {
            // The session negotiates; this is for whoever does so again.
            call.read::<Enable>()?;
            let again = Refusal::custom("already-negotiated", "capabilities have been negotiated");
            Err(again.with_class(qomet::ErrorClass::CommandNotFound))
        })
        .read_only(),
        Command::raw("query-version", Shape::Of(Nothing::TYPE), Shape::Of(VersionInfo::TYPE), |call| {
            call.read::<Nothing>()?;
            write_version(call.dispatcher, call.output);
            Ok(Done::Now)
        })
        .out_of_band()
        .read_only(),
        Command::raw(
            "query-commands",
            Shape::Of(Nothing::TYPE),
            Shape::Of(<Vec<CommandInfo>>::TYPE),
            query_commands,
        )
        .read_only(),
        Command::raw(
            "query-qmp-schema",
            Shape::Of(Nothing::TYPE),
            Shape::Of(<Vec<SchemaInfo>>::TYPE),
            |call| {
                call.read::<Nothing>()?;
                call.output.rendered(call.dispatcher.schema(call.client().is_read_only()));
                Ok(Done::Now)
            },
        )
        .read_only(),
        Command::raw("query-name", Shape::Of(Nothing::TYPE), Shape::Of(NameInfo::TYPE), |call| {
            call.read::<Nothing>()?;
            NameInfo { name: call.dispatcher.guest_name().map(str::to_owned) }.write(call.output);
            Ok(Done::Now)
        })
        .read_only(),
        Command::query("query-status", |_| StatusInfo { running: true, status: RunState::Running }),
        Command::raw("quit", Shape::Of(Nothing::TYPE), Shape::Of(Nothing::TYPE), |call| {
            call.read::<Nothing>()?.write(call.output);
            call.dispatcher.quit();
            Ok(Done::Now)
        }),
    ]
}

fn query_commands(call: &mut Call<'_>) -> Result<Done, Refusal> {
    call.read::<Nothing>()?;
    call.output.begin_list();
    for command in call.dispatcher.commands(call.client().is_read_only()) {
        CommandInfo { name: command.name.to_owned() }.write(call.output);
    }
    call.output.end_list();
    Ok(Done::Now)
}

/// Writes the version, as the greeting and `query-version` tell it.
pub(crate) fn write_version(dispatcher: &Dispatcher, output: &mut dyn Output) {
    let (major, minor, micro) = LEVEL;
    output.begin_struct();
    output.member("qemu");
    output.begin_struct();
    for (name, number) in [("micro", micro), ("minor", minor), ("major", major)] {
        output.member(name);
        output.uint64(number);
    }
    output.end_struct();
    output.member("package");
    output.string(dispatcher.package());
    output.end_struct();
}
