//! Bags to text, in any of the languages they are written in.
//!
//! [`Plan::write`](crate::Plan::write) goes from bags that were read to text: each value is read as its property's type
//! has it and written by the language's [`Output`], so a size stays a size. JSON's is [`JsonOutput`]; [`pairs::Pairs`] is that of
//! all languages of key and value. What is written reads back as the same bags.
//!
//! Not here: reading. A language that cannot say something refuses it ([`SyntaxErrorKind::Unwritable`]), and nothing is
//! written.

mod pairs;
#[cfg(test)]
mod tests;
mod transcode;

use qomet::{Class, Diagnostic, Failed, Input, Output, TypeRegistry};

use crate::json::JsonOutput;
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::{Dialect, Node, TapeInput};
use pairs::Pairs;
use transcode::transcode;

/// A language to write bags in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A list of objects, or one object if there is one bag.
    Json,
    /// A line for each bag.
    Line(Dialect),
    /// Sections of a `-readconfig` file.
    Ini,
}

impl Language {
    /// Its name in messages.
    const fn as_str(self) -> &'static str {
        match self {
            Language::Json => "JSON",
            Language::Line(Dialect::Keyval) => "the dialect 'keyval'",
            Language::Line(Dialect::Opts) => "the dialect 'opts'",
            Language::Ini => "a -readconfig file",
        }
    }
}

/// Writes bags, one after the other.
pub(crate) struct Writer<'r> {
    registry: &'r TypeRegistry,
    language: Language,
    texts: Vec<String>,
    /// What cannot be written.
    pub(crate) refused: Vec<Diagnostic>,
}

impl<'r> Writer<'r> {
    pub(crate) fn new(registry: &'r TypeRegistry, language: Language) -> Self {
        Writer { registry, language, texts: Vec::new(), refused: Vec::new() }
    }

    /// Writes a bag that is known to be right.
    pub(crate) fn bag<'t>(&mut self, bag: Node<'t>, input: &mut TapeInput<'t, '_>) {
        let type_name = bag.get("qom-type").and_then(Node::str).unwrap_or_default();
        let Some(class) = self.registry.get(&type_name) else { return };
        if self.language == Language::Json {
            let mut output = JsonOutput::pretty();
            let _ = self.members(bag, class, input, &mut output);
            self.texts.push(output.finish());
            return;
        }
        let mut output = Pairs::new(self.language);
        let _ = self.members(bag, class, input, &mut output);
        match output.finish() {
            Ok(text) => self.texts.push(text),
            Err(refusals) => {
                for (property, what) in refusals {
                    let kind = SyntaxErrorKind::Unwritable { what, language: self.language.as_str() };
                    let place = bag.get(&property).unwrap_or(bag).place();
                    let id = bag.get("id").and_then(Node::str).unwrap_or_default();
                    let problem = Diagnostic::new(kind).with_property(&property).with_object(&id);
                    self.refused.push(problem.with_type(class.name()).at(place));
                }
            }
        }
    }

    fn members<'t>(
        &self,
        bag: Node<'t>,
        class: &Class,
        input: &mut TapeInput<'t, '_>,
        output: &mut dyn Output,
    ) -> Result<(), Failed> {
        output.begin_struct();
        for name in ["qom-type", "id"] {
            if let Some(value) = bag.get(name) {
                input.move_to(value);
                output.member(name);
                output.string(&input.string()?);
            }
        }
        for (key, value) in bag.members() {
            let name = key.str().unwrap_or_default();
            let Some(property) = class.find(&name).and_then(|slot| class.property(slot)) else { continue };
            input.move_to_member(key, value);
            output.member(property.name);
            transcode(property.value_type, input, output, self.language == Language::Json)?;
        }
        output.end_struct();
        Ok(())
    }

    /// All that was written.
    pub(crate) fn finish(self) -> String {
        let join = |separator: &str| self.texts.join(separator);
        match (self.language, self.texts.as_slice()) {
            (Language::Json, [one]) => format!("{one}\n"),
            (Language::Json, []) => "[]\n".to_owned(),
            (Language::Json, _) => {
                format!("[\n{}\n]\n", join(",\n").lines().map(indented).collect::<Vec<_>>().join("\n"))
            }
            (Language::Line(_), _) => self.texts.iter().flat_map(|line| [line.as_str(), "\n"]).collect(),
            (Language::Ini, _) => join("\n"),
        }
    }
}

fn indented(line: &str) -> String {
    format!("  {line}")
}
