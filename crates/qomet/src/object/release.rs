//! Dropping many objects that hold each other.

use super::ObjectRef;

/// Drops references so that no object is dropped by another one's drop: a long chain of links or of parents must
/// not exhaust the stack.
pub(crate) fn release(objects: Vec<ObjectRef>) {
    let mut waiting = objects;
    while let Some(object) = waiting.pop() {
        if !object.is_last_reference() {
            continue;
        }
        // Nobody else has it, so it goes now; what it holds goes after it, here and not inside of it.
        waiting.extend(object.parent().cloned());
        if object.has_links() {
            object.links(&mut |_, link| {
                if link.holds() {
                    waiting.extend(link.target());
                }
            });
        }
    }
}
