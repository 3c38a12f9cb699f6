//! The command line.
//!
//! Called by the program's entry only; each command gets its own struct. Help texts are written here, once. An
//! author's program has another name than `qomet`, so the examples are filled in when the name is known.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use qomet::Level;
use qomet_config::{Dialect, Language};
use qomet_qmp::Address;
use tracing_subscriber::filter::Targets;

use crate::client::arguments::{self as client, Connection};
use crate::inherit::AddFd;

#[derive(Debug, Parser)]
#[command(
    name = "qomet",
    version,
    about = "Checks and creates objects from declarative documents, and looks into running programs",
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    /// The server that commands about live objects ask; it may stand behind the command too.
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report every mistake in documents, at its line and column; create nothing
    Check(Check),
    /// Create all objects or none, show them, and hold them until SIGINT or SIGTERM
    Run(Run),
    /// Show what would be programmed for a guest, before anything is created
    Preview(Preview),
    /// Show which object holds which bytes of which file; those of a server with --connect
    Map(Map),
    /// Write bags in another language
    Convert(Convert),
    /// List the types as a tree; those of a server with --connect
    Types(Types),
    /// Explain a type or one of its properties; those of a server with --connect
    Describe(Describe),
    /// Tell what the code of a diagnostic means, such as in error[in-use]
    Explain(Explain),
    /// Print the JSON Schema of documents or of one type
    Schema(Schema),
    /// Serve an editor: mistakes, explanations and completion while a document is written
    #[cfg(feature = "lsp")]
    Lsp(Lsp),
    /// What asks a server.
    #[command(flatten)]
    Client(client::Command),
}

/// `check`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["files", "objects", "qemu", "libvirt"]).required(true).multiple(true)))]
pub(crate) struct Check {
    /// Documents to check together; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// A command line of QEMU, quoted as one argument (repeatable): its -object arguments are checked
    #[arg(long, value_name = "COMMAND")]
    pub(crate) qemu: Vec<String>,
    /// A libvirt domain (repeatable): its qemu:commandline and memoryBacking are checked
    #[arg(long, value_name = "FILE")]
    pub(crate) libvirt: Vec<PathBuf>,
    /// For people on standard error, or on standard output for programs, code review services, or a GitHub workflow
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// How far to look: the texts, each object by itself, ids and links, or what this host has, too
    #[arg(long, value_enum, default_value_t = CheckLevel::Host)]
    pub(crate) level: CheckLevel,
    /// Take warnings for errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// Repair in the files what can only be repaired in one way, show the changes and ask; then check again. With --yes
    /// standard input is repaired on its way to standard output
    #[arg(long, requires = "files")]
    pub(crate) fix: bool,
    /// Repair without asking
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
}

/// How far `check` looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckLevel {
    Syntax,
    Schema,
    Graph,
    Host,
}

impl From<CheckLevel> for Level {
    fn from(level: CheckLevel) -> Level {
        match level {
            CheckLevel::Syntax => Level::Syntax,
            CheckLevel::Schema => Level::Schema,
            CheckLevel::Graph => Level::Graph,
            CheckLevel::Host => Level::Host,
        }
    }
}

/// `preview`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").args(["files", "objects"]).required(true).multiple(true)))]
pub(crate) struct Preview {
    /// Documents that describe the memory; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Which memory begins at which guest address: ADDRESS=ID,…, such as 0x0=ram0,4G=ram1
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: String,
    /// Who would be programmed
    #[arg(long = "for", value_enum, value_name = "CONSUMER")]
    pub(crate) consumer: Consumer,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `map`.
#[derive(Debug, Args)]
pub(crate) struct Map {
    /// Documents that describe the memory; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Draw it into this file, which is replaced; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Who is told of a guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Consumer {
    VhostUser,
    Kvm,
}

/// Objects on the command line.
#[derive(Clone, Debug, Args)]
pub(crate) struct Lines {
    /// One more object (repeatable): TYPE,id=…,key=value or '{"qom-type": "…", "id": "…"}'; 'help' or TYPE,help for help
    #[arg(long = "object", value_name = "LINE")]
    pub(crate) objects: Vec<String>,
    /// How QEMU reads key=value: as object_add and its tools do, or as the emulator's -object (ranges, flags)
    #[arg(long, value_enum, default_value_t = LineDialect::Keyval)]
    pub(crate) dialect: LineDialect,
}

/// QEMU's two ways to read `key=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineDialect {
    Keyval,
    Opts,
}

