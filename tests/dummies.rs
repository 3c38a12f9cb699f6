//! Object types with all kinds of properties, for what the types that come with Qomet do not have (yet): links,
//! structs, lists, alternates, rules of their own.

use std::path::PathBuf;

use qomet::Result;
use qomet::prelude::*;
use qomet_backends::memory::MemoryBackend;

/// The dummies beside the types that come with Qomet.
pub(crate) fn registry() -> TypeRegistry {
    TypeRegistry::builder().add(qomet_backends::types()).add(types()).build().expect("the types fit together")
}

types! {
    /// The dummies.
    pub(crate) fn types = [Values, Strict, Node, Device, Leaf, Hidden];
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Value)]
pub(crate) enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Both.
    Both,
}

/// A limit on traffic.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) struct Throttle {
    /// Bytes a second.
    bytes_per_second: u64,
    /// The most at once.
    burst: Option<Size>,
    /// Which way.
    #[value(default = Direction::Both)]
    direction: Direction,
}

/// A size, a switch or limits.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) enum Quota {
    /// None, or whatever there is.
    Switch(bool),
    /// So much.
    Bytes(Size),
    /// In detail.
    Rules(Throttle),
}

/// One property of every type of value.
#[derive(Object)]
#[object(name = "dummy-values", user_creatable)]
pub(crate) struct Values {
    /// A boolean.
    #[property(default = false)]
    flag: bool,
    /// The narrowest signed integer.
    #[property(default = 0)]
    tiny: i8,
    /// A signed integer.
    #[property(default = 0)]
    short: i16,
    /// A signed integer.
    #[property(default = 0)]
    medium: i32,
    /// The widest signed integer.
    #[property(default = 0)]
    long: i64,
    /// The narrowest unsigned integer.
    #[property(default = 0)]
    octet: u8,
    /// An unsigned integer.
    #[property(default = 0)]
    port: u16,
    /// An unsigned integer.
    #[property(default = 0)]
    count: u32,
    /// The widest unsigned integer.
    #[property(default = 0)]
    total: u64,
    /// A number.
    #[property(default = 1.0)]
    ratio: f64,
    /// A string.
    #[property(default = String::new())]
    label: String,
    /// A path.
    #[property(default = PathBuf::from("/"))]
    directory: PathBuf,
    /// A size.
    #[property(default = Size(0))]
    capacity: Size,
    /// A switch with a middle.
    #[property(default = OnOffAuto::Auto)]
    turbo: OnOffAuto,
    /// An enum.
    #[property(default = Direction::Left)]
    direction: Direction,
    /// A struct.
    throttle: Option<Throttle>,
    /// A list.
    #[property(default = Vec::new())]
    ports: Vec<u16>,
    /// A list of structs.
    #[property(default = Vec::new())]
    throttles: Vec<Throttle>,
    /// An alternate.
    quota: Option<Quota>,
    /// A bounded integer.
    #[property(default = 5, min = 1, max = 10)]
    level: u8,
    /// A size in steps.
    #[property(default = Size::kib(4), multiple_of = 4096)]
    step: Size,
    /// A secret.
    #[property(default = String::new(), sensitive)]
    password: String,
    /// An old name of `count`.
    #[property(default = 0, deprecated = "1.2", replaced_by = "count")]
    number: u32,
    /// The length of the label.
    #[property(computed = Values::measure)]
    length: Computed<u64>,
}

impl Values {
    fn measure(&self, (): &()) -> u64 {
        self.label.chars().count().try_into().unwrap_or(u64::MAX)
    }
}

impl Realize for Values {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Three required properties and a rule across two of them.
#[derive(Object)]
#[object(name = "dummy-strict", user_creatable, check)]
pub(crate) struct Strict {
    /// The least.
    #[property(required)]
    least: u32,
    /// The most.
    #[property(required)]
    most: u32,
    /// A limit.
    #[property(required)]
    throttle: Throttle,
}

impl Check for Strict {
    fn check(&self, report: &mut Diagnostics) {
        if self.least > self.most {
            let problem = Diagnostic::custom("least-above-most", "the least is more than the most");
            let _ = report.report(problem.with_property("least").with_other_property("most", "the most"));
        }
    }
}

impl Realize for Strict {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Links of every kind.
#[derive(Object)]
#[object(name = "dummy-node", user_creatable)]
pub(crate) struct Node {
    /// The next one.
    next: Option<Link<Node>>,
    /// Any of them, and it may go.
    friend: Option<WeakLink<Node>>,
    /// A leaf.
    leaf: Option<Link<Leaf>>,
    /// Several.
    #[property(default = Vec::new())]
    others: Vec<Link<Node>>,
    /// Memory of any kind.
    memory: Option<Link<MemoryBackend>>,
}

impl Realize for Node {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// What needs something of its links.
#[derive(Object)]
#[object(name = "dummy-device", user_creatable)]
pub(crate) struct Device {
    /// Memory that another process maps too.
    #[property(needs(share = true))]
    memory: Option<Link<MemoryBackend>>,
    /// More of it.
    #[property(default = Vec::new(), needs(share = true))]
    memories: Vec<Link<MemoryBackend>>,
    /// Memory that is written to.
    #[property(needs(rom = OnOffAuto::Off))]
    writable: Option<Link<MemoryBackend>>,
    /// Memory of huge pages.
    #[property(needs(x_page_size >= Size::mib(2)))]
    huge: Option<WeakLink<MemoryBackend>>,
    /// Memory that may be exchanged.
    #[property(needs(share = true))]
    spare: Live<Option<WeakLink<MemoryBackend>>>,
}

impl Realize for Device {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// An end.
#[derive(Object)]
#[object(name = "dummy-leaf", user_creatable)]
pub(crate) struct Leaf {
    /// What hangs there.
    #[property(default = 0)]
    weight: u32,
}

impl Realize for Leaf {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Only the program makes these.
#[derive(Object)]
#[object(name = "dummy-hidden")]
pub(crate) struct Hidden {
    /// Nothing.
    #[property(default = false)]
    nothing: bool,
}

impl Realize for Hidden {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}
