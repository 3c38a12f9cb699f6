//! The table of commands, and how one is run.
//!
//! A command is a name, the types of its arguments and result, and a function. [`Command::typed`] makes one of a Rust
//! function: arguments are read through the object model's `Input` as strictly as QEMU reads them, the result is
//! written through its `Output`, and `query-qmp-schema` is derived from both types. The session looks commands up
//! here; it knows none but `qmp_capabilities`.
//!
//! Why not a match over names: the program decides which commands there are (those about memory live with the
//! memory types), and introspection must list exactly those.

use std::any::Any;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use qomet::{Class, Diagnostics, ErrorClass, Model, Native, NativeInput, Output, Progress, Value, ValueType};
use qomet_config::{JsonOutput, Leniency, Node, TapeInput};

use crate::commands;
use crate::host::MOST_DESCRIPTORS;
use crate::jobs::{Jobs, Task};
use crate::peer::{Peer, Peers};
use crate::schema;
use crate::wire::{Envelope, Refusal};

/// The version of QEMU whose clients find what they expect: major, minor, micro.
pub(crate) const LEVEL: (u64, u64, u64) = (10, 0, 2);

/// An example of a code: what provokes it, and the same mended where it can be. Each is what it is written in and the text:
/// `json`, `ini`, `keyval`, `sh`, `xml`, `qmp`, `console`, `rust`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeExample {
    /// What provokes the code.
    pub wrong: (&'static str, &'static str),
    /// The same, mended.
    pub right: Option<(&'static str, &'static str)>,
}

/// Where examples come from.
type Examples = fn(&str) -> Option<CodeExample>;

/// What runs a command.
type Run = Box<dyn Fn(&mut Call<'_>) -> Result<Done, Refusal> + Send + Sync>;

/// Work that is done on a thread of its own; it writes the command's result.
pub(crate) type Later = Box<dyn FnOnce(&mut JsonOutput) -> Result<(), Refusal> + Send>;

/// How a command ended.
pub(crate) enum Done {
    /// The result is written.
    Now,
    /// It takes long: it is a job, or may wait for something outside.
    Later(Later),
    /// There is much to write. It ends by itself and soon, so it waits for no job.
    Soon(Later),
    /// The result is written, and these descriptors go with it.
    Handed(Vec<Arc<OwnedFd>>),
}

/// A type in `query-qmp-schema`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// That of a value type.
    Of(&'static ValueType),
    /// `object-add`'s: a union over the types of the registry.
    Objects,
    /// Any value, of `qom-get`.
    Any,
    /// `qom-set`'s arguments: those of `qom-get` and a `value` of any type.
    Setting,
}

/// A command: made by the functions below, run by a server.
pub struct Command {
    pub(crate) name: &'static str,
    pub(crate) arguments: Shape,
    pub(crate) returns: Shape,
    pub(crate) oob: bool,
    pub(crate) changes: bool,
    /// What people see of it with `info`.
    pub(crate) info: Option<Info>,
    run: Run,
}

/// A command of the monitor that shows something: `info NAME`.
pub(crate) struct Info {
    pub(crate) name: &'static str,
    /// What it shows, in a few words.
    pub(crate) summary: &'static str,
    /// Lines that end in `\n`.
    pub(crate) text: Box<dyn Fn(&Model) -> String + Send + Sync>,
}

/// What a command is run with.
pub(crate) struct Call<'c> {
    pub(crate) dispatcher: &'c Dispatcher,
    pub(crate) client: &'c Arc<Peer>,
    pub(crate) arguments: Option<Node<'c>>,
    pub(crate) output: &'c mut JsonOutput,
}

/// A result that comes with descriptors (`SCM_RIGHTS`): see [`Command::handing`].
pub struct Handed<R> {
    /// The result.
    pub value: R,
    /// The descriptors, at most [`Handed::MOST`], which the result names by their place in this list.
    pub descriptors: Vec<Arc<OwnedFd>>,
    /// Dropped when the client leaves.
    pub kept: Box<dyn Any + Send>,
}

impl<R> Handed<R> {
    /// How many descriptors the kernel carries at once.
    pub const MOST: usize = MOST_DESCRIPTORS;
}

/// What is kept for a client until it leaves.
#[derive(Default)]
struct Kept(Vec<Box<dyn Any + Send>>);