impl From<LineDialect> for Dialect {
    fn from(dialect: LineDialect) -> Dialect {
        match dialect {
            LineDialect::Keyval => Dialect::Keyval,
            LineDialect::Opts => Dialect::Opts,
        }
    }
}

/// Who reads a report. The variants have no documentation: help would list each on a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
    Sarif,
    Github,
}

/// `run`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").args(["files", "objects", "qmp", "qmp_readonly"]).required(true).multiple(true)))]
pub(crate) struct Run {
    /// Documents whose objects are created together; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) lines: Lines,
    /// Speak the QEMU Machine Protocol on a socket (repeatable): unix:PATH, tcp:HOST:PORT, stdio or systemd[:NAME]
    #[arg(long, value_name = "ADDR", conflicts_with = "once")]
    pub(crate) qmp: Vec<Address>,
    /// The same for clients that may not change anything (repeatable)
    #[arg(long, value_name = "ADDR", conflicts_with = "once")]
    pub(crate) qmp_readonly: Vec<Address>,
    /// Let tcp:HOST:PORT be an address that other machines can reach; QMP has no passwords
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// How many clients there may be at once
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clients)]
    pub(crate) max_clients: usize,
    /// What to log on standard error: off, error, warn, info, debug, trace, or TARGET=LEVEL,… [default: RUST_LOG or warn]
    #[arg(long, value_name = "LEVEL", value_parser = crate::log::filter)]
    pub(crate) log_level: Option<Targets>,
    /// Take over a file descriptor as /dev/fdset/SET (repeatable): fd=N,set=N[,opaque=TEXT]
    #[arg(long, value_name = "SPEC")]
    pub(crate) add_fd: Vec<AddFd>,
    /// What query-name tells clients
    #[arg(long, value_name = "NAME", value_parser = guest_name)]
    pub(crate) name: Option<String>,
    /// Leave at once instead of holding the objects
    #[arg(long)]
    pub(crate) once: bool,
    /// While memory is made present, tell how far that is in lines of JSON on standard error
    #[arg(long)]
    pub(crate) json: bool,
}

/// `convert`.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// Documents, `-` for standard input, or lines such as TYPE,id=ID,key=value
    #[arg(value_name = "FILE|LINE", required = true)]
    pub(crate) texts: Vec<String>,
    /// The language to write
    #[arg(long, value_enum)]
    pub(crate) to: Target,
    /// How a LINE is read
    #[arg(long, value_enum, default_value_t = LineDialect::Keyval)]
    pub(crate) dialect: LineDialect,
}

/// What `convert` writes: `keyval` and `opts` are the dialects of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    Json,
    Keyval,
    Opts,
    Ini,
}

impl From<Target> for Language {
    fn from(target: Target) -> Language {
        match target {
            Target::Json => Language::Json,
            Target::Keyval => Language::Line(Dialect::Keyval),
            Target::Opts => Language::Line(Dialect::Opts),
            Target::Ini => Language::Ini,
        }
    }
}

/// `types`.
#[derive(Debug, Args)]
pub(crate) struct Types {
    /// Print everything that is declared, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// `describe`.
#[derive(Debug, Default, Args)]
pub(crate) struct Describe {
    /// A type, or a type and one of its properties [with --markdown: all types]
    #[arg(
        value_name = "TYPE[.PROPERTY]",
        required_unless_present = "markdown",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) name: String,
    /// Print everything that is declared, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the reference page of the type, or of every type, in Markdown
    #[arg(long, conflicts_with_all = ["json", "connect"])]
    pub(crate) markdown: bool,
    /// Write TYPE.md for every type, and README.md as their index, to this folder
    #[arg(long, value_name = "DIR", requires = "markdown", conflicts_with = "name")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl Describe {
    /// What is asked by `TYPE,help` in a line.
    pub(crate) fn of(name: String) -> Self {
        Describe { name, ..Describe::default() }
    }
}

