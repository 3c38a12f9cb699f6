//! What every [`Output`] must do.

use qomet::{Native, Output};

use super::{Sink, same};

/// Something that is written, and what it is.
pub struct Case {
    /// What it is about.
    pub name: &'static str,
    /// Writes it.
    pub write: fn(&mut dyn Output),
    /// What was written.
    pub value: Native<'static>,
}

macro_rules! cases {
    ($($name:literal: $write:expr => $value:expr;)*) => {
        vec![$(Case { name: $name, write: $write, value: $value },)*]
    };
}

fn text(text: &'static str) -> Native<'static> {
    Native::Str(text.into())
}

/// Everything an `Output` can be asked to write.
#[must_use]
pub fn cases() -> Vec<Case> {
    cases! {
        "true": |out| out.boolean(true) => Native::Bool(true);
        "false": |out| out.boolean(false) => Native::Bool(false);
        "least signed integer": |out| out.int64(i64::MIN) => Native::Int(i64::MIN);
        "greatest signed integer": |out| out.int64(i64::MAX) => Native::Int(i64::MAX);
        "greatest unsigned integer": |out| out.uint64(u64::MAX) => Native::Uint(u64::MAX);
        "zero": |out| out.uint64(0) => Native::Uint(0);
        "size": |out| out.size(3 << 30) => Native::Uint(3 << 30);
        "number": |out| out.number(0.1) => Native::Number(0.1);
        "whole number": |out| out.number(2.0) => Native::Number(2.0);
        "large number": |out| out.number(1e300) => Native::Number(1e300);
        "string": |out| out.string("a b") => text("a b");
        "empty string": |out| out.string("") => text("");
        "string that needs care": |out| out.string("\"\\\n\0\u{7f}ä😀") => text("\"\\\n\0\u{7f}ä😀");
        "enum": |out| out.enumeration("black-currant") => text("black-currant");
        "null": |out| out.null() => Native::Null;
        "empty list": |out| { out.begin_list(); out.end_list(); } => Native::List(Vec::new());
        "empty struct": |out| { out.begin_struct(); out.end_struct(); } => Native::Struct(Vec::new());
        "list": |out| {
            out.begin_list();
            out.uint64(1);
            out.begin_list();
            out.end_list();
            out.string("x");
            out.null();
            out.end_list();
        } => Native::List(vec![Native::Uint(1), Native::List(Vec::new()), text("x"), Native::Null]);
        "list of strings that need care": |out| {
            out.begin_list();
            out.string("a \"b\"");
            out.string("c\\\n");
            out.end_list();
        } => Native::List(vec![text("a \"b\""), text("c\\\n")]);
        "struct": |out| {
            out.begin_struct();
            out.member("b");
            out.boolean(true);
            out.member("a \"b\"");
            out.begin_struct();
            out.member("c");
            out.begin_list();
            out.size(1024);
            out.begin_struct();
            out.end_struct();
            out.end_list();
            out.end_struct();
            out.member("d");
            out.enumeration("e");
            out.end_struct();
        } => Native::Struct(vec![
            ("b".into(), Native::Bool(true)),
            ("a \"b\"".into(), Native::Struct(vec![
                ("c".into(), Native::List(vec![Native::Uint(1024), Native::Struct(Vec::new())])),
            ])),
            ("d".into(), text("e")),
        ]);
    }
}

/// Tries every method of an `Output`.
///
/// # Panics
/// The output does something else than it must.
pub fn check_output(sink: &dyn Sink) {
    for case in cases() {
        let written = sink.written(&mut |out| (case.write)(out));
        assert!(same(&written, &case.value), "{}: {written:?} instead of {:?}", case.name, case.value);
    }
}
