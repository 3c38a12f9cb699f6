//! Who on a command line of QEMU uses the memory of its `-object` arguments.
//!
//! `-numa node,memdev=`, `-machine …,memory-backend=` and the devices that have a property for memory become
//! [`Use`]s, which the graph judges as it judges links: is there such an object, is it memory, is it used by somebody else
//! already, is it what the user needs. Nothing else about these options is looked at, and nothing is said of their syntax.
//!
//! What is refused is what QEMU 10.0 refuses, and one thing more: memory of the guest that is not shared beside a vhost-user
//! device. QEMU starts with it and leaves the device with no memory, or hands it a private file, in which the device then
//! reads what the guest has never written.

use qomet::{About, Need, Place, Related, Relation, Use};

use super::piece::Piece;
use crate::source::Sources;
use crate::syntax_error::SyntaxErrorKind;
use crate::tape::Node;

/// An option of a command line that may name memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserOption {
    Machine,
    Numa,
    Device,
    Netdev,
    /// How much memory there is: it says that the line is about a whole guest.
    Size,
    /// A file or variable that is not read, and may hold objects and options.
    More,
}

impl UserOption {
    /// The option that a word of a command line is.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word.trim_start_matches('-') {
            "machine" | "M" => UserOption::Machine,
            "numa" => UserOption::Numa,
            "device" => UserOption::Device,
            "netdev" => UserOption::Netdev,
            "m" => UserOption::Size,
            "readconfig" => UserOption::More,
            _ => return None,
        })
    }

    /// Whether what the option is given is about memory.
    pub(crate) fn is_of_memory(argument: &str) -> bool {
        ["memdev", "memory-backend", "vhost-user"].iter().any(|word| argument.contains(word))
    }
}

/// The type that memory has.
const MEMORY: &str = "memory-backend";

/// What a device in another process needs of the memory of the guest.
const SHARED: &[Need] =
    &[Need { property: "share", relation: Relation::Is, value: |output| output.boolean(true) }];

/// Properties of devices that name memory.
const NAMES: [&str; 4] = ["memdev", "volatile-memdev", "persistent-memdev", "lsa"];

/// Devices whose memory no device in another process is told of: it is another guest's too, or reached by way of the CXL
/// device and not as memory.
const FOREIGN: [&str; 2] = ["ivshmem-plain", "cxl-type3"];

/// What the options of one command line come to.
#[derive(Debug, Default)]
pub(super) struct Users {
    pub(super) uses: Vec<Use>,
    /// What is wrong with them together.
    pub(super) mistakes: Vec<(SyntaxErrorKind, Place)>,
}

/// Finds the users of memory among the options of a command line.
pub(super) fn find(options: &[(UserOption, Piece)], sources: &Sources) -> Users {
    let mut found = Finder::default();
    for (option, piece) in options {
        let mut said = qomet::Diagnostics::new();
        let tape = piece.parse(sources, &mut said);
        let _ = said.take();
        found.option(*option, tape.root());
    }
    found.finish()
}

#[derive(Default)]
struct Finder {
    users: Users,
    /// The memory that `-machine` names; the last one counts.
    machine: Option<Use>,
    /// The first `-numa node` that names memory.
    numa: Option<Place>,
    /// Which uses are of the memory of the guest.
    own: Vec<bool>,
    /// The first device in another process: what it is, and where.
    outsider: Option<(String, Place)>,
    is_whole: bool,
    /// Whether there may be objects and options elsewhere.
    is_open: bool,
}

impl Finder {
    fn option(&mut self, option: UserOption, root: Node<'_>) {
        if option == UserOption::More {
            self.is_open = true;
            return;
        }
        let first = root.members().next();
        let kind = root.get("driver").or(root.get("type")).or(first.map(|(_, value)| value));
        let Some((name, at)) = kind.and_then(|node| Some((node.str()?.into_owned(), node.place()))) else {
            return;
        };
        match option {
            UserOption::More => {}
            UserOption::Size => self.is_whole = true,
            UserOption::Machine => {
                self.is_whole = true;
                let machine =
                    root.get("memory-backend").and_then(|node| user("-machine", "memory-backend", node));
                self.machine = machine.or(self.machine.take());
            }
            UserOption::Numa if name == "node" => {
                let user = root.get("memdev").and_then(|node| user("-numa", "memdev", node));
                self.numa = self.numa.or(user.as_ref().and_then(|user| user.place));
                self.add(user, true);
            }
            UserOption::Numa => {}
            UserOption::Netdev => self.meet(&name, "vhost-user", at),
            UserOption::Device => {
                if name.starts_with("vhost-user-") {
                    self.meet(&name, &name, at);
                }
                // Memory that nobody can write, such as the image of a guest's system, is not told of either.
                let is_read_only = name == "nvdimm" && is_on(root.get("unarmed"));
                let own = !is_read_only && !FOREIGN.contains(&&*name);
                for property in NAMES {
                    let user = root.get(property).and_then(|node| user(&name, property, node));
                    self.add(user, own);
                }
            }
        }
    }

    fn add(&mut self, user: Option<Use>, own: bool) {
        if let Some(user) = user {
            self.users.uses.push(user);
            self.own.push(own);
        }
    }

    fn meet(&mut self, name: &str, wanted: &str, at: Place) {
        if name == wanted && self.outsider.is_none() {
            self.outsider = Some((name.to_owned(), at));
        }
    }

    fn finish(mut self) -> Users {
        if let (Some(machine), Some(numa)) = (&self.machine, self.numa) {
            let place = machine.place.unwrap_or(numa);
            self.users.mistakes.push((SyntaxErrorKind::MemoryNamedTwice, place.max(numa)));
        }
        let has_memory = self.machine.is_some() || self.numa.is_some();
        let machine = self.machine.take();
        self.add(machine, true);
        if let Some((name, at)) = self.outsider {
            for (user, _) in self.users.uses.iter_mut().zip(&self.own).filter(|(_, own)| **own) {
                user.needs = SHARED;
                let label = format!("{name} maps it in another process");
                user.related.push(Related { label, about: About::default(), place: Some(at) });
            }
            if self.is_whole && !has_memory && !self.is_open {
                self.users.mistakes.push((SyntaxErrorKind::PrivateGuestMemory { device: name }, at));
            }
        }
        for user in &mut self.users.uses {
            user.may_be_elsewhere = self.is_open;
        }
        self.users
    }
}

/// Whether a flag is set, in either syntax.
fn is_on(node: Option<Node<'_>>) -> bool {
    node.is_some_and(|node| {
        let text = node.str();
        matches!(text.as_deref().unwrap_or(node.source_text()), "on" | "yes" | "true" | "y")
    })
}

/// Somebody who names memory; a name that is empty names nobody.
fn user(kind: &str, property: &str, node: Node<'_>) -> Option<Use> {
    let path = node.str().filter(|path| !path.is_empty())?.into_owned();
    let about = About { type_name: Some(kind.into()), property: Some(property.into()), ..About::default() };
    Some(Use {
        path,
        target_type: MEMORY,
        about,
        place: Some(node.place()),
        exclusive: true,
        ..Use::default()
    })
}