/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// What stands between the brackets of error[…]
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

/// `lsp`.
#[cfg(feature = "lsp")]
#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// Speak on standard input and output, which is all there is; editors say it
    #[arg(long)]
    pub(crate) stdio: bool,
}

/// `schema`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Schema {
    /// What to do with schemas that there are
    #[command(subcommand)]
    pub(crate) action: Option<SchemaAction>,
    /// The type whose bags to describe [default: documents of all types]
    #[arg(value_name = "TYPE", conflicts_with = "out")]
    pub(crate) type_name: Option<String>,
    /// Print the schema in the language of QAPI, QEMU's own, for tools that read it
    #[arg(long, conflicts_with_all = ["type_name", "out"])]
    pub(crate) qapi: bool,
    /// Write document.schema.json, qapi.json and types/TYPE.schema.json for every type to this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What `schema` does beside printing.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaAction {
    /// Tell what changed between two schemas, and whether documents that were right still are
    Diff(SchemaDiff),
}

/// `schema diff`.
#[derive(Debug, Args)]
pub(crate) struct SchemaDiff {
    /// The schema as it was: a file, or a folder made by `schema --out`
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The schema as it is
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// Print the changes as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of clients.
fn clients(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("expected a number from 1 on".to_owned()),
    }
}

/// The name in QEMU's spellings: NAME or guest=NAME.
fn guest_name(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("guest=").unwrap_or(text);
    match name.split_once('=') {
        None if name.contains(',') => Err("a name has no comma here".to_owned()),
        None => Ok(name.to_owned()),
        Some((key, _)) => Err(format!("only a name or guest=NAME can be given, not '{key}='")),
    }
}

const EXIT_CODES: &str = "Exit codes:
  0   fine
  1   rejected: a document or a name is wrong, or a server refuses
  2   there is something to do (plan)
  3   the host refused, or a signal came before everything was created (run)
  64  usage error, a file that cannot be read or written, or a server that cannot be reached";

/// What stands below the help of each command; `{bin}` is the program's name.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "check",
        "Examples:
  {bin} check vm.json
  {bin} check base.json extra.json      ids and links are checked across files
  {bin} check --object TYPE,id=a,size=1G
  {bin} check --qemu \"$(cat start-vm.sh)\"
  {bin} check --libvirt vm.xml
  generate | {bin} check - --format json
  {bin} check vm.json --fix             repair misspelt names and the like, after showing how
  {bin} check vm.json --level graph     as far as another host can tell

