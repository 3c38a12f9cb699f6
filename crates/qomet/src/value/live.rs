//! Properties that may change after realize, read without a lock.
//!
//! Scalars are atomics; everything else is an immutable snapshot that a writer replaces as a whole. Writers are
//! kept in order by the object's one mutex (see `object/instance.rs`), so a store here is plain.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    Ordering,
};

use arc_swap::ArcSwap;

use super::{Field, LinkRef, Mutability, OnOffAuto, Size, Value};
use crate::visit::{Output, ValueRef};

/// A value that can be held by a [`Live`] field.
///
/// `#[derive(Value)]` implements it with a snapshot.
pub trait LiveValue: Value {
    /// Where the value lives: an atomic or a snapshot.
    type Cell: Send + Sync + 'static;

    /// A cell holding the value.
    fn into_cell(self) -> Self::Cell;
    /// The value now.
    fn load(cell: &Self::Cell) -> Self;
    /// Replaces the value.
    fn store(cell: &Self::Cell, value: Self);
    /// Lends the value as it is now.
    fn with<R>(cell: &Self::Cell, read: impl FnOnce(&Self) -> R) -> R {
        read(&Self::load(cell))
    }
}

/// A property that may be set at any time.
///
/// ```
/// # use qomet::{Live, Field};
/// let speed = Live::new(30u32);
/// assert_eq!(speed.get(), 30);
/// ```
pub struct Live<T: LiveValue>(T::Cell);

impl<T: LiveValue> Live<T> {
    /// The value now.
    pub fn get(&self) -> T {
        T::load(&self.0)
    }
}

impl<T: LiveValue> Field for Live<T> {
    type Value = T;
    type Get<'a> = T;
    const MUTABILITY: Mutability = Mutability::Live;

    fn new(value: T) -> Self {
        Live(value.into_cell())
    }
    fn duplicate(&self) -> Self {
        Live(self.get().into_cell())
    }
    fn get(&self) -> T {
        T::load(&self.0)
    }
    fn value_ref(&self) -> ValueRef<'_> {
        T::with(&self.0, |value| Value::value_ref(value).into_owned())
    }
    fn write(&self, output: &mut dyn Output) {
        T::with(&self.0, |value| Value::write(value, output));
    }
    fn store(&self, value: T) {
        T::store(&self.0, value);
    }
    fn adopt(&self, from: &Self) {
        T::store(&self.0, from.get());
    }
    fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
        T::with(&self.0, |value| Value::links(value, each));
    }
    fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
        let mut value = self.get();
        let mut any = false;
        Value::links_mut(&mut value, &mut |link| {
            any = true;
            each(link);
        });
        if any {
            T::store(&self.0, value);
        }
    }
}

macro_rules! atomics {
    ($($type:ty, $atomic:ident, $value:ident => $to:expr, $raw:ident => $from:expr;)*) => {$(
        impl LiveValue for $type {
            type Cell = $atomic;

            fn into_cell(self) -> $atomic {
                let $value = self;
                $atomic::new($to)
            }
            fn load(cell: &$atomic) -> Self {
                let $raw = cell.load(Ordering::Acquire);
                $from
            }
            fn store(cell: &$atomic, $value: Self) {
                cell.store($to, Ordering::Release);
            }
        }
    )*};
}

atomics! {
    bool, AtomicBool, v => v, raw => raw;
    i8, AtomicI8, v => v, raw => raw;
    i16, AtomicI16, v => v, raw => raw;
    i32, AtomicI32, v => v, raw => raw;
    i64, AtomicI64, v => v, raw => raw;
    u8, AtomicU8, v => v, raw => raw;
    u16, AtomicU16, v => v, raw => raw;
    u32, AtomicU32, v => v, raw => raw;
    u64, AtomicU64, v => v, raw => raw;
    Size, AtomicU64, v => v.0, raw => Size(raw);
    f64, AtomicU64, v => v.to_bits(), raw => f64::from_bits(raw);
    OnOffAuto, AtomicU8, v => match v { OnOffAuto::Auto => 0, OnOffAuto::On => 1, OnOffAuto::Off => 2 },
        raw => match raw { 0 => OnOffAuto::Auto, 1 => OnOffAuto::On, _ => OnOffAuto::Off };
}

/// Implements [`LiveValue`] by an immutable snapshot.
#[doc(hidden)]
#[macro_export]
macro_rules! __live_by_snapshot {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $crate::LiveValue for $type {
            type Cell = $crate::__private::Snapshot<Self>;

            fn into_cell(self) -> Self::Cell {
                $crate::__private::Snapshot::new(self)
            }
            fn load(cell: &Self::Cell) -> Self {
                cell.with(Clone::clone)
            }
            fn store(cell: &Self::Cell, value: Self) {
                cell.store(value);
            }
            fn with<R>(cell: &Self::Cell, read: impl FnOnce(&Self) -> R) -> R {
                cell.with(read)
            }
        }
    };
}

__live_by_snapshot!([] String);
__live_by_snapshot!([] std::path::PathBuf);
__live_by_snapshot!([T: Value] Vec<T>);
__live_by_snapshot!([T: Value] Option<T>);

/// An immutable value that is replaced as a whole.
#[doc(hidden)]
pub struct Snapshot<T>(ArcSwap<T>);

impl<T> Snapshot<T> {
    /// A snapshot of `value`.
    pub fn new(value: T) -> Self {
        Snapshot(ArcSwap::from_pointee(value))
    }
    /// Lends the value as it is now.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.load())
    }
    /// Replaces the value.
    pub fn store(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}
