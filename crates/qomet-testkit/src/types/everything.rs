//! A property of every value type.

use std::path::PathBuf;

use qomet::prelude::*;

/// An enum of an author's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
pub enum Flavour {
    /// The default.
    Plain,
    /// With a name of two words.
    BlackCurrant,
}

/// A struct of an author's own.
#[derive(Clone, Debug, PartialEq, Value)]
#[value(name = "Limits")]
pub struct Limits {
    /// Must be given.
    pub most: u32,
    /// Has a default.
    #[value(default = 1)]
    pub least: u32,
    /// May be absent.
    pub label: Option<String>,
}

/// An alternate of an author's own.
#[derive(Clone, Debug, PartialEq, Value)]
pub enum NumberOrName {
    /// By number.
    Number(u64),
    /// By name.
    Name(String),
}

/// Has a property of every value type
#[derive(Object)]
#[object(name = "everything", user_creatable)]
pub struct Everything {
    /// A boolean.
    #[property(default = true)]
    flag: bool,
    /// Eight bits with a sign.
    #[property(default = -8)]
    int8: i8,
    /// Sixteen bits with a sign.
    #[property(default = -16)]
    int16: i16,
    /// Thirty-two bits with a sign.
    #[property(default = -32)]
    int32: i32,
    /// Sixty-four bits with a sign.
    #[property(default = -64)]
    int64: i64,
    /// Eight bits.
    #[property(default = 8)]
    uint8: u8,
    /// Sixteen bits.
    #[property(default = 16)]
    uint16: u16,
    /// Thirty-two bits.
    #[property(default = 32)]
    uint32: u32,
    /// Sixty-four bits.
    #[property(default = 64)]
    uint64: u64,
    /// A double.
    #[property(default = 0.5)]
    number: f64,
    /// A number of bytes.
    #[property(default = Size::mib(1))]
    size: Size,
    /// A string.
    #[property(default = "text".to_owned())]
    text: String,
    /// A path.
    #[property(default = PathBuf::from("/dev/null"))]
    path: PathBuf,
    /// On, off or whatever is best.
    #[property(default = OnOffAuto::Auto)]
    mode: OnOffAuto,
    /// An enum.
    #[property(default = Flavour::Plain)]
    flavour: Flavour,
    /// A struct.
    #[property(default = Limits { most: 7, least: 1, label: None })]
    limits: Limits,
    /// A list.
    #[property(default = vec![1, 2, 3])]
    list: Vec<u16>,
    /// An alternate.
    #[property(default = NumberOrName::Number(5))]
    which: NumberOrName,
    /// A string that may be absent.
    maybe_text: Option<String>,
    /// A number that may be absent.
    maybe_number: Option<u64>,
    /// Holds another object.
    link: Option<Link<Everything>>,
    /// Lets go of another object.
    weak_link: Option<WeakLink<Everything>>,
    /// A number between bounds.
    #[property(default = 10, min = 1, max = 100)]
    bounded: u32,
    /// A whole number of pages.
    #[property(default = Size(4096), multiple_of = 4096)]
    aligned: Size,
    /// Nobody may read it.
    #[property(default = "s3cr3t".to_owned(), sensitive)]
    secret: String,
    /// Worked out when it is read.
    #[property(computed = Self::sum)]
    sum: Computed<u64>,
    /// A boolean that may change.
    #[property(default = false)]
    live_flag: Live<bool>,
    /// A number that may change.
    #[property(default = 1)]
    live_number: Live<u64>,
    /// A narrow number that may change between bounds.
    #[property(default = 5, min = 0, max = 9)]
    live_bounded: Live<i8>,
    /// A number of bytes that may change.
    #[property(default = Size(512))]
    live_size: Live<Size>,
    /// A string that may change.
    #[property(default = String::new())]
    live_text: Live<String>,
    /// An enum that may change.
    #[property(default = Flavour::Plain)]
    live_flavour: Live<Flavour>,
    /// A struct that may change.
    #[property(default = Limits { most: 1, least: 0, label: None })]
    live_limits: Live<Limits>,
    /// A list that may change.
    #[property(default = Vec::new())]
    live_list: Live<Vec<u16>>,
}

impl Everything {
    fn sum(&self, (): &()) -> u64 {
        self.uint64 + self.live_number()
    }
}

impl Realize for Everything {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}
