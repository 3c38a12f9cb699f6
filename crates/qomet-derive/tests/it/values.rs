//! Derived value types, read from and written to native values.
#![deny(warnings, clippy::all, clippy::pedantic, missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use qomet::{Diagnostics, Live, Native, NativeInput, Size, TextOutput, Value, ValueRef, ValueType};

/// How pages are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Value)]
#[value(name = "PageOrder")]
enum Order {
    /// The first page first.
    FirstFirst,
    /// The last page first.
    #[value(rename = "reverse")]
    LastFirst,
}

#[derive(Clone, Debug, PartialEq, Value)]
struct Throttle {
    /// Bytes a second.
    bps_total: u64,
    /// The most at once.
    burst: Option<Size>,
    /// In which order.
    #[value(default = Order::LastFirst)]
    order: Order,
}

#[derive(Clone, Debug, PartialEq, Value)]
enum Limit {
    Off(bool),
    Bytes(Size),
    Rules(Vec<Throttle>),
}

#[derive(Clone, Debug, PartialEq, Value)]
enum Factor {
    Number(f64),
    Name(String),
}

fn read<T: Value>(native: &Native<'_>) -> Result<T, Vec<String>> {
    let mut report = Diagnostics::new();
    let value = T::read(&mut NativeInput::new(native, &mut report));
    let told = report.take().iter().map(ToString::to_string).collect();
    value.map_err(|_| told)
}

fn members(list: Vec<(&'static str, Native<'static>)>) -> Native<'static> {
    Native::Struct(list.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn shown(value: &impl Value) -> String {
    TextOutput::of(|out| value.write(out))
}

#[test]
fn an_enum_is_read_and_written_by_name() {
    let order = read::<Order>(&Native::Str("reverse".into())).unwrap();
    assert_eq!(order, Order::LastFirst);
    assert_eq!(order.as_str(), "reverse");
    assert_eq!(shown(&Order::FirstFirst), "first-first");
    assert_eq!(order.value_ref(), ValueRef::Enum("reverse"));
}

#[test]
fn an_enum_describes_itself() {
    let ValueType::Enum(kind) = Order::TYPE else { panic!("no enum") };
    assert_eq!((kind.name, kind.names), ("PageOrder", ["first-first", "reverse"].as_slice()));
    assert_eq!(kind.descriptions, ["The first page first", "The last page first"]);
}

#[test]
fn an_unknown_name_is_refused() {
    let told = read::<Order>(&Native::Str("revers".into())).unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_live_enum_is_replaced() {
    use qomet::Field;
    let live = Live::new(Order::FirstFirst);
    live.store(Order::LastFirst);
    assert_eq!(live.get(), Order::LastFirst);
}

#[test]
fn a_struct_is_read_with_its_defaults() {
    let throttle = read::<Throttle>(&members(vec![("bps-total", Native::Uint(5))])).unwrap();
    assert_eq!(throttle, Throttle { bps_total: 5, burst: None, order: Order::LastFirst });
    assert_eq!(shown(&throttle), "{bps-total: 5, order: reverse}");
}

#[test]
fn every_wrong_member_is_reported() {
    let native = members(vec![
        ("burst", Native::Bool(true)),
        ("brust", Native::Uint(1)),
        ("order", Native::Str("first-first".into())),
        ("order", Native::Str("reverse".into())),
    ]);
    let told = read::<Throttle>(&native).unwrap_err();
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn a_struct_describes_itself() {
    let ValueType::Struct(kind) = Throttle::TYPE else { panic!("no struct") };
    let required: Vec<_> = kind.members.iter().map(|one| (one.name, one.required, one.description)).collect();
    assert_eq!(
        required,
        [
            ("bps-total", true, "Bytes a second"),
            ("burst", false, "The most at once"),
            ("order", false, "In which order")
        ]
    );
}

#[test]
fn an_alternate_is_chosen_by_kind() {
    assert_eq!(read(&Native::Bool(false)), Ok(Limit::Off(false)));
    assert_eq!(read(&Native::Uint(5)), Ok(Limit::Bytes(Size(5))));
    assert_eq!(read(&Native::Str("1k".into())), Ok(Limit::Bytes(Size(1024))));
    assert_eq!(read(&Native::List(Vec::new())), Ok(Limit::Rules(Vec::new())));
}

#[test]
fn an_integer_is_also_a_number() {
    assert_eq!(read(&Native::Uint(2)), Ok(Factor::Number(2.0)));
    assert_eq!(read(&Native::Str("half".into())), Ok(Factor::Name("half".into())));
}

#[test]
fn an_alternate_says_all_it_takes() {
    let told = read::<Limit>(&Native::Null).unwrap_err();
    assert!(told[0].contains("a boolean, a size or a list"), "{told:?}");
}

#[test]
fn an_alternate_is_written_as_its_branch() {
    assert_eq!(shown(&Limit::Bytes(Size(1024))), "1 KiB");
    assert_eq!(shown(&Limit::placeholder()), "off");
}
