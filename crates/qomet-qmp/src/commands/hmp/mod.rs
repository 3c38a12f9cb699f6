//! `human-monitor-command`: the lines that people type at QEMU's monitor, and programs that were written for people.
//!
//! A line is a command and its words (`line`); the answer is text whose lines end in CR LF. Whatever is wrong is text
//! too: the command of the protocol succeeds, as in QEMU. `objects` has the commands, which do what those of the
//! protocol do, by the same functions; `help` tells of them.
//!
//! What `info` shows beyond the tree belongs to commands of the protocol: see
//! [`Command::with_info`](crate::Command::with_info). This way the program adds `info memdev`, and nobody here knows memory.
//!
//! Not here: completion and abbreviations, which are the client's, and QEMU's commands about a machine.

mod help;
mod line;
mod objects;

use qomet::{ErrorClass, Output as _, Value};
use qomet_config::JsonOutput;

use self::line::{Mistake, Words};
use crate::dispatch::{Call, Command, Done, Shape};
use crate::log;
use crate::wire::Refusal;

/// The name of the command.
const NAME: &str = "human-monitor-command";

/// The arguments of `human-monitor-command`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Ask {
    /// The line
    command_line: String,
    /// The CPU that the line is about; there is none, so only 0, which clients send that know of none
    cpu_index: Option<i64>,
}

/// What a line comes to.
enum Said {
    /// Text, with lines that end in `\n`.
    Text(String),
    /// Text once it is done, which takes long.
    Later(Box<dyn FnOnce() -> Result<String, Refusal> + Send>),
}

/// Why a line has no result.
enum Trouble {
    /// Its words are not those of the command.
    Line(Mistake),
    /// The command is refused.
    Refused(Refusal),
}

impl From<Mistake> for Trouble {
    fn from(mistake: Mistake) -> Self {
        Trouble::Line(mistake)
    }
}

impl<E: Into<Refusal>> From<E> for Trouble {
    fn from(refusal: E) -> Self {
        Trouble::Refused(refusal.into())
    }
}

type Outcome = Result<Said, Trouble>;

/// A command of the monitor.
struct Verb {
    name: &'static str,
    /// A second name.
    alias: Option<&'static str>,
    /// Its words, as `help` shows them.
    words: &'static str,
    /// What it does.
    summary: &'static str,
    changes: bool,
    run: fn(&mut Call<'_>, &mut Words<'_>) -> Outcome,
}

/// All of them, by name.
const VERBS: [Verb; 7] =
    [help::HELP, help::INFO, objects::ADD, objects::DELETE, objects::GET, objects::LIST, objects::SET];

impl Verb {
    /// The command of this name.
    fn find(name: &str) -> Option<&'static Verb> {
        VERBS.iter().find(|verb| verb.name == name || verb.alias == Some(name))
    }

    /// Its name, or its names.
    fn names(&self) -> String {
        match self.alias {
            Some(alias) => format!("{}|{alias}", self.name),
            None => self.name.to_owned(),
        }
    }
}

pub(super) fn all() -> Vec<Command> {
    // Each line is refused by itself where clients may only read.
    vec![Command::raw(NAME, Shape::Of(Ask::TYPE), Shape::Of(String::TYPE), run).read_only()]
}

fn run(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Ask { command_line, cpu_index } = call.read()?;
    if let Some(index) = cpu_index.filter(|index| *index != 0) {
        let what = format!("there is no CPU {index} (property cpu-index)");
        return Err(Refusal::custom("no-such-cpu", what).with_class(ErrorClass::GenericError));
    }
    let client = call.client().number();
    match answer(call, &command_line) {
        Ok(Said::Text(text)) => call.output.string(&wire(&text)),
        Ok(Said::Later(work)) => {
            return Ok(Done::Later(Box::new(move |output| {
                let text = work().unwrap_or_else(|refusal| failed(client, &refusal));
                output.string(&wire(&text));
                Ok(())
            })));
        }
        Err(refusal) => call.output.string(&wire(&failed(client, &refusal))),
    }
    Ok(Done::Now)
}

/// What a line comes to. What is wrong with the line itself is text already.
fn answer(call: &mut Call<'_>, line: &str) -> Result<Said, Refusal> {
    let mut words = Words::new(line);
    let name = words.name();
    if name.is_empty() {
        return Ok(Said::Text(String::new()));
    }
    let Some(verb) = Verb::find(name) else {
        return Ok(Said::Text(unknown("", name, VERBS.iter().map(|verb| verb.name))));
    };
    if verb.changes && call.client().is_read_only() {
        let what = format!("'{name}' changes something, and this socket is for reading only");
        return Err(Refusal::custom("read-only-socket", what));
    }
    match (verb.run)(call, &mut words) {
        Ok(said) => Ok(said),
        Err(Trouble::Refused(refusal)) => Err(refusal),
        Err(Trouble::Line(mistake)) => Ok(Said::Text(misused(&verb.names(), verb.name, &mistake))),
    }
}

/// What a line is told whose words are wrong, in the form of QEMU.
fn misused(name: &str, topic: &str, mistake: &Mistake) -> String {
    format!("{name}: {mistake}\nTry \"help {topic}\" for more information\n")
}

/// What a line is told whose command there is not: the form is QEMU's, the nearest one follows.
fn unknown(prefix: &str, name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    let nearest = qomet::nearest(name, known);
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean '{prefix}{nearest}'?"));
    format!("unknown command: '{prefix}{shown}'{hint}\n")
}

/// What a line is told that is refused. The log has it as that of any command.
fn failed(client: u64, refusal: &Refusal) -> String {
    log::refused(client, Some(NAME), refusal);
    format!("Error: {}\n", refusal.description())
}

/// Lines end in CR LF.
fn wire(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// Does what a command of the protocol does, and takes what it writes.
fn within(
    call: &mut Call<'_>,
    run: impl FnOnce(&mut Call<'_>) -> Result<Done, Refusal>,
) -> Result<(Done, String), Refusal> {
    let mut output = JsonOutput::compact();
    let mut inner =
        Call { dispatcher: call.dispatcher, client: call.client, arguments: None, output: &mut output };
    let done = run(&mut inner)?;
    Ok((done, output.finish()))
}

/// The same for a command that changes something and returns nothing.
fn silently(call: &mut Call<'_>, run: impl FnOnce(&mut Call<'_>) -> Result<Done, Refusal>) -> Outcome {
    Ok(match within(call, run)?.0 {
        // Lines carry no descriptors, and no line hands any out.
        Done::Now | Done::Handed(_) => Said::Text(String::new()),
        Done::Later(work) | Done::Soon(work) => Said::Later(Box::new(move || {
            work(&mut JsonOutput::compact())?;
            Ok(String::new())
        })),
    })
}
