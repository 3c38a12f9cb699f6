//! The command line of the commands that ask a server.
//!
//! Part of the program's command line; the shell takes the same commands, without the address.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use qomet_qmp::ServerAddress;

use crate::arguments::LineDialect;

/// Which server, and how long to wait for it.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Connection {
    /// The server: unix:PATH, PATH or tcp:HOST:PORT [default: $QOMET_SOCKET]
    #[arg(long, value_name = "ADDR")]
    pub(crate) connect: Option<ServerAddress>,
    /// How long to wait for the server [default: 5 to connect, 60 for an answer]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

/// A command that asks a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show live objects with their values (--connect)
    Tree(Tree),
    /// Show one live object: properties, values, children (--connect)
    List(List),
    /// Read properties of live objects (--connect)
    Get(Get),
    /// Change properties of live objects (--connect)
    Set(Set),
    /// Create objects in a running program (--connect)
    Add(Add),
    /// Delete objects of a running program (--connect)
    Del(Del),
    /// Tell what it takes to make a running program's objects what documents say (--connect)
    Plan(Plan),
    /// Make a running program's objects what documents say, all or nothing (--connect)
    Apply(Apply),
    /// Print a document of a running program's objects (--connect)
    Dump(Dump),
    /// Tell what changes in a running program, until Ctrl-C (--connect)
    Watch(Watch),
    /// Send a command of the QEMU Machine Protocol as it is (--connect)
    Qmp(Qmp),
    /// All these commands on one connection, with completion and history (--connect)
    #[cfg(feature = "shell")]
    Shell(Shell),
}

