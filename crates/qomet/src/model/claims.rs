//! The names of objects in the making: nobody else can take them.
//!
//! Most batches are of one object, and many of them may be under way: their names stand in one table. Those of a large
//! batch are kept as they are, and become a table only when somebody comes meanwhile and asks.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use compact_str::CompactString;

use super::Model;
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind};
use crate::object::ObjectRef;

/// So many names of a batch go into the one table.
const FEW: usize = 8;

type Set<T> = HashSet<T, foldhash::fast::RandomState>;

/// What is claimed in a model.
#[derive(Default)]
pub(super) struct Claims {
    /// Parents' addresses and names.
    few: Set<(usize, CompactString)>,
    many: Vec<Arc<Many>>,
}

/// What a large batch claims.
struct Many {
    parent: usize,
    names: Vec<CompactString>,
    table: OnceLock<Set<CompactString>>,
}

impl Many {
    fn contains(&self, name: &str) -> bool {
        self.table.get_or_init(|| self.names.iter().cloned().collect()).contains(name)
    }
}

impl Claims {
    fn contains(&self, name: &(usize, CompactString)) -> bool {
        self.few.contains(name)
            || self.many.iter().any(|many| many.parent == name.0 && many.contains(&name.1))
    }
}

/// The names that a batch has claimed. Dropping it gives them back.
pub(super) struct Claim {
    model: Model,
    names: Names,
}

enum Names {
    /// Names below the parent with that address.
    Few(usize, Vec<CompactString>),
    Many(Arc<Many>),
}

impl Claim {
    /// Claims the names `ids` below `parent`.
    ///
    /// # Errors
    /// The proof that it was reported that one of them is taken.
    pub(super) fn take<'a>(
        model: &Model,
        parent: &ObjectRef,
        ids: impl Iterator<Item = &'a str>,
        is_leaving: &dyn Fn(&str) -> bool,
        report: &mut Diagnostics,
    ) -> Result<Self, Failed> {
        let address = parent.address();
        let names: Vec<CompactString> = ids.map(CompactString::from).collect();
        let mut claims = model.inner.claims.lock();
        let taken = model.inner.tree.children_by_name(parent);
        let no_claims = claims.few.is_empty() && claims.many.is_empty();
        if !(no_claims && taken.is_empty()) {
            let is_taken = |name: &&CompactString| {
                claims.contains(&(address, (*name).clone()))
                    || (taken.get(name).is_some() && !is_leaving(name))
            };
            if let Some(id) = names.iter().find(is_taken) {
                let problem = ModelErrorKind::DuplicateId { id: id.to_string(), free: None };
                return Err(report.report(Diagnostic::new(problem).with_object(id).with_property("id")));
            }
        }
        let names = if names.len() <= FEW {
            claims.few.extend(names.iter().map(|name| (address, name.clone())));
            Names::Few(address, names)
        } else {
            let many = Arc::new(Many { parent: address, names, table: OnceLock::new() });
            claims.many.push(Arc::clone(&many));
            Names::Many(many)
        };
        drop(claims);
        Ok(Claim { model: model.clone(), names })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = self.model.inner.claims.lock();
        match &self.names {
            Names::Few(parent, names) => names.iter().for_each(|name| {
                claims.few.remove(&(*parent, name.clone()));
            }),
            Names::Many(own) => claims.many.retain(|many| !Arc::ptr_eq(many, own)),
        }
    }
}
