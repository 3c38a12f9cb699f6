//! What the tokens of a field's type say: `Live<…>`, `Computed<…>`, `Option<…>`.
//!
//! A macro sees names, not types: an alias of `Option` is not seen as one. Whatever depends on more than the
//! three names is left to the compiler, by assertions in the expansion.

use syn::{GenericArgument, Path, PathArguments, Type};

fn path(kind: &Type) -> Option<&Path> {
    match kind {
        Type::Path(path) if path.qself.is_none() => Some(&path.path),
        Type::Paren(inner) => path(&inner.elem),
        Type::Group(inner) => path(&inner.elem),
        _ => None,
    }
}

/// The last name of the type's path.
pub(crate) fn last_name(kind: &Type) -> Option<String> {
    path(kind)?.segments.last().map(|segment| segment.ident.to_string())
}

/// `T` of `NAME<T>`.
pub(crate) fn argument<'a>(kind: &'a Type, name: &str) -> Option<&'a Type> {
    let last = path(kind)?.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == name && arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// Whether it is `Option<…>`.
pub(crate) fn is_option(kind: &Type) -> bool {
    argument(kind, "Option").is_some()
}

/// Whether its name could be an alias of `Live<…>` or `Computed<…>`, or hide something else under their names.
pub(crate) fn may_mislead(kind: &Type) -> bool {
    const PLAIN: [&str; 17] = [
        "bool",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
        "f64",
        "Size",
        "String",
        "PathBuf",
        "OnOffAuto",
        "Option",
        "Vec",
        "Link",
    ];
    last_name(kind).is_none_or(|name| !PLAIN.contains(&name.as_str()))
}

/// Whether it is certainly not an integer or size, whatever is around it.
pub(crate) fn is_surely_no_integer(kind: &Type) -> bool {
    let inner = ["Live", "Computed", "Option"].into_iter().find_map(|outer| argument(kind, outer));
    match inner {
        Some(inner) => is_surely_no_integer(inner),
        None => matches!(
            last_name(kind).as_deref(),
            Some("bool" | "f64" | "String" | "PathBuf" | "OnOffAuto" | "Vec" | "Link" | "WeakLink")
        ),
    }
}
