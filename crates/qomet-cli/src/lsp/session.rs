//! Messages in order.
//!
//! Documents are checked by another thread, one check at a time and only when no message is waiting: who types faster than
//! a large document is checked gets the mistakes of the last state, and completion without waiting for them. What asks for
//! mistakes is answered when they are known.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, OneOf, Position, RenameOptions, SaveOptions, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkDoneProgressOptions,
};
use qomet::TypeRegistry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::address::{Address, Key};
use super::check::{self, Finding};
use super::navigate::{self, Context};
use super::shape::{DidChange, DidOpen};
use super::wire::{self, Received};
use super::workspace::{Job, News, Workspace};
use super::{complete, hover};
use crate::outcome::{Outcome, Trouble};

/// What happens.
enum Event {
    Received(Received),
    /// A check is done.
    Found(Job, Vec<Vec<Finding>>),
    /// Nothing more comes.
    End(io::Result<()>),
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before `initialize`.
    New,
    Serving,
    /// After `shutdown`.
    Leaving,
}

struct Session<W> {
    output: W,
    registry: Arc<TypeRegistry>,
    stage: Stage,
    has_snippets: bool,
    watches_files: bool,
    workspace: Workspace,
    /// To the thread that checks.
    jobs: Sender<Job>,
    is_checking: bool,
    /// Questions for repairs, until it is known what is wrong.
    parked: Vec<(Request, Key)>,
}

/// Serves one editor until it says `exit` or goes away.
///
/// # Errors
/// What comes is not the protocol.
pub(super) fn serve(
    registry: TypeRegistry,
    input: impl BufRead + Send + 'static,
    output: impl Write,
) -> Result<Outcome, Trouble> {
    let registry = Arc::new(registry);
    let (events, happens) = channel();
    let jobs = start_checking(Arc::clone(&registry), events.clone())?;
    start_reading(input, events)?;
    let session = Session {
        output,
        registry,
        stage: Stage::New,
        has_snippets: false,
        watches_files: false,
        workspace: Workspace::default(),
        jobs,
        is_checking: false,
        parked: Vec::new(),
    };
    session.run(&happens)
}

/// Starts the thread that reads messages. It is not waited for: it ends with the input, or with the program.
fn start_reading(mut input: impl BufRead + Send + 'static, events: Sender<Event>) -> Result<(), Trouble> {
    let read = move || loop {
        let event = match wire::read(&mut input) {
            Ok(Some(received)) => Event::Received(received),
            Ok(None) => Event::End(Ok(())),
            Err(error) => Event::End(Err(error)),
        };
        let is_last = matches!(event, Event::End(_));
        if events.send(event).is_err() || is_last {
            return;
        }
    };
    start("messages", read)
}

