//! Structs of a known size, for measurements, and one with a string of each kind.

use qomet::prelude::*;

/// Holds 128 bytes
#[derive(Object)]
#[object(name = "sized-128", user_creatable)]
pub struct Sized128 {
    /// Word 0.
    #[property(default = 0)]
    word0: u64,
    /// Word 1.
    #[property(default = 0)]
    word1: u64,
    /// Word 2.
    #[property(default = 0)]
    word2: u64,
    /// Word 3.
    #[property(default = 0)]
    word3: u64,
    /// Word 4.
    #[property(default = 0)]
    word4: u64,
    /// Word 5.
    #[property(default = 0)]
    word5: u64,
    /// Word 6.
    #[property(default = 0)]
    word6: u64,
    /// Word 7.
    #[property(default = 0)]
    word7: u64,
    /// Word 8.
    #[property(default = 0)]
    word8: u64,
    /// Word 9.
    #[property(default = 0)]
    word9: u64,
    /// Word 10.
    #[property(default = 0)]
    word10: u64,
    /// Word 11.
    #[property(default = 0)]
    word11: u64,
    /// Word 12.
    #[property(default = 0)]
    word12: u64,
    /// Word 13.
    #[property(default = 0)]
    word13: u64,
    /// Word 14.
    #[property(default = 0)]
    word14: u64,
    /// Word 15.
    #[property(default = 0)]
    word15: u64,
}

impl Realize for Sized128 {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

const _: () = assert!(size_of::<Sized128>() == 128);

/// Holds 168 bytes
#[derive(Object)]
#[object(name = "sized-168", user_creatable)]
pub struct Sized168 {
    /// Word 0.
    #[property(default = 0)]
    word0: u64,
    /// Word 1.
    #[property(default = 0)]
    word1: u64,
    /// Word 2.
    #[property(default = 0)]
    word2: u64,
    /// Word 3.
    #[property(default = 0)]
    word3: u64,
    /// Word 4.
    #[property(default = 0)]
    word4: u64,
    /// Word 5.
    #[property(default = 0)]
    word5: u64,
    /// Word 6.
    #[property(default = 0)]
    word6: u64,
    /// Word 7.
    #[property(default = 0)]
    word7: u64,
    /// Word 8.
    #[property(default = 0)]
    word8: u64,
    /// Word 9.
    #[property(default = 0)]
    word9: u64,
    /// Word 10.
    #[property(default = 0)]
    word10: u64,
    /// Word 11.
    #[property(default = 0)]
    word11: u64,
    /// Word 12.
    #[property(default = 0)]
    word12: u64,
    /// Word 13.
    #[property(default = 0)]
    word13: u64,
    /// Word 14.
    #[property(default = 0)]
    word14: u64,
    /// Word 15.
    #[property(default = 0)]
    word15: u64,
    /// Word 16.
    #[property(default = 0)]
    word16: u64,
    /// Word 17.
    #[property(default = 0)]
    word17: u64,
    /// Word 18.
    #[property(default = 0)]
    word18: u64,
    /// Word 19.
    #[property(default = 0)]
    word19: u64,
    /// Word 20.
    #[property(default = 0)]
    word20: u64,
}

impl Realize for Sized168 {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}

const _: () = assert!(size_of::<Sized168>() == 168);

/// Holds strings
#[derive(Object)]
#[object(name = "note", user_creatable)]
pub struct Note {
    /// A string that is fixed.
    #[property(default = String::new())]
    fixed: String,
    /// A string that may change.
    #[property(default = String::new())]
    text: Live<String>,
}

impl Realize for Note {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}
