//! Five types, each the parent of the next, four properties each: what is inherited costs what is own.

use qomet::prelude::*;

/// Level 1 of five
#[derive(Object)]
#[object(name = "level-1", abstract)]
pub struct Level1 {
    /// A number that may change.
    #[property(name = "count-1", default = 1)]
    count1: Live<u64>,
    /// A boolean that may change.
    #[property(name = "flag-1", default = false)]
    flag1: Live<bool>,
    /// A fixed number of bytes.
    #[property(name = "size-1", default = Size::kib(1))]
    size1: Size,
    /// A fixed name.
    #[property(name = "name-1", default = String::new())]
    name1: String,
}

/// Level 2 of five
#[derive(Object)]
#[object(name = "level-2", abstract)]
pub struct Level2 {
    #[object(parent)]
    base: Level1,
    /// A number that may change.
    #[property(name = "count-2", default = 2)]
    count2: Live<u64>,
    /// A boolean that may change.
    #[property(name = "flag-2", default = false)]
    flag2: Live<bool>,
    /// A fixed number of bytes.
    #[property(name = "size-2", default = Size::kib(2))]
    size2: Size,
    /// A fixed name.
    #[property(name = "name-2", default = String::new())]
    name2: String,
}

/// Level 3 of five
#[derive(Object)]
#[object(name = "level-3", abstract)]
pub struct Level3 {
    #[object(parent)]
    base: Level2,
    /// A number that may change.
    #[property(name = "count-3", default = 3)]
    count3: Live<u64>,
    /// A boolean that may change.
    #[property(name = "flag-3", default = false)]
    flag3: Live<bool>,
    /// A fixed number of bytes.
    #[property(name = "size-3", default = Size::kib(3))]
    size3: Size,
    /// A fixed name.
    #[property(name = "name-3", default = String::new())]
    name3: String,
}

/// Level 4 of five
#[derive(Object)]
#[object(name = "level-4", abstract, user_creatable)]
pub struct Level4 {
    #[object(parent)]
    base: Level3,
    /// A number that may change.
    #[property(name = "count-4", default = 4)]
    count4: Live<u64>,
    /// A boolean that may change.
    #[property(name = "flag-4", default = false)]
    flag4: Live<bool>,
    /// A fixed number of bytes.
    #[property(name = "size-4", default = Size::kib(4))]
    size4: Size,
    /// A fixed name.
    #[property(name = "name-4", default = String::new())]
    name4: String,
}

/// Level 5 of five
#[derive(Object)]
#[object(name = "level-5")]
pub struct Level5 {
    #[object(parent)]
    base: Level4,
    /// A number that may change.
    #[property(name = "count-5", default = 5)]
    count5: Live<u64>,
    /// A boolean that may change.
    #[property(name = "flag-5", default = false)]
    flag5: Live<bool>,
    /// A fixed number of bytes.
    #[property(name = "size-5", default = Size::kib(5))]
    size5: Size,
    /// A fixed name.
    #[property(name = "name-5", default = String::new())]
    name5: String,
}

impl Realize for Level5 {
    fn realize(&self, _: &mut RealizeContext<'_>) -> qomet::Result<()> {
        Ok(())
    }
}
