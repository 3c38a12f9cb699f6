//! The model itself: the types, the tree, and what is looked up in it.

use std::sync::Arc;

use parking_lot::Mutex;

use super::batch::Destination;
use super::claims::Claims;
use super::delete::Leases;
use super::{Batch, Progress, Services};
use crate::error::{Diagnostic, Diagnostics, Failed, ModelErrorKind, Result};
use crate::object::{AnyDraft, Draft, Header, Instance, ObjectRef, Terms};
use crate::tree::Tree;
use crate::types::{Container, Realize, TypeRegistry};
use crate::visit::{Input, ToNative};
use crate::watch::{Hub, Warned, Watch, WatchOptions};

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
    /// The names of objects in the making.
    pub(super) claims: Mutex<Claims>,
    pub(super) leases: Arc<Leases>,
}

impl Model {
    /// A model with nothing but `/objects`.
    #[must_use]
    pub fn new(registry: impl Into<Arc<TypeRegistry>>) -> Self {
        let registry = registry.into();
        let hub = Arc::new(Hub::default());
        let mut header = Header::new(registry.container().clone(), None, "".into());
        header.set_hub(Arc::clone(&hub));
        let root = ObjectRef::new(Arc::new(Instance::new(header, Container, ())));
        let header = Header::new(registry.container().clone(), Some(root.clone()), "objects".into());
        let objects = ObjectRef::new(Arc::new(Instance::new(header, Container, ())));
        let tree = Tree::new(&root, &objects, hub);
        Model {
            inner: Arc::new(Inner {
                registry,
                tree,
                root,
                objects,
                services: Services::default(),
                claims: Mutex::default(),
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

    /// The child `name` of an object.
    #[must_use]
    pub fn child(&self, parent: &ObjectRef, name: &str) -> Option<ObjectRef> {
        self.inner.tree.child(parent, name)
    }

    /// An object and what is below it as they are at one revision of the model, at most `depth` levels deep. Their
    /// values are read afterwards: see [`ObjectRef::read`].
    #[must_use]
    pub fn snapshot(&self, top: &ObjectRef, depth: usize) -> Snapshot {
        let (objects, revision) = self.inner.tree.snapshot(top, depth);
        Snapshot { revision, objects }
    }

    /// How many objects such a snapshot has, but counted no further than `most`: what it takes is bounded by that.
    #[must_use]
    pub fn count(&self, top: &ObjectRef, depth: usize, most: usize) -> usize {
        self.inner.tree.count(top, depth, most)
    }

    /// Watches the model from now on. `wake` is called without a lock when there are events after there were none; it
    /// must be short, and may run on any thread that changes the model. Take a snapshot after this, not before.
    #[must_use]
    pub fn watch(&self, options: WatchOptions, wake: impl Fn() + Send + Sync + 'static) -> Watch {
        let watch = self.inner.tree.watch(options, Box::new(wake));
        // Objects that come from now on know it from the start.
        for object in self.inner.tree.subtree(self.root()) {
            object.header().watch();
        }
        watch
    }

    /// Tells watchers of a warning about something that was accepted. Creating a batch does it by itself for what it
    /// finds. The words about a sensitive property are left out.
    pub fn warn(&self, warning: impl Into<Warned>) {
        let hub = self.inner.tree.hub();
        if !hub.is_watched() {
            return;
        }
        let mut warned = warning.into();
        let class = warned.type_name.as_deref().and_then(|name| self.registry().get(name));
        let property =
            class.zip(warned.property.as_deref()).and_then(|(class, name)| class.lookup(name).ok());
        if property.is_some_and(|(_, property)| property.sensitive) {
            warned.message = "about a sensitive property, which is not shown".to_owned();
            warned.help = None;
        }
        hub.warned(&warned);
    }

    /// Sets a live property by name; the paths of links are looked up.
    ///
    /// # Errors
    /// There is no such property, it cannot be changed, or the value does not fit.
    pub fn set(&self, object: &ObjectRef, name: &str, value: impl ToNative) -> Result<()> {
        object.set_resolving(name, &value.to_native(), &|path| self.resolve(path), Terms::default())
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
        self.set_from_if(object, name, input, None)
    }

    /// The same, if the object has the expected revision: it is compared under the lock that makes the change. Of an
    /// alias it is the revision of the object behind it.
    ///
    /// # Errors
    /// There is no such property; the inner result is the proof that something was reported to `input`.
    pub fn set_from_if(
        &self,
        object: &ObjectRef,
        name: &str,
        input: &mut dyn Input,
        revision: Option<u64>,
    ) -> Result<Result<(), Failed>> {
        let terms = Terms { revision, ..Terms::default() };
        object.set_from(name, input, &|path| self.resolve(path), terms)
    }

    /// The same; what takes long tells `progress` how far it has come, and can be cancelled there.
    ///
    /// # Errors
    /// There is no such property; the inner result is the proof that something was reported to `input`.
    pub fn set_watched(
        &self,
        object: &ObjectRef,
        name: &str,
        input: &mut dyn Input,
        revision: Option<u64>,
        progress: &Progress,
    ) -> Result<Result<(), Failed>> {
        let terms = Terms { revision, progress: Some(progress), ..Terms::default() };
        object.set_from(name, input, &|path| self.resolve(path), terms)
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
        Batch::new(self.clone(), Destination::User, drafts)
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
        let place = Destination::Program(parent.clone());
        let created = create_one(Batch::new(self.clone(), place, vec![draft]));
        if created.is_err() && asked != name {
            self.inner.tree.change().give_back(parent, &name);
        }
        created
    }
}

/// A part of the tree as it was at one revision.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The model's revision.
    pub revision: u64,
    /// The objects, each with how many levels it is below the top one: every object before its children, those in the
    /// order in which they were added.
    pub objects: Vec<(usize, ObjectRef)>,
}

/// Creates a batch of one. Only watchers hear of warnings; who wants them creates a batch.
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
