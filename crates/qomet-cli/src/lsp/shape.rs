//! The shapes of the protocol in which addresses stand.
//!
//! Those without come from lsp-types; why not these too: see [`address`](super::address).

use std::collections::BTreeMap;

use lsp_types::{
    CodeActionKind, DiagnosticSeverity, DiagnosticTag, Range, TextDocumentContentChangeEvent, TextEdit,
};
use serde::{Deserialize, Serialize};

use super::address::Address;

/// A place in a document.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Location {
    pub(super) uri: Address,
    pub(super) range: Range,
}

/// A mistake.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Diagnostic {
    pub(super) range: Range,
    pub(super) severity: DiagnosticSeverity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    pub(super) source: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_information: Vec<Related>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<DiagnosticTag>,
}

/// A place that has to do with a mistake.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Related {
    pub(super) location: Location,
    pub(super) message: String,
}

/// A change that an editor offers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeAction {
    pub(super) title: String,
    pub(super) kind: CodeActionKind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) edit: WorkspaceEdit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_preferred: Option<bool>,
}

/// Changes, by address.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct WorkspaceEdit {
    pub(super) changes: BTreeMap<String, Vec<TextEdit>>,
}

impl WorkspaceEdit {
    /// Of one document.
    pub(super) fn of(address: &Address, edits: Vec<TextEdit>) -> Self {
        WorkspaceEdit { changes: BTreeMap::from([(address.as_str().to_owned(), edits)]) }
    }
}

/// `textDocument/didOpen`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidOpen {
    pub(super) text_document: Opened,
}

/// A document as an editor opens it.
#[derive(Debug, Deserialize)]
pub(super) struct Opened {
    pub(super) uri: String,
    pub(super) version: i32,
    pub(super) text: String,
}

/// `textDocument/didChange`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidChange {
    pub(super) text_document: Changed,
    pub(super) content_changes: Vec<TextDocumentContentChangeEvent>,
}

/// A document and its state.
#[derive(Debug, Deserialize)]
pub(super) struct Changed {
    pub(super) uri: String,
    pub(super) version: i32,
}
