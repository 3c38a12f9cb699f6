//! Diagnostics as text for a terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use qomet::{Diagnostic, Related, Severity};

use super::excerpt::Excerpt;
use crate::source::Sources;

/// Draws each diagnostic as rustc would: message, place, source line with a mark, related places, help.
///
/// `colour` adds terminal colours; whether they are wanted is for the caller to know. Control characters of the
/// source and of names are shown as pictures, never written to the terminal.
pub fn render_human<'a>(
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    sources: &Sources,
    colour: bool,
) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(diagnostic, sources)]));
        out.push('\n');
    }
    out
}

fn group<'a>(diagnostic: &Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = diagnostic.to_string();
    let about = note_about(diagnostic, &message);
    let mut group = Group::with_title(level.primary_title(message).id(diagnostic.code()));
    if let Some(excerpt) = diagnostic.place().and_then(|place| Excerpt::new(place, sources)) {
        group = draw(group, excerpt, AnnotationKind::Primary, None);
    }
    for related in diagnostic.related() {
        group = draw_related(group, related, sources);
    }
    if let Some(note) = about {
        group = group.element(Level::NOTE.message(note));
    }
    if let Some(help) = diagnostic.problem().help() {
        group = group.element(Level::HELP.message(help));
    }
    group
}

/// Which object, where the message does not name it.
fn note_about(diagnostic: &Diagnostic, message: &str) -> Option<String> {
    let about = diagnostic.about();
    let id = about.object.as_deref().filter(|id| !message.contains(*id))?;
    let id: String = id.chars().take(80).collect();
    Some(match &about.type_name {
        Some(type_name) => format!("in object '{id}' of type '{type_name}'"),
        None => format!("in object '{id}'"),
    })
}

fn draw_related<'a>(group: Group<'a>, related: &Related, sources: &'a Sources) -> Group<'a> {
    match related.place.and_then(|place| Excerpt::new(place, sources)) {
        Some(excerpt) => draw(group, excerpt, AnnotationKind::Context, Some(related.label.clone())),
        None => {
            let note = match &related.about.object {
                Some(id) => format!("{}: object '{id}'", related.label),
                None => related.label.clone(),
            };
            group.element(Level::NOTE.message(note))
        }
    }
}

fn draw<'a>(
    group: Group<'a>,
    excerpt: Excerpt<'a>,
    kind: AnnotationKind,
    label: Option<String>,
) -> Group<'a> {
    let origin =
        Origin::path(excerpt.source.name()).line(excerpt.start.line).char_column(excerpt.start.column);
    let snippet = Snippet::source(excerpt.text)
        .line_start(excerpt.start.line)
        .annotation(kind.span(excerpt.mark).label(label));
    group.element(origin).element(snippet)
}
