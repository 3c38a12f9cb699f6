//! The names of one struct, found again.
//!
//! For whoever has to say something about a name that is there already: where it was given first, or whether the
//! one that was probably meant is there too. A struct of thousands of wrong names would be searched as often, so
//! they are looked up; and as valid structs are never asked, the table is made with the first question.

use std::borrow::Cow;
use std::collections::HashMap;

use super::node::Node;

/// Where each name of a struct stands first.
pub(crate) struct Names<'t> {
    container: Node<'t>,
    first: Option<HashMap<Cow<'t, str>, Node<'t>>>,
}

impl<'t> Names<'t> {
    pub(crate) fn new(container: Node<'t>) -> Self {
        Names { container, first: None }
    }

    /// Where `name` stands for the first time in the struct.
    pub(crate) fn first(&mut self, name: &str) -> Option<Node<'t>> {
        let first = self.first.get_or_insert_with(|| {
            let mut first = HashMap::new();
            for (key, _) in self.container.members() {
                if let Some(name) = key.str() {
                    first.entry(name).or_insert(key);
                }
            }
            first
        });
        first.get(name).copied()
    }
}
