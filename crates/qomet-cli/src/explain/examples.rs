//! What provokes a code, and how it is mended: the texts of `examples.md`.
//!
//! Read by `explain` alone, when it is asked. The texts are prose for people, so they stand in a file of their own and not in
//! the tables of the crates that word the codes: most need types that those crates do not know.

/// An example of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Example {
    /// What is provoked.
    #[cfg_attr(not(test), allow(dead_code, reason = "who asks for a code knows it"))]
    pub(super) code: &'static str,
    /// What provokes it.
    pub(super) wrong: Text,
    /// The same, mended.
    pub(super) right: Option<Text>,
}

/// A text and what it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// The word behind the backticks.
    pub(super) language: &'static str,
    /// The lines.
    pub(super) lines: &'static str,
}

const EXAMPLES: &str = include_str!("examples.md");

/// All examples.
pub(super) fn all() -> impl Iterator<Item = Example> {
    EXAMPLES.split("\n## ").skip(1).filter_map(|section| {
        let (code, rest) = section.split_once('\n')?;
        let mut texts = rest.split("```").skip(1).step_by(2).filter_map(|block| {
            let (language, lines) = block.split_once('\n')?;
            Some(Text { language, lines })
        });
        Some(Example { code, wrong: texts.next()?, right: texts.next() })
    })
}

/// The example of a code.
pub(super) fn of(code: &str) -> Option<Example> {
    all().find(|example| example.code == code)
}

#[cfg(test)]
mod tests {
    use qomet::{Diagnostic, Level, Model, TypeRegistry};
    use qomet_config::{Dialect, Documents};

    use super::{Text, all};

    fn model() -> Model {
        let types = TypeRegistry::builder().add(qomet_backends::types());
        let types = types.explain(qomet_backends::explanations());
        Model::new(types.explain(qomet_vmm::EXPLANATIONS.iter().copied()).build().unwrap())
    }

    /// What is said of a text, and whether it is accepted.
    fn judge(text: Text) -> (Vec<&'static str>, bool) {
        let mut documents = Documents::new();
        match text.language {
            "json" | "ini" => documents.add("example", text.lines),
            "keyval" => documents.add_line("example", text.lines.trim_end(), Dialect::Keyval),
            "sh" => documents.add_command_line("example", text.lines.trim_end()),
            "xml" => documents.add_libvirt("example", text.lines),
            other => panic!("examples.md does not say what {other} is"),
        }
        let plan = documents.plan(&model(), Level::Host);
        (plan.diagnostics().iter().map(Diagnostic::code).collect(), plan.is_accepted())
    }

    /// Not commands, exchanges and programs, which need the program itself or a compiler.
    fn is_document(text: Text) -> bool {
        !["console", "qmp", "rust"].contains(&text.language)
    }

    #[test]
    fn every_example_provokes_its_code() {
        let documents = || all().filter(|example| is_document(example.wrong));
        let silent: Vec<_> = documents()
            .map(|example| (example.code, judge(example.wrong).0))
            .filter(|(code, said)| !said.contains(code))
            .collect();

        assert!(silent.is_empty(), "{silent:#?}");
        assert!(documents().count() >= 90);
    }

    #[test]
    fn every_mended_example_is_accepted() {
        let refused: Vec<_> = all()
            .filter_map(|example| Some((example.code, example.right.filter(|right| is_document(*right))?)))
            .map(|(code, right)| (code, judge(right)))
            .filter(|(_, (said, accepted))| !accepted || !said.is_empty())
            .collect();

        assert!(refused.is_empty(), "{refused:#?}");
    }

    #[test]
    fn every_example_is_of_a_code_that_is_explained() {
        let model = model();
        let unknown: Vec<_> = all()
            .map(|example| example.code)
            .filter(|code| qomet_qmp::explain(model.registry(), code).is_err())
            .collect();

        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