/// Arguments of a command that takes none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nothing;

/// The result of a command that only succeeds: `{}`.
impl Value for Nothing {
    const TYPE: &'static ValueType = &ValueType::Struct(&qomet::StructType { name: "", members: &[] });

    fn read(input: &mut dyn qomet::Input) -> Result<Self, qomet::Failed> {
        input.begin_struct()?;
        let mut done = Ok(Nothing);
        while let Some(member) = input.next_member(&[]) {
            done = done.and(member.map(|_| Nothing));
        }
        input.end_struct();
        done
    }

    fn write(&self, output: &mut dyn Output) {
        output.begin_struct();
        output.end_struct();
    }

    fn placeholder() -> Self {
        Nothing
    }
}

/// A value of any type, as far as descriptions of types go: it is never read, and written by whoever knows the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnyValue;

impl Value for AnyValue {
    const TYPE: &'static ValueType = &ValueType::Alternate(&[]);

    fn read(_: &mut dyn qomet::Input) -> Result<Self, qomet::Failed> {
        Ok(AnyValue)
    }

    fn write(&self, output: &mut dyn Output) {
        output.null();
    }

    fn placeholder() -> Self {
        AnyValue
    }
}

impl Command {
    /// A command of typed arguments and a typed result.
    pub fn typed<A: Value, R: Value>(
        name: &'static str,
        run: impl Fn(&Model, A) -> Result<R, Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self::raw(name, Shape::Of(A::TYPE), Shape::Of(R::TYPE), move |call| {
            let arguments = call.read::<A>()?;
            run(call.model(), arguments)?.write(call.output);
            Ok(Done::Now)
        })
    }

    /// A command that only tells something.
    pub fn query<R: Value>(name: &'static str, run: impl Fn(&Model) -> R + Send + Sync + 'static) -> Self {
        Self::typed(name, move |model, Nothing| Ok(run(model))).read_only()
    }

    /// The same for what may take a while to find out: it is asked on a thread of its own, so that other clients are served
    /// meanwhile. It ends by itself, and is not a job.
    pub fn query_apart<R: Value>(
        name: &'static str,
        run: impl Fn(&Model) -> R + Send + Sync + 'static,
    ) -> Self {
        let run = Arc::new(run);
        let apart = move |call: &mut Call<'_>| {
            call.read::<Nothing>()?;
            let (run, model) = (Arc::clone(&run), call.model().clone());
            let write = move |output: &mut JsonOutput| {
                run(&model).write(output);
                Ok(())
            };
            Ok(Done::Soon(Box::new(write)))
        };
        Self::raw(name, Shape::Of(Nothing::TYPE), Shape::Of(R::TYPE), apart).read_only()
    }

    /// A command of typed arguments that hands descriptors to the client with its result. It is given the client's
    /// name, under which what it uses for the client may be kept in use.
    pub fn handing<A: Value, R: Value>(
        name: &'static str,
        run: impl Fn(&Model, A, &str) -> Result<Handed<R>, Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self::raw(name, Shape::Of(A::TYPE), Shape::Of(R::TYPE), move |call| {
            let arguments = call.read::<A>()?;
            if !call.client().takes_descriptors() {
                let what = "descriptors are handed to clients of a unix socket, which this is not";
                return Err(Refusal::custom("no-unix-socket", what));
            }
            let client = format!("QMP client {}", call.client().number());
            let Handed { value, descriptors, kept } = run(call.model(), arguments, &client)?;
            if descriptors.len() > MOST_DESCRIPTORS {
                let what = format!(
                    "{} descriptors are too many for one message, which carries {MOST_DESCRIPTORS}",
                    descriptors.len()
                );
                return Err(Refusal::custom("too-many-descriptors", what));
            }
            value.write(call.output);
            call.client().with(|all: &mut Kept| all.0.push(kept));
            Ok(if descriptors.is_empty() { Done::Now } else { Done::Handed(descriptors) })
        })
    }

    /// The same, declared to change nothing that another client could see. Only such commands are served where
    /// clients may only read; every other counts as one that changes something, because a mistake in that direction
    /// only refuses too much.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.changes = false;
        self
    }

    /// The same, shown to people too: `info NAME` of `human-monitor-command` answers with `text`, lines that end in
    /// `\n`, and lists it with the `summary`.
    #[must_use]
    pub fn with_info(
        mut self,
        name: &'static str,
        summary: &'static str,
        text: impl Fn(&Model) -> String + Send + Sync + 'static,
    ) -> Self {
        self.info = Some(Info { name, summary, text: Box::new(text) });
        self
    }

    pub(crate) fn raw(
        name: &'static str,
        arguments: Shape,
        returns: Shape,
        run: impl Fn(&mut Call<'_>) -> Result<Done, Refusal> + Send + Sync + 'static,
    ) -> Self {
        Command { name, arguments, returns, oob: false, changes: true, info: None, run: Box::new(run) }
    }

    /// The same, allowed out of band: it neither waits nor changes the model.
    pub(crate) fn out_of_band(mut self) -> Self {
        self.oob = true;
        self
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Command({})", self.name)
    }
}

