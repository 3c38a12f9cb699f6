//! Mistakes as an editor shows them.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use lsp_types::{
    CodeAction, CodeActionKind, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    NumberOrString, TextEdit, Uri, WorkspaceEdit,
};
use qomet::{Level, Model, Place, TypeRegistry};
use qomet_config::Documents;

use super::text::Text;

/// More than an editor can show; a file that is no document has no end of them.
const LIMIT: usize = 1000;

/// A mistake, and what would mend it.
pub(super) struct Finding {
    /// As it is shown.
    pub(super) shown: lsp_types::Diagnostic,
    /// The texts that belong in place of what is there, all together.
    repair: Option<Vec<TextEdit>>,
}

/// Every mistake of a document.
pub(super) fn check(registry: &Arc<TypeRegistry>, uri: &Uri, text: &Text, level: Level) -> Vec<Finding> {
    let mut documents = Documents::new();
    documents.add("", text.as_str());
    let model = Model::new(Arc::clone(registry));
    let plan = documents.plan(&model, level);
    plan.diagnostics().iter().take(LIMIT).map(|one| finding(one, uri, text)).collect()
}

fn finding(one: &qomet::Diagnostic, uri: &Uri, text: &Text) -> Finding {
    let at = |place: Option<Place>| text.range(place.map_or(0..0, bytes));
    let mut message = one.to_string();
    if let Some(help) = one.problem().help() {
        // Writing to a String cannot fail.
        let _ = write!(message, "\nhelp: {help}");
    }
    for note in one.related().iter().filter(|related| related.place.is_none()) {
        let _ = write!(message, "\nnote: {}", note.label);
    }
    let related = one.related().iter().filter(|related| related.place.is_some());
    let related: Vec<_> = related
        .map(|related| DiagnosticRelatedInformation {
            location: Location { uri: uri.clone(), range: at(related.place) },
            message: related.label.clone(),
        })
        .collect();
    let shown = lsp_types::Diagnostic {
        range: at(one.place()),
        severity: Some(if one.is_error() { DiagnosticSeverity::ERROR } else { DiagnosticSeverity::WARNING }),
        code: Some(NumberOrString::String(one.code().to_owned())),
        source: Some("qomet".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: (one.code() == "deprecated").then(|| vec![DiagnosticTag::DEPRECATED]),
        ..lsp_types::Diagnostic::default()
    };
    Finding { shown, repair: repair(one, text) }
}

/// The changes that mend it.
fn repair(one: &qomet::Diagnostic, text: &Text) -> Option<Vec<TextEdit>> {
    let place = bytes(one.place()?);
    let suggestion = one.problem().suggestion()?;
    let there = text.get(place.clone());
    let is_quoted = there.starts_with('"') && !suggestion.starts_with('"');
    let new_text = if is_quoted { serde_json::Value::from(suggestion).to_string() } else { suggestion };
    Some(vec![TextEdit { range: text.range(place), new_text }])
}

/// The repairs of what is wrong within `range`.
pub(super) fn actions(findings: &[Finding], uri: &Uri, range: lsp_types::Range) -> Vec<CodeAction> {
    let overlaps = |one: &&Finding| one.shown.range.start <= range.end && range.start <= one.shown.range.end;
    let action = |one: &Finding| {
        let edits = one.repair.clone()?;
        Some(CodeAction {
            title: title(&edits),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![one.shown.clone()]),
            edit: Some(changes(uri, edits)),
            is_preferred: Some(true),
            ..CodeAction::default()
        })
    };
    findings.iter().filter(overlaps).filter_map(action).collect()
}

fn title(edits: &[TextEdit]) -> String {
    match edits {
        [edit] if edit.new_text.is_empty() => "remove it".to_owned(),
        [edit] if edit.range.start == edit.range.end => format!("insert {}", edit.new_text.trim()),
        [edit] => format!("change to {}", edit.new_text.trim()),
        edits => format!("change {} places", edits.len()),
    }
}

#[allow(clippy::mutable_key_type, reason = "the type of the protocol's crate; nothing changes a key")]
fn changes(uri: &Uri, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some([(uri.clone(), edits)].into()), ..WorkspaceEdit::default() }
}

fn bytes(place: Place) -> Range<usize> {
    let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    index(place.start)..index(place.end)
}
