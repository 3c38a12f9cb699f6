//! A value from one syntax to another, as its type has it.

use qomet::{Failed, Input, InputKind, Output, ValueType};

/// Reads a value of the type and writes it. `typed` is whether what is written shows of which kind it is; where it does not, an
/// alternate that is no string cannot be written, which is said by a null.
///
/// # Errors
/// The proof that it is no such value; what was written until then is of no use.
pub(super) fn transcode(
    value_type: &ValueType,
    input: &mut dyn Input,
    output: &mut dyn Output,
    typed: bool,
) -> Result<(), Failed> {
    match value_type {
        ValueType::Bool => output.boolean(input.boolean()?),
        ValueType::Int { signed: true, .. } => output.int64(input.int64()?),
        ValueType::Int { signed: false, .. } => output.uint64(input.uint64()?),
        ValueType::Size => output.size(input.size()?),
        ValueType::Number => output.number(input.number()?),
        ValueType::String | ValueType::Path | ValueType::Link { .. } | ValueType::Id { .. } => {
            output.string(&input.string()?)
        }
        ValueType::Enum(kind) => {
            let index = input.enumeration(kind.names)?;
            output.enumeration(kind.names.get(index).copied().unwrap_or_default());
        }
        ValueType::Struct(kind) => {
            let names: Vec<&'static str> = kind.members.iter().map(|member| member.name).collect();
            input.begin_struct()?;
            output.begin_struct();
            while let Some(index) = input.next_member(&names) {
                if let Some(member) = kind.members.get(index?) {
                    output.member(member.name);
                    transcode(member.value_type, input, output, typed)?;
                }
            }
            input.end_struct();
            output.end_struct();
        }
        ValueType::List(element) => {
            input.begin_list()?;
            output.begin_list();
            while input.next_element() {
                transcode(element, input, output, typed)?;
            }
            input.end_list();
            output.end_list();
        }
        ValueType::Alternate(branches) => {
            let found = input.kind();
            match branches.iter().find(|branch| takes(branch.value_type, found)) {
                Some(branch) if typed || found == InputKind::String => {
                    transcode(branch.value_type, input, output, typed)?;
                }
                _ => output.null(),
            }
        }
        ValueType::Optional(inner) => transcode(inner, input, output, typed)?,
    }
    Ok(())
}

/// Whether a value of that kind may be one of the type.
fn takes(value_type: &ValueType, found: InputKind) -> bool {
    match value_type.inner() {
        ValueType::Bool => found == InputKind::Bool,
        ValueType::Int { .. } | ValueType::Size => found == InputKind::Integer,
        ValueType::Number => matches!(found, InputKind::Integer | InputKind::Number),
        ValueType::Struct(_) => found == InputKind::Struct,
        ValueType::List(_) => found == InputKind::List,
        ValueType::Alternate(_) | ValueType::Optional(_) => false,
        _ => found == InputKind::String,
    }
}
