//! Mistakes as an editor shows them.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use lsp_types::{
    CodeAction, CodeActionKind, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    NumberOrString, TextEdit, Uri, WorkspaceEdit,
};
use qomet::{Applicability, Edit, Level, Model, Place, TypeRegistry};
use qomet_config::Documents;

use super::text::Text;

/// More than an editor can show; a file that is no document has no end of them.
const LIMIT: usize = 1000;

/// A mistake, and what would mend it.
pub(super) struct Finding {
    /// As it is shown.
    pub(super) shown: lsp_types::Diagnostic,
    /// The changes that would mend it.
    repair: Option<Repaired>,
}

/// Changes of the text, all together, none over another.
struct Repaired {
    edits: Vec<TextEdit>,
    is_certain: bool,
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
    let edit = |edit: &Edit| TextEdit { range: text.range(bytes(edit.place)), new_text: edit.text.clone() };
    let repair = one.repair().map(|repair| Repaired {
        edits: repair.edits.iter().map(edit).collect(),
        is_certain: repair.applicability == Applicability::Certain,
    });
    Finding { shown, repair }
}

/// The repairs of what is wrong within `range`; and one that does all that are certain, wherever they are.
pub(super) fn actions(findings: &[Finding], uri: &Uri, range: lsp_types::Range) -> Vec<CodeAction> {
    let overlaps = |one: &&Finding| one.shown.range.start <= range.end && range.start <= one.shown.range.end;
    let action = |one: &Finding| {
        let Repaired { edits, is_certain } = one.repair.as_ref()?;
        Some(CodeAction {
            title: title(edits),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![one.shown.clone()]),
            edit: Some(changes(uri, edits.clone())),
            is_preferred: Some(*is_certain),
            ..CodeAction::default()
        })
    };
    let all = certain(findings);
    let all = (!all.is_empty()).then(|| CodeAction {
        title: "make every repair that is certain".to_owned(),
        kind: Some(CodeActionKind::SOURCE_FIX_ALL),
        edit: Some(changes(uri, all)),
        ..CodeAction::default()
    });
    findings.iter().filter(overlaps).filter_map(action).chain(all).collect()
}

/// The changes of all certain repairs. Of two that overlap the first is made: the other is offered when that is done.
fn certain(findings: &[Finding]) -> Vec<TextEdit> {
    let mut all: Vec<TextEdit> = Vec::new();
    let repairs = findings.iter().filter_map(|one| one.repair.as_ref()).filter(|repair| repair.is_certain);
    for repair in repairs {
        let meets = |one: &TextEdit| all.iter().any(|other| meet(one.range, other.range));
        if !repair.edits.iter().any(meets) {
            all.extend(repair.edits.iter().cloned());
        }
    }
    all
}

/// Whether two ranges overlap or touch.
fn meet(one: lsp_types::Range, other: lsp_types::Range) -> bool {
    one.start <= other.end && other.start <= one.end
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