/// Starts the thread that checks.
fn start_checking(registry: Arc<TypeRegistry>, events: Sender<Event>) -> Result<Sender<Job>, Trouble> {
    let (jobs, asked) = channel::<Job>();
    let check = move || {
        for job in asked {
            let findings = check::check(&registry, &job.documents, job.level);
            if events.send(Event::Found(job, findings)).is_err() {
                return;
            }
        }
    };
    start("checks", check)?;
    Ok(jobs)
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Trouble> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map(drop).map_err(|error| Trouble(format!("the host has no thread: {error}")))
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(vec!["\"".to_owned(), ":".to_owned()]),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

/// Why a request has no result.
struct Refused(ErrorCode, String);

impl<W: Write> Session<W> {
    /// Handles what happens until the end of it.
    fn run(mut self, happens: &Receiver<Event>) -> Result<Outcome, Trouble> {
        let mut waiting = VecDeque::new();
        loop {
            for event in happens.try_iter() {
                self.queue(event, &mut waiting)?;
            }
            if waiting.is_empty() {
                self.begin_check();
                // This has a sender itself only through the threads, which end last with an event.
                let Ok(event) = happens.recv() else { return Ok(Outcome::Fine) };
                self.queue(event, &mut waiting)?;
            }
            let Some(event) = waiting.pop_front() else { continue };
            if let Some(outcome) = self.handle(event)? {
                return Ok(outcome);
            }
        }
    }

    /// Puts an event behind those that wait. A request that is taken back need not be answered any more.
    fn queue(&mut self, event: Event, waiting: &mut VecDeque<Event>) -> Result<(), Trouble> {
        let Event::Received(Received::Message(Message::Notification(note))) = &event else {
            waiting.push_back(event);
            return Ok(());
        };
        if note.method != "$/cancelRequest" {
            waiting.push_back(event);
            return Ok(());
        }
        let Some(Ok(id)) = note.params.get("id").map(|id| serde_json::from_value::<RequestId>(id.clone()))
        else {
            return Ok(());
        };
        let is_it = |event: &Event| matches!(event, Event::Received(Received::Message(Message::Request(one))) if one.id == id);
        let before = waiting.len() + self.parked.len();
        waiting.retain(|event| !is_it(event));
        self.parked.retain(|(request, _)| request.id != id);
        if waiting.len() + self.parked.len() < before {
            self.refuse(id, Refused(ErrorCode::RequestCanceled, "it was cancelled".to_owned()))?;
        }
        Ok(())
    }

    /// Handles one event; says how the conversation ended, if it did.
    fn handle(&mut self, event: Event) -> Result<Option<Outcome>, Trouble> {
        match event {
            // Without `shutdown` before it, which the protocol wants told.
            Event::Received(Received::Message(Message::Notification(note))) if note.method == "exit" => {
                let said_so = self.stage == Stage::Leaving;
                return Ok(Some(if said_so { Outcome::Fine } else { Outcome::Rejected }));
            }
            Event::Received(Received::Message(Message::Notification(note))) => self.note(note)?,
            Event::Received(Received::Message(Message::Request(request))) => self.request(request)?,
            Event::Received(Received::Message(Message::Response(_))) => {}
            Event::Received(Received::Nonsense(answer)) => {
                wire::write_answer(&mut self.output, &answer).map_err(|error| broken(&error))?;
            }
            Event::Found(job, findings) => {
                self.is_checking = false;
                let news = self.workspace.finish(&job, findings);
                self.publish(news)?;
                self.answer_parked()?;
            }
            Event::End(Ok(())) if self.stage == Stage::New => {
                return Err(Trouble("the input ended before an editor said 'initialize'".to_owned()));
            }
            // An editor that goes away without a word.
            Event::End(Ok(())) => return Ok(Some(Outcome::Fine)),
            Event::End(Err(error)) => return Err(broken(&error)),
        }
        Ok(None)
    }

    fn send(&mut self, message: Message) -> Result<(), Trouble> {
        wire::write(&mut self.output, &message).map_err(|error| broken(&error))
    }

    fn refuse(&mut self, id: RequestId, Refused(code, message): Refused) -> Result<(), Trouble> {
        // The codes are small, as the protocol has it.
        self.send(Response::new_err(id, code as i32, message).into())
    }

    fn request(&mut self, request: Request) -> Result<(), Trouble> {
        let result = match (self.stage, request.method.as_str()) {
            (Stage::New, "initialize") => {
                let answer = self.initialize(&request.params);
                self.send(Response::new_ok(request.id, answer).into())?;
                return self
                    .configure(&request.params.get("initializationOptions").cloned().unwrap_or_default());
            }
            (Stage::New, _) => {
                let message = "the first request is 'initialize'".to_owned();
                Err(Refused(ErrorCode::ServerNotInitialized, message))
            }
            (Stage::Leaving, _) => {
                Err(Refused(ErrorCode::InvalidRequest, "after 'shutdown' comes only 'exit'".to_owned()))
            }
            (Stage::Serving, "initialize") => {
                Err(Refused(ErrorCode::InvalidRequest, "'initialize' was said before".to_owned()))
            }
            (Stage::Serving, "shutdown") => {
                self.stage = Stage::Leaving;
                Ok(Value::Null)
            }
            (Stage::Serving, "textDocument/codeAction") => match key_of(&request.params) {
                Ok(key) => {
                    self.parked.push((request, key));
                    return self.answer_parked();
                }
                Err(refused) => Err(refused),
            },
            (Stage::Serving, _) => self.answer(&request),
        };
        match result {
            Ok(result) => self.send(Response::new_ok(request.id, result).into()),
            Err(refused) => self.refuse(request.id, refused),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        let says = |pointer: &str| params.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        self.has_snippets = says("/capabilities/textDocument/completion/completionItem/snippetSupport");
        self.watches_files = says("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration");
        let given = |pointer: &str| params.pointer(pointer).and_then(Value::as_str);
        let root = given("/workspaceFolders/0/uri").or_else(|| given("/rootUri"));
        let root =
            root.and_then(|uri| Address::new(uri).path()).or_else(|| given("/rootPath").map(PathBuf::from));
        self.workspace = Workspace::new(&root.unwrap_or_default());
        self.stage = Stage::Serving;
        json!({
            "capabilities": capabilities(),
            "serverInfo": { "name": "qomet", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn answer(&self, request: &Request) -> Result<Value, Refused> {
        let params = &request.params;
        match request.method.as_str() {
            "textDocument/completion" => {
                self.at(params, |context, offset| complete::complete(context, offset, self.has_snippets))
            }
            "textDocument/hover" => self.at(params, hover::hover),
            "textDocument/definition" => self.at(params, navigate::definition),
            "textDocument/references" => {
                let wanted = params.pointer("/context/includeDeclaration").and_then(Value::as_bool);
                let wanted = wanted.unwrap_or(true);
                self.at(params, |context, offset| navigate::references(context, offset, wanted))
            }
            "textDocument/documentHighlight" => self.at(params, navigate::highlights),
            "textDocument/prepareRename" => self.at(params, navigate::renamable),
            "textDocument/rename" => {
                let new: String = member(params, "/newName")?;
                let Some((context, offset)) = self.place(params)? else { return Ok(Value::Null) };
                let edit = navigate::rename(&context, offset, &new);
                edit.map(|edit| json_of(&edit)).map_err(|why| Refused(ErrorCode::RequestFailed, why))
            }
            "textDocument/documentSymbol" => {
                let document = self.workspace.document(&key_of(params)?);
                Ok(document.map_or(Value::Null, |document| json_of(&navigate::symbols(&document.text))))
            }
            method => Err(Refused(ErrorCode::MethodNotFound, format!("there is no method '{method}'"))),
        }
    }

    /// Answers a request about a place; with nothing if the document is not open.
    fn at<T: Serialize>(
        &self,
        params: &Value,
        answer: impl FnOnce(&Context<'_>, usize) -> T,
    ) -> Result<Value, Refused> {
        Ok(self.place(params)?.map_or(Value::Null, |(context, offset)| json_of(&answer(&context, offset))))
    }

    /// The document and the offset that a request is about; none if the document is not open.
    fn place(&self, params: &Value) -> Result<Option<(Context<'_>, usize)>, Refused> {
        let position: Position = member(params, "/position")?;
        let key = key_of(params)?;
        let Some(here) = self.workspace.document(&key) else { return Ok(None) };
        let offset = here.text.offset(position);
        let others = self.workspace.others(&key);
        Ok(Some((Context { registry: &self.registry, here, others }, offset)))
    }

    /// Answers those who ask for repairs of what is known by now. Repairs of a text that is no longer there would spoil it.
    fn answer_parked(&mut self) -> Result<(), Trouble> {
        let mut still = Vec::new();
        for (request, key) in std::mem::take(&mut self.parked) {
            let result = match (self.workspace.document(&key), self.workspace.findings(&key)) {
                (None, _) => Ok(Value::Null),
                (Some(_), None) => {
                    still.push((request, key));
                    continue;
                }
                (Some(document), Some(findings)) => member(&request.params, "/range")
                    .map(|range| json_of(&check::actions(&findings, &document.address, range))),
            };
            match result {
                Ok(result) => self.send(Response::new_ok(request.id, result).into())?,
                Err(refused) => self.refuse(request.id, refused)?,
            }
        }
        self.parked = still;
        Ok(())
    }

    fn note(&mut self, note: Notification) -> Result<(), Trouble> {
        if self.stage != Stage::Serving {
            return Ok(());
        }
        // A notification has no answer, so one that says nothing is left alone.
        match note.method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(opened) = parse::<DidOpen>(note.params) {
                    self.workspace.open(opened.text_document);
                }
            }
            "textDocument/didChange" => {
                if let Ok(changed) = parse::<DidChange>(note.params) {
                    let key = Address::new(changed.text_document.uri).key();
                    let version = changed.text_document.version;
                    self.workspace.change(&key, version, &changed.content_changes);
                }
            }
            "textDocument/didSave" => {
                if let Ok(key) = key_of(&note.params) {
                    self.workspace.save(&key);
                }
            }
            "textDocument/didClose" => {
                if let Ok(key) = key_of(&note.params) {
                    self.workspace.close(&key);
                    self.answer_parked()?;
                }
            }
            "workspace/didChangeWatchedFiles" => self.workspace.files_changed(),
            "workspace/didChangeConfiguration" => {
                let settings = note.params.get("settings").cloned().unwrap_or_default();
                return self.configure(settings.get("qomet").unwrap_or(&settings));
            }
            _ => {}
        }
        let gone = self.workspace.forget();
        self.publish(gone)
    }

    fn configure(&mut self, settings: &Value) -> Result<(), Trouble> {
        if let Err(message) = self.workspace.configure(settings) {
            const ERROR: u8 = 1;
            let params = json!({ "type": ERROR, "message": format!("qomet: {message}") });
            self.send(Notification::new("window/showMessage".to_owned(), params).into())?;
        }
        let gone = self.workspace.forget();
        self.publish(gone)?;
        self.watch()
    }

    /// Asks to be told when files of the sets change.
    fn watch(&mut self) -> Result<(), Trouble> {
        let patterns = self.workspace.watched();
        if !self.watches_files || patterns.is_empty() {
            return Ok(());
        }
        let watchers: Vec<Value> = patterns.iter().map(|pattern| json!({ "globPattern": pattern })).collect();
        let registration = json!({
            "id": "together",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        let id = "together".to_owned().into();
        self.send(Request::new(id, "client/registerCapability".to_owned(), params).into())
    }

    /// Has the next document checked, unless one is being checked.
    fn begin_check(&mut self) {
        if self.is_checking || self.stage != Stage::Serving {
            return;
        }
        if let Some(job) = self.workspace.next_job() {
            self.is_checking = self.jobs.send(job).is_ok();
        }
    }

    fn publish(&mut self, news: Vec<News>) -> Result<(), Trouble> {
        for News { address, version, findings } in news {
            let shown: Vec<_> = findings.into_iter().map(|one| one.shown).collect();
            let mut params = json!({ "uri": address, "diagnostics": shown });
            if let (Some(version), Some(params)) = (version, params.as_object_mut()) {
                params.insert("version".to_owned(), version.into());
            }
            self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params).into())?;
        }
        Ok(())
    }
}

fn broken(error: &io::Error) -> Trouble {
    Trouble(format!("the editor's messages: {error}"))
}

/// The document that a message is about.
fn key_of(params: &Value) -> Result<Key, Refused> {
    let uri: String = member(params, "/textDocument/uri")?;
    Ok(Address::new(uri).key())
}

fn member<T: DeserializeOwned>(params: &Value, pointer: &str) -> Result<T, Refused> {
    let value = params.pointer(pointer).cloned();
    let missing = || Refused(ErrorCode::InvalidParams, format!("'{pointer}' is missing"));
    parse(value.ok_or_else(missing)?)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|error| Refused(ErrorCode::InvalidParams, error.to_string()))
}

/// The types of the protocol have names for keys, so that nothing can be wrong.
fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
