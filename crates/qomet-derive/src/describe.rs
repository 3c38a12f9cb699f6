//! Names and descriptions: what is on the wire, made from what is in the source.

use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta};

/// The first paragraph of the documentation in one line, without its final full stop. `None` if there is none.
pub(crate) fn description(attributes: &[Attribute]) -> Option<String> {
    let texts = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let mut words = String::new();
    for text in texts {
        for line in if text.is_empty() { vec![""] } else { text.lines().collect() } {
            let line = line.trim();
            if line.is_empty() {
                if words.is_empty() {
                    continue;
                }
                return Some(finish(words));
            }
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(line);
        }
    }
    (!words.is_empty()).then(|| finish(words))
}

fn finish(mut words: String) -> String {
    if words.ends_with('.') && !words.ends_with("..") {
        words.pop();
    }
    words
}

/// The documentation attributes, to be repeated on what is generated.
pub(crate) fn docs(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc"))
}

/// The name on the wire of a field: `mem_path` is `mem-path`.
pub(crate) fn field_name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).replace('_', "-")
}

/// The name on the wire of a variant: `RoundRobin` is `round-robin`.
pub(crate) fn variant_name(ident: &Ident) -> String {
    let name = ident.to_string();
    let letters: Vec<char> = name.strip_prefix("r#").unwrap_or(&name).chars().collect();
    let mut kebab = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        // A word starts at a capital behind something else, and at the last capital of several.
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                *before != '_' && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if starts {
            kebab.push('-');
        }
        if *letter == '_' { kebab.push('-') } else { kebab.extend(letter.to_lowercase()) }
    }
    kebab
}

/// Whether a type, property, member or enum value may have this name: the registry's rule.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn variant(name: &str) -> String {
        variant_name(&Ident::new(name, proc_macro2::Span::call_site()))
    }

    #[test]
    fn variants_become_words_joined_by_hyphens() {
        assert_eq!(variant("RoundRobin"), "round-robin");
        assert_eq!(variant("HTTPServer"), "http-server");
        assert_eq!(variant("Ram"), "ram");
        assert_eq!(variant("Ipv4"), "ipv4");
        assert_eq!(variant("On_Demand"), "on-demand");
    }

    #[test]
    fn a_field_loses_underscores_and_the_raw_prefix() {
        assert_eq!(field_name(&parse_quote!(mem_path)), "mem-path");
        assert_eq!(field_name(&parse_quote!(r#type)), "type");
    }

    #[test]
    fn the_description_is_the_first_paragraph_in_one_line() {
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[doc = " How fast it"]),
            parse_quote!(#[doc = " prints."]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = " More."]),
        ];
        assert_eq!(description(&attributes).as_deref(), Some("How fast it prints"));
    }

    #[test]
    fn an_ellipsis_stays() {
        let attributes: Vec<Attribute> = vec![parse_quote!(#[doc = " And so on..."])];
        assert_eq!(description(&attributes).as_deref(), Some("And so on..."));
    }

    #[test]
    fn blank_documentation_is_none() {
        let attributes: Vec<Attribute> = vec![parse_quote!(#[doc = "  "])];
        assert_eq!(description(&attributes), None);
    }
}