/// `tree`.
#[derive(Debug, Args)]
pub(crate) struct Tree {
    /// The topmost object
    #[arg(value_name = "PATH", default_value = "/")]
    pub(crate) path: String,
    /// How many levels below it to show [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// Print a JSON list of all objects, parents before their children
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The object's path, or its id
    #[arg(value_name = "PATH", default_value = "/")]
    pub(crate) path: String,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `get`.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// What to read
    #[arg(value_name = "PATH.PROPERTY", required = true)]
    pub(crate) properties: Vec<String>,
    /// Print the value as JSON; of several, an object with the values by what was asked
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `set`.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// What to change, in this order, up to the first that is refused
    #[arg(value_name = "PATH.PROPERTY=VALUE", required = true)]
    pub(crate) assignments: Vec<String>,
    /// Print what was done as a JSON list; what was refused is its last element
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Objects: TYPE,id=…,key=value or '{"qom-type": "…", "id": "…"}'; 'help' or TYPE,help for help
    #[arg(value_name = "LINE|JSON", required = true)]
    pub(crate) objects: Vec<String>,
    /// How QEMU reads key=value: as object_add and its tools do, or as the emulator's -object (ranges, flags)
    #[arg(long, value_enum, default_value_t = LineDialect::Keyval)]
    pub(crate) dialect: LineDialect,
    /// Print what was done as a JSON list; what was refused is its last element
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `del`.
#[derive(Debug, Args)]
pub(crate) struct Del {
    /// The objects' ids
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// Print what was done as a JSON list; what was refused is its last element
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) what: Documents,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) what: Documents,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `dump`.
#[derive(Debug, Args)]
pub(crate) struct Dump {
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What the objects should be.
#[derive(Debug, Args)]
pub(crate) struct Documents {
    /// Documents that belong together; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Objects go that earlier documents created ('apply', or 'run' itself) and these do not name; what clients added stays
    #[arg(long)]
    pub(crate) prune: bool,
    /// Objects may go or be replaced though what they hold is lost
    #[arg(long)]
    pub(crate) allow_loss: bool,
    /// Only if the model has this revision, which 'plan --json' tells
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<u64>,
    /// Print it as JSON; 'apply' tells on standard error, in lines of JSON, how far it is while memory is made present
    #[arg(long)]
    pub(crate) json: bool,
}

/// `watch`.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Only objects and properties like this one: '?' any character and '*' any text but a slash, '**' any text
    #[arg(value_name = "GLOB")]
    pub(crate) glob: Option<String>,
    /// Look no more often than this, where the server does not tell by itself
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Print a line of JSON for each change
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `qmp`.
#[derive(Debug, Args)]
pub(crate) struct Qmp {
    /// A request as JSON, or the name of a command
    #[arg(value_name = "JSON|COMMAND")]
    pub(crate) request: String,
    /// The arguments of the command
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Option<String>,
    /// Print the answer in one line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `shell`.
#[cfg(feature = "shell")]
#[derive(Debug, Args)]
pub(crate) struct Shell {
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Command {
    /// Which server.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Command::Tree(tree) => &tree.connection,
            Command::List(list) => &list.connection,
            Command::Get(get) => &get.connection,
            Command::Set(set) => &set.connection,
            Command::Add(add) => &add.connection,
            Command::Del(del) => &del.connection,
            Command::Plan(plan) => &plan.connection,
            Command::Apply(apply) => &apply.connection,
            Command::Dump(dump) => &dump.connection,
            Command::Watch(watch) => &watch.connection,
            Command::Qmp(qmp) => &qmp.connection,
            #[cfg(feature = "shell")]
            Command::Shell(shell) => &shell.connection,
        }
    }
}

impl Connection {
    /// This one, completed by what stands before the command.
    pub(crate) fn or(&self, other: &Connection) -> Connection {
        Connection {
            connect: self.connect.clone().or_else(|| other.connect.clone()),
            timeout: self.timeout.or(other.timeout),
        }
    }
}

/// What stands below the help of each command; `{bin}` is the program's name.
pub(crate) const EXAMPLES: &[(&str, &str)] = &[
    (
        "tree",
        "Examples:
  {bin} tree --connect /run/vm.sock             everything
  {bin} --connect tcp:localhost:4444 tree /objects --depth 1
  QOMET_SOCKET=/run/vm.sock {bin} tree --json | jq '.[].path'

Exit code: 0 fine, 1 the server refuses, 64 usage error or no connection",
    ),
    (
        "list",
        "Examples:
  {bin} list ram0
  {bin} list /machine/unattached --json

Exit code: 0 fine, 1 the server refuses, 64 usage error or no connection",
    ),
    (
        "get",
        "Examples:
  {bin} get ram0.size
  {bin} get /machine.type ram0.size ram0.share --json

Exit code: 0 fine, 1 the server refuses one of them, 64 usage error or no connection",
    ),
    (
        "set",
        "Examples:
  {bin} set ram0.merge=off
  {bin} set iothread0.poll-max-ns=32768 throttle0.limits='{\"bps-total\": 1000}'

A value is written as its property's type asks: on or off, 1G, a name, a text; lists and structs as JSON.

Exit code: 0 fine, 1 a value is wrong or the server refuses, 64 usage error or no connection",
    ),
    (
        "add",
        "Examples:
  {bin} add memory-backend-ram,id=ram0,size=1G
  {bin} add '{\"qom-type\": \"memory-backend-ram\", \"id\": \"ram0\", \"size\": \"1G\"}'

Exit code: 0 fine, 1 an object is wrong or the server refuses, 64 usage error or no connection",
    ),
    (
        "del",
        "Examples:
  {bin} del ram0 ram1

Exit code: 0 fine, 1 the server refuses one of them, 64 usage error or no connection",
    ),
    (
        "plan",
        "Examples:
  {bin} plan vm.json --connect /run/vm.sock
  {bin} plan base.json extra.json --prune --json

Signs: + create, ~ change in place, ± replace, - delete

Exit code: 0 nothing to do, 1 it cannot be done, 2 there is something to do; 64 usage error or no connection",
    ),
    (
        "apply",
        "Examples:
  {bin} apply vm.json --connect /run/vm.sock
  {bin} apply vm.json --prune --if-revision 7

Exit code: 0 done, or there was nothing to do; 1 it cannot be done, and nothing was; 64 usage error or no connection",
    ),
    (
        "dump",
        "Examples:
  {bin} dump --connect /run/vm.sock > vm.json

Exit code: 0 fine, 1 the server refuses, 64 usage error or no connection",
    ),
    (
        "watch",
        "Examples:
  {bin} watch                                   every object and property
  {bin} watch '/objects/*'                      the objects of users, '/machine/**' all below the machine
  {bin} watch '*.size' --json

Exit code: 64 usage error, no connection, or its end",
    ),
    (
        "qmp",
        "Examples:
  {bin} qmp query-status
  {bin} qmp object-del '{\"id\": \"ram0\"}'
  {bin} qmp '{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"/machine\", \"property\": \"type\"}}'

Exit code: 0 fine, 1 the server refuses, 64 usage error or no connection",
    ),
    #[cfg(feature = "shell")]
    (
        "shell",
        "Examples:
  {bin} shell --connect /run/vm.sock
  {bin} shell --connect /run/vm.sock < commands.txt

Exit code: 0 fine, 1 a command from a file was refused, 64 usage error or no connection",
    ),
];

/// A number of seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected more than 0 seconds".to_owned()),
    }
}