Exit code: 0 fine (there may be warnings), 1 rejected, 64 usage error or unreadable file",
    ),
    (
        "run",
        "Examples:
  {bin} run vm.json                     until Ctrl-C; then everything is released
  {bin} run vm.json --once              create, show, release
  {bin} run --qmp unix:/run/vm.sock     an empty model, until a client says quit
  {bin} run vm.json --object TYPE,id=extra,size=1G
  {bin} run --object TYPE,help          the properties of a type
  {bin} run vm.json --qmp systemd       on the sockets of a systemd socket unit

SIGHUP has the documents applied again: what they no longer have goes, what would be lost is refused.

Exit code: 0 fine, 1 rejected, 3 the host refused, or a signal came before everything was
created, 64 usage error or unreadable file",
    ),
    (
        "preview",
        "Examples:
  {bin} preview vm.json --layout 0x0=ram0,4G=ram1 --for vhost-user
  {bin} preview vm.json --layout 0x0=ram0,0xfffff000=rom --for kvm --json

For vhost-user the memory is mapped side by side, so that windows that continue each other are one
entry; PROCESS counts from the start of that range.

Exit code: 0 fine, 1 rejected: a document, the layout, or memory that the consumer cannot have",
    ),
    (
        "map",
        "Examples:
  {bin} map vm.json                     nothing is created
  {bin} map --connect /run/vm.sock      live objects, of QEMU too
  {bin} map vm.json --svg map.svg

In the picture a letter is an object, . a hole, ! an overlap; small windows are drawn larger than they are.

Exit code: 0 fine, 1 rejected, but what is known is shown, 64 usage error, no connection or unreadable file",
    ),
    (
        "convert",
        "Examples:
  {bin} convert vm.json --to keyval     a line for each object
  {bin} convert TYPE,id=a,size=1G --to json
  {bin} convert vm.json --to ini        for -readconfig

Exit code: 0 fine, 1 rejected, or the language cannot say it, 64 usage error or unreadable file",
    ),
    (
        "types",
        "Examples:
  {bin} types
  {bin} types --json",
    ),
    (
        "describe",
        "Examples:
  {bin} describe TYPE                   all properties
  {bin} describe TYPE.PROPERTY          one property
  {bin} describe TYPE --json
  {bin} describe --markdown --out reference/

Exit code: 0 fine, 1 there is no such type or property, 64 usage error",
    ),
    (
        "explain",
        "Examples:
  {bin} explain in-use

Exit code: 0 fine, 1 there is no such code, 64 usage error",
    ),
    (
        "schema",
        "Examples:
  {bin} schema > document.schema.json   for an editor: \"$schema\": \"document.schema.json\"
  {bin} schema TYPE
  {bin} schema --out schema/
  {bin} schema diff released/ schema/

Exit code: 0 fine, 1 there is no such type, or a change is breaking (diff), 64 usage error or a file
that cannot be read or written",
    ),
];

/// Parses the arguments, the program's name first; texts are wrapped to `width` columns.
///
/// # Errors
/// A help text that was asked for, or what is wrong.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    width: usize,
) -> Result<Arguments, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = arguments.first().map(Path::new).and_then(Path::file_name);
    let name = name.map_or_else(|| "qomet".to_owned(), |name| name.to_string_lossy().into_owned());
    if let Some(run) = run_alone(&arguments) {
        return Ok(Arguments { connection: Connection::default(), command: Command::Run(run) });
    }
    let matches = command(&name, width).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches(&matches)
}

/// The arguments of `run`, if they are right: a server stays, and the descriptions of all other commands would stay in
/// its memory. What is wrong is told, and help is given, by the whole command.
fn run_alone(arguments: &[OsString]) -> Option<Run> {
    let own = arguments.get(1..).filter(|own| own.first().is_some_and(|word| word == "run"))?;
    let matches = Run::augment_args(clap::Command::new("run")).try_get_matches_from(own).ok()?;
    Run::from_arg_matches(&matches).ok()
}

fn command(name: &str, width: usize) -> clap::Command {
    let whole = Arguments::command().bin_name(name).term_width(width).after_help(EXIT_CODES);
    EXAMPLES.iter().chain(client::EXAMPLES).fold(whole, |whole, (command, examples)| {
        whole.mut_subcommand(command, |command| command.after_help(examples.replace("{bin}", name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_is_read_alone_as_with_all_other_commands() {
        let line = "qomet run a.json --qmp unix:/a --qmp-readonly stdio --object rng-builtin,id=r --max-clients 3 --name n";
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let matches = command("qomet", 100).get_matches_from(&arguments);
        let Command::Run(whole) = Arguments::from_arg_matches(&matches).unwrap().command else {
            panic!("{line}")
        };
        assert_eq!(format!("{:?}", run_alone(&arguments).unwrap()), format!("{whole:?}"));
        let others = ["qomet check a.json", "qomet --connect /a run a.json", "qomet run", "qomet run --help"];
        assert!(
            others.iter().all(|line| {
                run_alone(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).is_none()
            })
        );
    }

    #[test]
    fn the_command_line_is_consistent() {
        command("qomet", 100).debug_assert();
    }
}
