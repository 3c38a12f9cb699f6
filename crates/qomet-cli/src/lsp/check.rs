//! Mistakes as an editor shows them.
//!
//! Documents that belong together are checked together, as `check` does when it is given several files.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use lsp_types::{CodeActionKind, DiagnosticSeverity, DiagnosticTag, TextEdit};
use qomet::{Applicability, Edit, Level, Model, Place, TypeRegistry};
use qomet_config::Documents;

use super::address::Address;
use super::shape::{CodeAction, Diagnostic, Location, Related, WorkspaceEdit};
use super::text::Text;

/// More than an editor can show; a file that is no document has no end of them.
const LIMIT: usize = 1000;

/// A mistake, and what would mend it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// As it is shown.
    pub(super) shown: Diagnostic,
    /// The changes that would mend it.
    repair: Option<Repaired>,
}

/// Changes of the text, all together, none over another.
#[derive(Clone, Debug)]
struct Repaired {
    edits: Vec<TextEdit>,
    is_certain: bool,
}

/// A document to be checked.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) address: Address,
    pub(super) text: Arc<Text>,
}

/// Every mistake in documents that belong together, by document.
pub(super) fn check(registry: &Arc<TypeRegistry>, all: &[Checked], level: Level) -> Vec<Vec<Finding>> {
    let mut documents = Documents::new();
    for one in all {
        documents.add("", one.text.as_str());
    }
    let model = Model::new(Arc::clone(registry));
    let plan = documents.plan(&model, level);
    let mut findings = vec![Vec::new(); all.len()];
    let mut more = vec![0_usize; all.len()];
    for one in plan.diagnostics() {
        // What has no place is told where an editor shows the beginning.
        let number = one.place().map_or(0, number);
        let (Some(findings), Some(more)) = (findings.get_mut(number), more.get_mut(number)) else { continue };
        match findings.len() < LIMIT {
            true => findings.extend(finding(one, number, all)),
            false => *more += 1,
        }
    }
    for (findings, more) in findings.iter_mut().zip(more).filter(|(_, more)| *more > 0) {
        findings.push(rest(more));
    }
    findings
}

/// Says that there is more than is shown.
fn rest(more: usize) -> Finding {
    let message = format!("the first {LIMIT} mistakes are shown, and not {more} more");
    let shown = Diagnostic {
        range: lsp_types::Range::default(),
        severity: DiagnosticSeverity::INFORMATION,
        code: None,
        source: "qomet",
        message,
        related_information: Vec::new(),
        tags: Vec::new(),
    };
    Finding { shown, repair: None }
}

/// Of the document of that number.
fn finding(one: &qomet::Diagnostic, document: usize, all: &[Checked]) -> Option<Finding> {
    let text = &all.get(document)?.text;
    let mut message = one.to_string();
    if let Some(help) = one.problem().help() {
        // Writing to a String cannot fail.
        let _ = write!(message, "\nhelp: {help}");
    }
    for note in one.related().iter().filter(|related| related.place.is_none()) {
        let _ = write!(message, "\nnote: {}", note.label);
    }
    let related = one.related().iter().filter_map(|related| {
        let place = related.place?;
        let there = all.get(number(place))?;
        let location = Location { uri: there.address.clone(), range: there.text.range(bytes(place)) };
        Some(Related { location, message: related.label.clone() })
    });
    let shown = Diagnostic {
        range: text.range(one.place().map_or(0..0, bytes)),
        severity: if one.is_error() { DiagnosticSeverity::ERROR } else { DiagnosticSeverity::WARNING },
        code: Some(one.code().to_owned()),
        source: "qomet",
        message,
        related_information: related.collect(),
        tags: if one.code() == "deprecated" { vec![DiagnosticTag::DEPRECATED] } else { Vec::new() },
    };
    let edit = |edit: &Edit| TextEdit { range: text.range(bytes(edit.place)), new_text: edit.text.clone() };
    let repair = one.repair().map(|repair| Repaired {
        edits: repair.edits.iter().map(edit).collect(),
        is_certain: repair.applicability == Applicability::Certain,
    });
    Some(Finding { shown, repair })
}

/// The repairs of what is wrong within `range`; and one that does all that are certain, wherever they are.
pub(super) fn actions(findings: &[Finding], address: &Address, range: lsp_types::Range) -> Vec<CodeAction> {
    let overlaps = |one: &&Finding| one.shown.range.start <= range.end && range.start <= one.shown.range.end;
    let action = |one: &Finding| {
        let Repaired { edits, is_certain } = one.repair.as_ref()?;
        Some(CodeAction {
            title: title(edits),
            kind: CodeActionKind::QUICKFIX,
            diagnostics: vec![one.shown.clone()],
            edit: WorkspaceEdit::of(address, edits.clone()),
            is_preferred: Some(*is_certain),
        })
    };
    let all = certain(findings);
    let all = (!all.is_empty()).then(|| CodeAction {
        title: "make every repair that is certain".to_owned(),
        kind: CodeActionKind::SOURCE_FIX_ALL,
        diagnostics: Vec::new(),
        edit: WorkspaceEdit::of(address, all),
        is_preferred: None,
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

/// The number of the document in which a place is.
fn number(place: Place) -> usize {
    usize::try_from(place.source).unwrap_or(usize::MAX)
}

fn bytes(place: Place) -> Range<usize> {
    let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    index(place.start)..index(place.end)
}