impl Call<'_> {
    pub(crate) fn model(&self) -> &Model {
        &self.dispatcher.model
    }

    /// The client that asks. Work that is done later keeps a clone.
    pub(crate) fn client(&self) -> &Arc<Peer> {
        self.client
    }

    /// Has `work` done by a thread of its own: the one way for a command to take long. It is a job about `object`, an id
    /// or a name (empty: of none), until it ends; it tells its progress, and ends early when that is cancelled.
    pub(crate) fn job(
        &self,
        task: Task,
        command: &'static str,
        object: &str,
        work: impl FnOnce(&Arc<Progress>, &mut JsonOutput) -> Result<(), Refusal> + Send + 'static,
    ) -> Done {
        let job = self.dispatcher.jobs.start(&self.dispatcher.peers, task, command, object);
        Done::Later(Box::new(move |output: &mut JsonOutput| job.run(|progress| work(progress, output))))
    }

    /// Reads the arguments; everything that is wrong with them is reported.
    pub(crate) fn read<A: Value>(&self) -> Result<A, Refusal> {
        let mut report = Diagnostics::new();
        let read = match self.arguments {
            Some(node) => A::read(&mut TapeInput::new(node, Leniency::Strict, &mut report)),
            None => A::read(&mut NativeInput::new(&Native::Struct(Vec::new()), &mut report)),
        };
        let mut problems = report.take();
        if let (Ok(arguments), true) = (read, problems.is_empty()) {
            return Ok(arguments);
        }
        for problem in &mut problems {
            // Which argument: the name on the way to the place.
            let place = problem.place().map(|place| place.start as usize);
            let member = self.arguments.zip(place).and_then(|(node, start)| {
                node.members()
                    .find(|(key, value)| key.start() <= start && start < value.end().max(value.start() + 1))
            });
            let missing =
                (problem.code() == "missing-member").then(|| problem.problem().expected()).flatten();
            let about = problem.about_mut();
            match (member, missing) {
                _ if about.property.is_some() => {}
                (Some((key, _)), _) => about.property = key.str().map(|name| (*name).into()),
                (None, missing) => about.property = missing.map(Into::into),
            }
        }
        Err(problems.into())
    }
}

/// The commands of a server over one model.
pub struct Dispatcher {
    pub(crate) model: Model,
    /// The clients there are.
    pub(crate) peers: Arc<Peers>,
    commands: IndexMap<&'static str, Command, foldhash::fast::RandomState>,
    package: String,
    name: Option<String>,
    /// For clients that may change something, and for those that may not.
    schemas: [OnceLock<String>; 2],
    /// Where `x-explain` has its examples from.
    examples: Option<Examples>,
    /// The replies to `qom-list-properties`, by type.
    properties: HashMap<&'static str, OnceLock<String>, foldhash::fast::RandomState>,
    /// Set once somebody asked the program to end.
    quit: AtomicBool,
    /// What takes long.
    pub(crate) jobs: Arc<Jobs>,
}

impl Dispatcher {
    /// The commands about objects and the protocol itself; `package` names the program.
    #[must_use]
    pub fn new(model: Model, package: impl Into<String>) -> Self {
        let properties = model.registry().classes().map(|class| (class.name(), OnceLock::new())).collect();
        let mut dispatcher = Dispatcher {
            model,
            properties,
            peers: Arc::default(),
            commands: IndexMap::default(),
            package: package.into(),
            name: None,
            examples: None,
            schemas: Default::default(),
            quit: AtomicBool::new(false),
            jobs: Arc::default(),
        };
        dispatcher.extend(commands::all());
        dispatcher
    }

