//! The model itself: the types, the tree, and what is looked up in it.

use std::collections::HashSet;
use std::sync::Arc;

use compact_str::CompactString;
use parking_lot::Mutex;

use super::batch::Destination;
use super::delete::Leases;
use super::{Batch, Services};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind, Result};
use crate::object::{AnyDraft, Draft, Header, Instance, ObjectRef};
use crate::tree::Tree;
use crate::types::{Container, Realize, TypeRegistry};
use crate::visit::{Input, ToNative};

/// Objects of a registry's types in a tree. Cloning gives another handle to the same model; a program may have
/// many models, and dropping the last handle releases everything its objects hold.
#[derive(Clone)]
pub struct Model {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) registry: Arc<TypeRegistry>,
    pub(super) tree: Tree,
    pub(super) root: ObjectRef,
    pub(super) objects: ObjectRef,
    pub(super) services: Services,
    /// Parents' addresses and names of objects in the making.
    pub(super) pending: Mutex<HashSet<(usize, CompactString), foldhash::fast::RandomState>>,
    pub(super) leases: Arc<Leases>,
}

impl Model {
    /// A model with nothing but `/objects`.
    #[must_use]
    pub fn new(registry: impl Into<Arc<TypeRegistry>>) -> Self {
        let registry = registry.into();
        let container = |parent: Option<ObjectRef>, name: &str| {
            let header = Header::new(registry.container().clone(), parent, name.into());
            ObjectRef::new(Arc::new(Instance::new(header, Container, ())))
        };
        let root = container(None, "");
        let objects = container(Some(root.clone()), "objects");
        let tree = Tree::new(&root, &objects);
        Model {
            inner: Arc::new(Inner {
                registry,
                tree,
                root,
                objects,
                services: Services::default(),
                pending: Mutex::default(),
                leases: Arc::default(),
            }),
        }
    }

    /// The types.
    #[must_use]
    pub fn registry(&self) -> &Arc<TypeRegistry> {
        &self.inner.registry
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> &ObjectRef {
        &self.inner.root
    }

    /// `/objects`: the parent of everything a user creates.
    #[must_use]
    pub fn objects(&self) -> &ObjectRef {
        &self.inner.objects
    }

    /// How often the structure changed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.inner.tree.revision()
    }

    /// How many objects there are, the root and `/objects` included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.tree.len()
    }

    /// Whether a user created nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() <= 2
    }

    /// What the model's objects share.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.inner.services
    }

    /// The object a path names: absolute (`/objects/ram0`), or partial (`ram0`) if only one fits.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn resolve(&self, path: &str) -> Result<ObjectRef> {
        self.inner.tree.lookup(path)
    }

    /// The object a user created with this id.
    ///
    /// # Errors
    /// There is none.
    pub fn object(&self, id: &str) -> Result<ObjectRef> {
        match self.find(id) {
            Some(object) => Ok(object),
            None => Err(Diagnostic::new(ModelErrorKind::NotFound {
                path: id.to_owned(),
                nearest: self.inner.tree.nearest(id),
            })),
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<ObjectRef> {
        self.inner.tree.child(&self.inner.objects, id)
    }

    /// The children of an object in the order in which they were added.
    #[must_use]
    pub fn children(&self, parent: &ObjectRef) -> Vec<ObjectRef> {
        self.inner.tree.children(parent)
    }

    /// Sets a live property by name; the paths of links are looked up.
    ///
    /// # Errors
    /// There is no such property, it cannot be changed, or the value does not fit.
    pub fn set(&self, object: &ObjectRef, name: &str, value: impl ToNative) -> Result<()> {
        object.set_resolving(name, &value.to_native(), &|path| self.resolve(path))
    }

    /// The same from any source, which is told what is wrong.
    ///
    /// # Errors
    /// There is no such property; the inner result is the proof that something was reported to `input`.
    pub fn set_from(
        &self,
        object: &ObjectRef,
        name: &str,
        input: &mut dyn Input,
    ) -> Result<Result<(), Failed>> {
        object.set_from(name, input, &|path| self.resolve(path))
    }

    /// A draft of type `name` for a user, with all defaults.
    ///
    /// # Errors
    /// The type is unknown, abstract or not user-creatable.
    pub fn draft(&self, name: &str) -> Result<Box<dyn AnyDraft>> {
        self.inner.registry.lookup(name)?.user_draft()
    }

    /// A batch of drafts to be created together.
    #[must_use]
    pub fn batch(&self, drafts: Vec<Box<dyn AnyDraft>>) -> Batch {
        let place = Destination { parent: self.objects().clone(), by_user: true };
        Batch::new(self.clone(), place, drafts)
    }

    /// Creates one object below `/objects`.
    ///
    /// # Errors
    /// The first thing that is wrong; then nothing was created and nothing is left behind.
    pub fn create(&self, draft: Box<dyn AnyDraft>) -> Result<ObjectRef> {
        create_one(self.batch(vec![draft]))
    }

    /// Creates an object of the program's own at any place of the tree. A name that ends in `[*]` gets the lowest
    /// free index.
    ///
    /// # Errors
    /// The type is not registered, the name is taken, or the type refused; then nothing is left behind.
    pub fn add<T: Realize>(
        &self,
        parent: &ObjectRef,
        asked: &str,
        configure: impl FnOnce(&mut dyn AnyDraft) -> Result<()>,
    ) -> Result<ObjectRef> {
        let class = self.inner.registry.lookup(T::NAME)?;
        let mut draft: Box<dyn AnyDraft> = Box::new(Draft::<T>::new(class.clone()));
        draft.set_id(asked);
        configure(&mut *draft)?;
        // A wildcard is settled first, so that the object is born with its name.
        let name = self.inner.tree.change().name(parent, asked)?;
        draft.set_id(&name);
        let place = Destination { parent: parent.clone(), by_user: false };
        let created = create_one(Batch::new(self.clone(), place, vec![draft]));
        if created.is_err() && asked != name {
            self.inner.tree.change().give_back(parent, &name);
        }
        created
    }
}

/// Creates a batch of one. Warnings are let go; who wants them creates a batch.
fn create_one(batch: Batch) -> Result<ObjectRef> {
    let mut report = Diagnostics::new();
    let created = batch.create(&mut report);
    report.first_error()?;
    created.ok().and_then(|mut objects| objects.pop()).ok_or_else(|| ModelErrorKind::AlreadyRefused.into())
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({} objects)", self.len())
    }
}
