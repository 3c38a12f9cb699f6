//! Values as they are, kept for later: an [`Output`] that makes a [`Native`].

use std::borrow::Cow;

use super::{Native, Output};

/// Makes a value of what is written.
#[derive(Default)]
pub struct NativeOutput {
    /// The containers that are open.
    open: Vec<Open>,
    done: Option<Native<'static>>,
    tells_absence: bool,
}

enum Open {
    List(Vec<Native<'static>>),
    Struct(Vec<(Cow<'static, str>, Native<'static>)>, Option<String>),
}

impl NativeOutput {
    /// One in which a property that is absent is null, where a reader of the property sees an empty string or list.
    #[must_use]
    pub fn telling_absence() -> Self {
        NativeOutput { tells_absence: true, ..Self::default() }
    }

    /// The value; null if none was written.
    #[must_use]
    pub fn finish(self) -> Native<'static> {
        self.done.unwrap_or(Native::Null)
    }

    fn put(&mut self, value: Native<'static>) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Struct(members, name)) => {
                members.push((Cow::Owned(name.take().unwrap_or_default()), value));
            }
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::List(list)) => self.put(Native::List(list)),
            Some(Open::Struct(members, _)) => self.put(Native::Struct(members)),
            None => {}
        }
    }
}

impl Output for NativeOutput {
    fn boolean(&mut self, value: bool) {
        self.put(Native::Bool(value));
    }
    fn int64(&mut self, value: i64) {
        self.put(Native::Int(value));
    }
    fn uint64(&mut self, value: u64) {
        self.put(Native::Uint(value));
    }
    fn size(&mut self, value: u64) {
        self.put(Native::Uint(value));
    }
    fn number(&mut self, value: f64) {
        self.put(Native::Number(value));
    }
    fn string(&mut self, value: &str) {
        self.put(Native::Str(Cow::Owned(value.to_owned())));
    }
    fn enumeration(&mut self, name: &'static str) {
        self.put(Native::Str(Cow::Borrowed(name)));
    }
    fn null(&mut self) {
        self.put(Native::Null);
    }
    fn absent(&mut self) -> bool {
        // Deeper down, a struct has its own way to leave members out.
        let told = self.tells_absence && self.open.is_empty();
        if told {
            self.null();
        }
        told
    }
    fn begin_struct(&mut self) {
        self.open.push(Open::Struct(Vec::new(), None));
    }
    fn member(&mut self, name: &str) {
        if let Some(Open::Struct(_, next)) = self.open.last_mut() {
            *next = Some(name.to_owned());
        }
    }
    fn end_struct(&mut self) {
        self.close();
    }
    fn begin_list(&mut self) {
        self.open.push(Open::List(Vec::new()));
    }
    fn end_list(&mut self) {
        self.close();
    }
}
