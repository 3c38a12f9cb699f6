//! How what may stand somewhere is written, in the language of the document.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTag, CompletionTextEdit, Documentation,
    InsertTextFormat, MarkupContent, MarkupKind, TextEdit,
};
use qomet::{Class, Property, StructType, ValueType};
use qomet_config::{Language, Spot};

use super::text::Text;

/// Writes proposals for one place.
pub(super) struct Writer<'a> {
    pub(super) text: &'a Text,
    pub(super) spot: &'a Spot<'a>,
    pub(super) language: Language,
    /// Whether the editor takes places to fill in.
    pub(super) has_snippets: bool,
}

/// A proposal before it is written.
pub(super) struct Proposal<'a> {
    /// What is shown and looked for.
    pub(super) label: &'a str,
    pub(super) kind: CompletionItemKind,
    /// What stands beside it in a word or two.
    pub(super) detail: String,
    /// Markdown.
    pub(super) documentation: String,
    /// What comes first has the smaller one.
    pub(super) rank: u8,
    pub(super) deprecated: bool,
}

impl Writer<'_> {
    /// A whole bag of a type, with what must be given.
    pub(super) fn bag(&self, class: &Class, proposal: &Proposal<'_>) -> CompletionItem {
        let required: Vec<_> = class.properties().iter().filter(|one| one.is_required()).collect();
        let mut body = match self.language {
            Language::Ini => {
                format!("[object \"{}\"]\n  qom-type = \"{}\"", self.hole(1, "id"), class.name())
            }
            _ => format!("{{\"qom-type\": \"{}\", \"id\": \"{}\"", class.name(), self.hole(1, "id")),
        };
        for (number, property) in required.iter().enumerate() {
            let value = self.empty_value(property.value_type, number + 2);
            body.push_str(&match self.language {
                Language::Ini => format!("\n  {} = {value}", property.name),
                _ => format!(", \"{}\": {value}", property.name),
            });
        }
        if self.language != Language::Ini {
            body.push_str(&format!("}}{}", self.comma()));
        }
        self.item(proposal, body)
    }

    /// The name of a member; with a place for its value, unless that is there.
    pub(super) fn name(&self, kind: Option<&ValueType>, proposal: &Proposal<'_>) -> CompletionItem {
        let label = proposal.label;
        let body = match (self.language, self.spot.is_followed) {
            (Language::Ini, true) => label.to_owned(),
            (Language::Ini, false) => format!("{label} = \"{}\"", self.hole(1, "")),
            (_, true) => format!("\"{label}\""),
            (_, false) => {
                let value = kind.map_or_else(|| self.hole(1, ""), |kind| self.empty_value(kind, 1));
                format!("\"{label}\": {value}{}", self.comma())
            }
        };
        self.item(proposal, body)
    }

    /// The name of a type as a value, with what bags of it must have and this one has not. Without places to fill in it is
    /// the name alone: what is empty would be wrong.
    pub(super) fn type_name(
        &self,
        class: &Class,
        given: &[String],
        proposal: &Proposal<'_>,
    ) -> CompletionItem {
        let mut body = format!("\"{}\"", class.name());
        let is_missing = |name: &str| self.has_snippets && !given.iter().any(|given| given == name);
        let mut number = 1;
        if is_missing("id") && self.language != Language::Ini {
            body.push_str(&format!(", \"id\": \"{}\"", self.hole(number, "id")));
            number += 1;
        }
        let required = class.properties().iter().filter(|one| one.is_required() && is_missing(one.name));
        for property in required {
            let value = self.empty_value(property.value_type, number);
            body.push_str(&match self.language {
                Language::Ini => format!("\n  {} = {value}", property.name),
                _ => format!(", \"{}\": {value}", property.name),
            });
            number += 1;
        }
        if self.language != Language::Ini {
            body.push_str(self.comma());
        }
        self.item(proposal, body)
    }

    /// A struct with the members that it must have.
    pub(super) fn structure(&self, kind: &StructType, proposal: &Proposal<'_>) -> CompletionItem {
        let required = kind.members.iter().filter(|member| member.required).enumerate();
        let members = required.map(|(index, member)| {
            format!("\"{}\": {}", member.name, self.empty_value(member.value_type, index + 1))
        });
        let members = members.collect::<Vec<_>>().join(", ");
        let content = if members.is_empty() { self.hole(1, "") } else { members };
        self.item(proposal, format!("{{{content}}}{}", self.comma()))
    }

    /// A value: `text` is JSON.
    pub(super) fn value(&self, text: &str, proposal: &Proposal<'_>) -> CompletionItem {
        let body = match self.language {
            Language::Ini => format!("\"{}\"", text.trim_matches('"')),
            _ => format!("{text}{}", self.comma()),
        };
        self.item(proposal, self.escaped(&body))
    }

    fn comma(&self) -> &'static str {
        if self.spot.comma_after { "," } else { "" }
    }

    /// Text that is no place to fill in, whatever it holds.
    fn escaped(&self, text: &str) -> String {
        match self.has_snippets {
            true => text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}"),
            false => text.to_owned(),
        }
    }

    /// A place to fill in.
    fn hole(&self, number: usize, content: &str) -> String {
        match (self.has_snippets, content) {
            (true, "") => format!("${number}"),
            (true, content) => format!("${{{number}:{content}}}"),
            (false, content) => content.to_owned(),
        }
    }

    /// A value that is still to be written, with what surrounds it.
    fn empty_value(&self, kind: &ValueType, number: usize) -> String {
        use ValueType::{
            Alternate, Bool, Enum, Id, Int, Link, List, Number, Optional, Path, Size, String, Struct,
        };
        let hole = self.hole(number, "");
        match kind {
            Optional(inner) => self.empty_value(inner, number),
            _ if self.language == Language::Ini => format!("\"{hole}\""),
            Enum(_) | Id { .. } | Link { .. } | Path | String | Size => format!("\"{hole}\""),
            List(_) => format!("[{hole}]"),
            // A brace ends a place to fill in, but not where there is none around it.
            Struct(_) => format!("{{{hole}}}"),
            Alternate(_) | Bool | Int { .. } | Number => hole,
        }
    }

    fn item(&self, proposal: &Proposal<'_>, body: String) -> CompletionItem {
        let there = self.text.get(self.spot.place.clone());
        // Editors compare what stands there with this, its quote included.
        let quote = there.chars().next().filter(|c| matches!(c, '"' | '\'')).map_or("", |_| "\"");
        let filter = format!("{quote}{}{quote}", proposal.label.trim_matches('"'));
        let insert = |at| {
            let at = self.text.position(at);
            TextEdit { range: lsp_types::Range { start: at, end: at }, new_text: ",".to_owned() }
        };
        let edit = TextEdit { range: self.text.range(self.spot.place.clone()), new_text: body };
        CompletionItem {
            label: proposal.label.to_owned(),
            kind: Some(proposal.kind),
            detail: (!proposal.detail.is_empty()).then(|| proposal.detail.clone()),
            documentation: (!proposal.documentation.is_empty()).then(|| markdown(&proposal.documentation)),
            sort_text: Some(format!("{}{}", proposal.rank, proposal.label)),
            filter_text: Some(filter),
            insert_text_format: self.has_snippets.then_some(InsertTextFormat::SNIPPET),
            text_edit: Some(CompletionTextEdit::Edit(edit)),
            additional_text_edits: self.spot.comma_before.map(|at| vec![insert(at)]),
            tags: proposal.deprecated.then(|| vec![CompletionItemTag::DEPRECATED]),
            ..CompletionItem::default()
        }
    }
}

/// What is said of a property beside its name.
pub(super) fn detail(property: &Property) -> String {
    let required = if property.is_required() { ", required" } else { "" };
    format!("{}{required}", property.value_type)
}

fn markdown(text: &str) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: text.to_owned() })
}
