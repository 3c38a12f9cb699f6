//! Lists.

use super::{LinkRef, Value, ValueType};
use crate::error::Failed;
use crate::visit::{Input, Output};

/// A list is replaced as a whole when it is set. Every wrong element is reported.
impl<T: Value> Value for Vec<T> {
    const TYPE: &'static ValueType = &ValueType::List(T::TYPE);

    fn read(input: &mut dyn Input) -> Result<Self, Failed> {
        input.begin_list()?;
        let mut list = Vec::new();
        let mut failed = None;
        while input.next_element() {
            match T::read(input) {
                Ok(element) => list.push(element),
                Err(reported) => failed = Some(reported),
            }
        }
        input.end_list();
        match failed {
            Some(reported) => Err(reported),
            None => Ok(list),
        }
    }

    fn write(&self, output: &mut dyn Output) {
        output.begin_list();
        for element in self {
            element.write(output);
        }
        output.end_list();
    }

    fn placeholder() -> Self {
        Vec::new()
    }

    fn links(&self, each: &mut dyn FnMut(&dyn LinkRef)) {
        for element in self {
            element.links(each);
        }
    }

    fn links_mut(&mut self, each: &mut dyn FnMut(&mut dyn LinkRef)) {
        for element in self {
            element.links_mut(each);
        }
    }
}
