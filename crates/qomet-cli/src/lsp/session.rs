//! Messages in order, and the documents that are open.
//!
//! Mistakes are told when no message is waiting: who types faster than a large document is checked gets the mistakes of
//! the last state, not of every one in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, InitializeParams, OneOf, Position, PublishDiagnosticsParams, SaveOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, Uri,
};
use qomet::{Level, TypeRegistry};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::check::{self, Finding};
use super::text::Text;
use super::{complete, hover, navigate};
use crate::outcome::{Outcome, Trouble};

/// When the host is asked whether it can do what a document wants; it is only read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HostChecks {
    Never,
    #[default]
    OnSave,
    OnChange,
}

/// A document that is open in the editor.
struct Open {
    uri: Uri,
    version: i32,
    text: Text,
    /// Whether the text is as the last save left it.
    is_saved: bool,
    /// The mistakes of this text; none while they are not looked for.
    findings: Option<Vec<Finding>>,
}

struct Session<'c> {
    connection: &'c Connection,
    registry: Arc<TypeRegistry>,
    has_snippets: bool,
    host_checks: HostChecks,
    /// By address.
    documents: BTreeMap<String, Open>,
}

/// Serves one editor until it says `exit` or goes away.
///
/// # Errors
/// What comes is not the protocol.
pub(super) fn serve(registry: TypeRegistry, connection: &Connection) -> Result<Outcome, Trouble> {
    let broken = |error: &dyn std::fmt::Display| Trouble(format!("the editor's messages: {error}"));
    let (id, params) =
        connection.initialize_start().map_err(|error| match error.channel_is_disconnected() {
            true => Trouble("the input ended before an editor said 'initialize'".to_owned()),
            false => broken(&error),
        })?;
    let answer = json!({
        "capabilities": capabilities(),
        "serverInfo": { "name": "qomet", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer).map_err(|error| broken(&error))?;
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let completion = params.capabilities.text_document.and_then(|all| all.completion);
    let item = completion.and_then(|completion| completion.completion_item);
    let mut session = Session {
        connection,
        registry: Arc::new(registry),
        has_snippets: item.and_then(|item| item.snippet_support).unwrap_or(false),
        host_checks: HostChecks::default(),
        documents: BTreeMap::new(),
    };
    session.configure(&params.initialization_options.unwrap_or_default());
    session.run().map_err(|error| broken(&error))
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
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

impl Session<'_> {
    /// Handles messages until the end of them. What cannot be sent ends it too: nobody is there.
    fn run(&mut self) -> Result<Outcome, lsp_server::ProtocolError> {
        loop {
            let message = match self.connection.receiver.try_recv() {
                Ok(message) => message,
                Err(_) => {
                    self.tell_mistakes();
                    match self.connection.receiver.recv() {
                        Ok(message) => message,
                        Err(_) => return Ok(Outcome::Fine),
                    }
                }
            };
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request)? {
                        return Ok(Outcome::Fine);
                    }
                    let response = self.answer(&request);
                    self.send(response.into());
                }
                // Without `shutdown` before it, which the protocol wants told.
                Message::Notification(one) if one.method == "exit" => return Ok(Outcome::Rejected),
                Message::Notification(one) => self.note(one),
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) {
        // An editor that is gone sends nothing more either, which ends the loop.
        let _ = self.connection.sender.send(message);
    }

    fn answer(&mut self, request: &Request) -> Response {
        let result = match request.method.as_str() {
            "textDocument/completion" => self.at(&request.params, |session, open, offset| {
                json_of(&complete::complete(&session.registry, &open.text, offset, session.has_snippets))
            }),
            "textDocument/hover" => self.at(&request.params, |session, open, offset| {
                hover::hover(&session.registry, &open.text, offset)
                    .map_or(Value::Null, |hover| json_of(&hover))
            }),
            "textDocument/definition" => self.at(&request.params, |session, open, offset| {
                let found = navigate::definition(&session.registry, &open.uri, &open.text, offset);
                found.map_or(Value::Null, |location| json_of(&location))
            }),
            "textDocument/documentSymbol" => self
                .document(&request.params)
                .map(|open| open.map_or(Value::Null, |open| json_of(&navigate::symbols(&open.text)))),
            "textDocument/codeAction" => self.actions(&request.params),
            method => {
                let message = format!("there is no method '{method}'");
                return error(request, ErrorCode::MethodNotFound, message);
            }
        };
        match result {
            Ok(result) => Response::new_ok(request.id.clone(), result),
            Err(message) => error(request, ErrorCode::InvalidParams, message),
        }
    }

    /// The document that a request is about; none if it is not open.
    fn document(&self, params: &Value) -> Result<Option<&Open>, String> {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str);
        let uri = uri.ok_or("'textDocument.uri' is missing")?;
        Ok(self.documents.get(uri))
    }

    /// Answers a request about a place; with null if the document is not open.
    fn at(&self, params: &Value, answer: impl FnOnce(&Self, &Open, usize) -> Value) -> Result<Value, String> {
        let position: Position = member(params, "/position")?;
        let open = self.document(params)?;
        Ok(open.map_or(Value::Null, |open| answer(self, open, open.text.offset(position))))
    }

    fn actions(&mut self, params: &Value) -> Result<Value, String> {
        let range: lsp_types::Range = member(params, "/range")?;
        // Repairs of a text that is no longer there would spoil it.
        self.tell_mistakes();
        let Some(open) = self.document(params)? else { return Ok(Value::Null) };
        let findings = open.findings.as_deref().unwrap_or_default();
        Ok(json_of(&check::actions(findings, &open.uri, range)))
    }

    fn note(&mut self, note: Notification) {
        // A notification has no answer, so one that says nothing is left alone.
        let _ = match note.method.as_str() {
            "textDocument/didOpen" => self.open(note.params),
            "textDocument/didChange" => self.change(note.params),
            "textDocument/didSave" => self.save(&note.params),
            "textDocument/didClose" => self.close(&note.params),
            "workspace/didChangeConfiguration" => {
                let settings = note.params.get("settings").cloned().unwrap_or_default();
                self.configure(settings.get("qomet").unwrap_or(&settings));
                self.documents.values_mut().for_each(|open| open.findings = None);
                Ok(())
            }
            _ => Ok(()),
        };
    }

    /// Takes over settings: `{"hostChecks": "never" | "onSave" | "onChange"}`.
    fn configure(&mut self, settings: &Value) {
        match settings.get("hostChecks").and_then(Value::as_str) {
            Some("never") => self.host_checks = HostChecks::Never,
            Some("onSave") => self.host_checks = HostChecks::OnSave,
            Some("onChange") => self.host_checks = HostChecks::OnChange,
            _ => {}
        }
    }

    fn open(&mut self, params: Value) -> Result<(), String> {
        let params: lsp_types::DidOpenTextDocumentParams = parse(params)?;
        let document = params.text_document;
        let key = document.uri.as_str().to_owned();
        let text = Text::new(document.text);
        let open =
            Open { uri: document.uri, version: document.version, text, is_saved: false, findings: None };
        self.documents.insert(key, open);
        Ok(())
    }

    fn change(&mut self, params: Value) -> Result<(), String> {
        let params: lsp_types::DidChangeTextDocumentParams = parse(params)?;
        let document = params.text_document;
        let open = self.documents.get_mut(document.uri.as_str()).ok_or("it is not open")?;
        for change in params.content_changes {
            open.text.change(change.range, &change.text);
        }
        open.version = document.version;
        open.is_saved = false;
        open.findings = None;
        Ok(())
    }

    fn save(&mut self, params: &Value) -> Result<(), String> {
        let uri: String = member(params, "/textDocument/uri")?;
        let open = self.documents.get_mut(&uri).ok_or("it is not open")?;
        open.is_saved = true;
        open.findings = None;
        Ok(())
    }

    /// What was wrong with a document that is closed is nobody's concern any more.
    fn close(&mut self, params: &Value) -> Result<(), String> {
        let uri: String = member(params, "/textDocument/uri")?;
        let open = self.documents.remove(&uri).ok_or("it is not open")?;
        self.publish(&open.uri, None, Vec::new());
        Ok(())
    }

    /// Looks for the mistakes of the documents that changed, and tells them.
    fn tell_mistakes(&mut self) {
        let mut news = Vec::new();
        for open in self.documents.values_mut().filter(|open| open.findings.is_none()) {
            let level = match self.host_checks {
                HostChecks::OnChange => Level::Host,
                HostChecks::OnSave if open.is_saved => Level::Host,
                HostChecks::OnSave | HostChecks::Never => Level::Graph,
            };
            let findings = check::check(&self.registry, &open.uri, &open.text, level);
            let shown = findings.iter().map(|one| one.shown.clone()).collect();
            open.findings = Some(findings);
            news.push((open.uri.clone(), open.version, shown));
        }
        for (uri, version, shown) in news {
            self.publish(&uri, Some(version), shown);
        }
    }

    fn publish(&self, uri: &Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) {
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version };
        self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params).into());
    }
}

fn error(request: &Request, code: ErrorCode, message: String) -> Response {
    // The codes are small, as the protocol has it.
    Response::new_err(request.id.clone(), code as i32, message)
}

fn member<T: DeserializeOwned>(params: &Value, pointer: &str) -> Result<T, String> {
    parse(params.pointer(pointer).cloned().ok_or_else(|| format!("'{pointer}' is missing"))?)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// The types of the protocol have names for keys, so that nothing can be wrong.
fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
