//! What a watcher is told.

use compact_str::CompactString;

use crate::error::Diagnostic;
use crate::object::WeakRef;
use crate::visit::Native;

/// Something that happened in a model.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An object is in the tree.
    Created {
        /// The model's revision with it.
        revision: u64,
        /// The canonical path.
        path: String,
        /// The name of its type.
        type_name: &'static str,
        /// The object; it may have gone again. Not a reference that keeps it, or a slow watcher would keep memory.
        object: WeakRef,
    },
    /// An object has left the tree.
    Deleted {
        /// The model's revision without it.
        revision: u64,
        /// The canonical path that it had.
        path: String,
        /// The name of its type.
        type_name: &'static str,
    },
    /// A property was set.
    Changed {
        /// The object's revision with it.
        revision: u64,
        /// The object's canonical path.
        path: String,
        /// The property.
        property: CompactString,
        /// What a reader sees; absent if it is sensitive, or was added or removed.
        value: Option<Native<'static>>,
        /// What was configured, where a reader sees what it came to.
        configured: Option<Native<'static>>,
    },
    /// Something was accepted that may not do what was hoped.
    Warned(Warned),
    /// Events are missing here, because the queue was full.
    Lost {
        /// How many.
        count: u64,
    },
}

impl Event {
    /// How long the texts in its values are together, in bytes; what else it holds is little.
    pub(super) fn value_bytes(&self) -> usize {
        match self {
            Event::Changed { value, configured, .. } => value.iter().chain(configured).map(bytes_of).sum(),
            _ => 0,
        }
    }
}

fn bytes_of(value: &Native<'_>) -> usize {
    let own = std::mem::size_of::<Native<'_>>();
    match value {
        Native::Str(text) => text.len(),
        Native::List(elements) => elements.iter().map(|element| own + bytes_of(element)).sum(),
        Native::Struct(members) => {
            members.iter().map(|(name, value)| own + name.len() + bytes_of(value)).sum()
        }
        _ => 0,
    }
}

/// A warning about what was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    /// The stable name of its kind.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
    /// The object's id.
    pub object: Option<CompactString>,
    /// The name of its type.
    pub type_name: Option<CompactString>,
    /// The property.
    pub property: Option<CompactString>,
    /// What to do.
    pub help: Option<String>,
}

impl From<&Diagnostic> for Warned {
    fn from(diagnostic: &Diagnostic) -> Self {
        let about = diagnostic.about();
        Warned {
            code: diagnostic.code(),
            message: diagnostic.to_string(),
            object: about.object.clone(),
            type_name: about.type_name.clone(),
            property: about.property.clone(),
            help: diagnostic.problem().help(),
        }
    }
}
