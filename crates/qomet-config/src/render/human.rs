//! Diagnostics as text for a terminal.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use qomet::{Diagnostic, Related, Severity};

use super::excerpt::Excerpt;
use crate::source::Sources;
use crate::syntax_error::Shown;

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
        let drawn = renderer.render(&[group(diagnostic, sources)]);
        out.extend(drawn.lines().filter(|line| !is_empty_origin(line)).flat_map(|line| [line, "\n"]));
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
    let mut span = diagnostic.place();
    let (mut same, mut elsewhere, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for one in diagnostic.related() {
        let Some(place) = one.place else {
            notes.push(note_related(one));
            continue;
        };
        match span.and_then(|span| Excerpt::span(span, place, sources)) {
            Some(both) => {
                span = Some(both);
                same.push((place, one.label.clone()));
            }
            None => elsewhere.push((place, one.label.clone())),
        }
    }
    if let (Some(place), Some(span)) = (diagnostic.place(), span)
        && let Some(excerpt) = Excerpt::spanning(place, span, sources)
    {
        let beside = |(place, label)| Some((Excerpt::spanning(place, span, sources)?, label));
        let same = same.into_iter().filter_map(beside).collect();
        group = draw(group, excerpt, AnnotationKind::Primary, None, same);
    }
    for (place, label) in elsewhere {
        if let Some(excerpt) = Excerpt::new(place, sources) {
            group = draw(group, excerpt, AnnotationKind::Context, Some(label), Vec::new());
        }
    }
    for note in notes {
        group = group.element(Level::NOTE.message(note));
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
    let id = Shown(about.object.as_deref()?);
    if message.contains(&format!("'{id}'")) {
        return None;
    }
    Some(match &about.type_name {
        Some(type_name) => format!("in object '{id}' of type '{type_name}'"),
        None => format!("in object '{id}'"),
    })
}

fn note_related(related: &Related) -> String {
    match &related.about.object {
        Some(id) => format!("{}: object '{}'", related.label, Shown(id)),
        None => related.label.clone(),
    }
}

fn draw<'a>(
    group: Group<'a>,
    excerpt: Excerpt<'a>,
    kind: AnnotationKind,
    label: Option<String>,
    others: Vec<(Excerpt<'a>, String)>,
) -> Group<'a> {
    let (name, line) = (excerpt.source.name(), excerpt.start.line);
    let mut snippet = Snippet::source(excerpt.text).line_start(line);
    snippet = snippet.annotation(kind.span(excerpt.mark).label(label));
    for (other, label) in others {
        snippet = snippet.annotation(AnnotationKind::Context.span(other.mark).label(label));
    }
    if excerpt.source.is_line() {
        group.element(Origin::path(format!("{name}, byte {}", excerpt.offset))).element(snippet)
    } else if excerpt.cut {
        // The column of a piece would be that within the piece.
        let origin = Origin::path(name).line(line).char_column(excerpt.start.column);
        group.element(origin).element(snippet)
    } else {
        group.element(snippet.path(name))
    }
}

/// Whether a drawn line is the `:::` that stands above a snippet whose place was drawn by itself.
fn is_empty_origin(line: &str) -> bool {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let visible = parts.map(|part| part.split_once('m').map_or("", |(_, text)| text));
    std::iter::once(first).chain(visible).collect::<String>().trim() == ":::"
}