    /// Sets what `query-name` tells.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = Some(name.into());
    }

    /// Sets where `x-explain` has its examples from: many need types that only the program knows.
    pub fn set_examples(&mut self, of: fn(&str) -> Option<CodeExample>) {
        self.examples = Some(of);
    }

    /// The example of a code.
    pub(crate) fn example(&self, code: &str) -> Option<CodeExample> {
        self.examples?(code)
    }

    /// What `query-name` tells.
    pub(crate) fn guest_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A client has left.
    pub(crate) fn leave(&self, client: &Peer) {
        if self.peers.leave(client) {
            self.model.services().get::<qomet::Descriptors>().last_client_left();
        }
    }

    /// Adds commands; one with the name of another replaces it.
    pub fn extend(&mut self, commands: impl IntoIterator<Item = Command>) {
        self.commands.extend(commands.into_iter().map(|command| (command.name, command)));
    }

    /// The commands a client may use, in the order they were added.
    pub(crate) fn commands(&self, read_only: bool) -> impl Iterator<Item = &Command> {
        self.commands.values().filter(move |command| !(read_only && command.changes))
    }

    /// The name and version of the program.
    pub(crate) fn package(&self) -> &str {
        &self.package
    }

    /// The reply to `query-qmp-schema`, rendered once.
    pub(crate) fn schema(&self, read_only: bool) -> &str {
        let [all, reading] = &self.schemas;
        let schema = if read_only { reading } else { all };
        schema.get_or_init(|| schema::render(self, read_only))
    }

    /// Writes the reply to `qom-list-properties`, rendered once: what a type declares never changes.
    pub(crate) fn write_properties(&self, class: &Class, output: &mut JsonOutput) {
        match self.properties.get(class.name()) {
            Some(rendered) => output.rendered(rendered.get_or_init(|| commands::render_properties(class))),
            // A class of another registry.
            None => output.rendered(&commands::render_properties(class)),
        }
    }

    /// Asks the program to end.
    pub(crate) fn quit(&self) {
        self.quit.store(true, Ordering::Release);
    }

    /// Whether somebody asked the program to end.
    pub(crate) fn is_quitting(&self) -> bool {
        self.quit.load(Ordering::Acquire)
    }

    /// Cancels all work under way, and what is begun from now on.
    pub(crate) fn cancel_all(&self) {
        self.jobs.end();
    }

    /// The name of a command, if there is such a command.
    pub(crate) fn name(&self, command: &str) -> Option<&'static str> {
        self.commands.get(command).map(|command| command.name)
    }

    /// Finds the command of a request.
    ///
    /// # Errors
    /// There is none, it may not overtake others, or the client may not change anything.
    pub(crate) fn find(&self, request: &Envelope<'_>, read_only: bool) -> Result<&Command, Refusal> {
        let name = &*request.command;
        let Some(command) = self.commands.get(name) else {
            let nearest = qomet::nearest(name, self.commands.keys().copied());
            let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean '{nearest}'?"));
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            let refusal = Refusal::custom("unknown-command", format!("there is no command '{shown}'{hint}"));
            return Err(refusal.with_class(ErrorClass::CommandNotFound));
        };
        if request.oob && !command.oob {
            let what = format!("command '{name}' cannot be executed out of band");
            return Err(Refusal::custom("not-out-of-band", what));
        }
        if read_only && command.changes {
            // QEMU gives the same class to commands that were disabled.
            let what = format!("command '{name}' changes something, and this socket is for reading only");
            return Err(Refusal::custom("read-only-socket", what).with_class(ErrorClass::CommandNotFound));
        }
        Ok(command)
    }

    /// Runs a command.
    ///
    /// # Errors
    /// Why it is refused.
    pub(crate) fn run(
        &self,
        command: &Command,
        client: &Arc<Peer>,
        arguments: Option<Node<'_>>,
        output: &mut JsonOutput,
    ) -> Result<Done, Refusal> {
        (command.run)(&mut Call { dispatcher: self, client, arguments, output })
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("commands", &self.commands.len()).finish_non_exhaustive()
    }
}
