//! Reading `#[object(…)]`, `#[property(…)]` and `#[value(…)]`.
//!
//! A caller says which keys it knows and what each takes; it gets those that were given, well formed and once.
//! After a mistake, reading goes on behind the next comma. What the keys mean is the caller's business.
//!
//! Not `Attribute::parse_nested_meta`, which stops at the first mistake, nor `darling`, which cannot say what to
//! write.

use proc_macro2::{Span, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Meta, Path, Token, Type};

use crate::describe::field_name;
use crate::mistakes::Mistakes;

/// What a key takes.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    Text,
    Expression,
    Type,
    Function,
    Path,
    Paths,
    Needs,
}

/// A key that a caller knows.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    /// What to write, for messages.
    pub(crate) write: &'static str,
}

/// A key that people may expect, and what to do instead.
pub(crate) struct Instead {
    pub(crate) name: &'static str,
    pub(crate) message: &'static str,
}

/// Everything that may stand in one attribute.
pub(crate) struct Vocabulary {
    /// The attribute: `object`, `property` or `value`.
    pub(crate) attribute: &'static str,
    /// What it stands on, for messages: `an object type`.
    pub(crate) on: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) instead: &'static [Instead],
}

enum Content {
    Nothing,
    Text(LitStr),
    Expression(Expr),
    Type(Type),
    Function(ExprPath),
    Path(Path),
    Paths(Vec<Path>),
    Needs(Vec<Need>),
}

/// `NAME = VALUE`, or with `>=` or `<=`.
#[derive(Clone)]
pub(crate) struct Need {
    pub(crate) name: String,
    /// The variant of `qomet::Relation`.
    pub(crate) relation: &'static str,
    pub(crate) value: Expr,
}

/// What was given.
#[derive(Default)]
pub(crate) struct Given {
    sound: Vec<(Ident, Content)>,
    /// Keys that were meant, but written wrongly: that they are missing is no second mistake.
    unsound: Vec<&'static str>,
}

impl Given {
    fn find(&self, name: &str) -> Option<&(Ident, Content)> {
        self.sound.iter().find(|(key, _)| key == name)
    }

    /// Where the key stands, if it was given.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        self.find(name).map(|(key, _)| key.span())
    }

    /// Whether the key was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether the key was given, well formed or not.
    pub(crate) fn was_meant(&self, name: &str) -> bool {
        self.has(name) || self.unsound.contains(&name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&LitStr> {
        self.find(name).and_then(|(_, content)| match content {
            Content::Text(text) => Some(text),
            _ => None,
        })
    }

    pub(crate) fn expression(&self, name: &str) -> Option<&Expr> {
        self.find(name).and_then(|(_, content)| match content {
            Content::Expression(expression) => Some(expression),
            _ => None,
        })
    }

    pub(crate) fn type_of(&self, name: &str) -> Option<&Type> {
        self.find(name).and_then(|(_, content)| match content {
            Content::Type(kind) => Some(kind),
            _ => None,
        })
    }

    pub(crate) fn function(&self, name: &str) -> Option<&ExprPath> {
        self.find(name).and_then(|(_, content)| match content {
            Content::Function(path) => Some(path),
            _ => None,
        })
    }

    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.find(name).and_then(|(_, content)| match content {
            Content::Path(path) => Some(path),
            _ => None,
        })
    }

    pub(crate) fn needs(&self, name: &str) -> &[Need] {
        match self.find(name) {
            Some((_, Content::Needs(needs))) => needs,
            _ => &[],
        }
    }

    pub(crate) fn paths(&self, name: &str) -> &[Path] {
        match self.find(name) {
            Some((_, Content::Paths(paths))) => paths,
            _ => &[],
        }
    }
}

impl Vocabulary {
    /// Reads every attribute of this name among `attributes`.
    pub(crate) fn read(&self, attributes: &[Attribute], mistakes: &mut Mistakes) -> Given {
        let mut given = Given::default();
        for attribute in attributes.iter().filter(|one| one.path().is_ident(self.attribute)) {
            match &attribute.meta {
                Meta::Path(_) => {}
                Meta::NameValue(meta) => {
                    mistakes.add_over(meta, format_args!("write `#[{}(…)]`", self.attribute));
                }
                Meta::List(list) => {
                    let parser = |input: ParseStream<'_>| {
                        self.read_list(input, &mut given, mistakes);
                        Ok(())
                    };
                    if let Err(error) = parser.parse2(list.tokens.clone()) {
                        mistakes.absorb(error);
                    }
                }
            }
        }
        given
    }

    fn read_list(&self, input: ParseStream<'_>, given: &mut Given, mistakes: &mut Mistakes) {
        while !input.is_empty() {
            match input.call(Ident::parse_any) {
                Ok(key) => self.read_key(key, input, given, mistakes),
                Err(_) => {
                    let message = format!("expected the name of an attribute of {}", self.on);
                    mistakes.add(input.span(), message);
                    skip_to_comma(input);
                }
            }
            if input.is_empty() {
                break;
            }
            if input.parse::<Token![,]>().is_err() {
                mistakes.add(input.span(), "expected `,`");
                skip_to_comma(input);
                let _ = input.parse::<Token![,]>();
            }
        }
    }

    fn read_key(&self, name: Ident, input: ParseStream<'_>, given: &mut Given, mistakes: &mut Mistakes) {
        let Some(key) = self.keys.iter().find(|key| name == key.name) else {
            let (message, meant) = self.unknown(&name.to_string());
            mistakes.add(name.span(), message);
            given.unsound.extend(meant);
            return skip_to_comma(input);
        };
        match read_content(key, &name, input) {
            Err(error) => {
                mistakes.absorb(error);
                given.unsound.push(key.name);
                skip_to_comma(input);
            }
            Ok(_) if given.has(key.name) => {
                mistakes.add(name.span(), format_args!("`{}` is given twice: keep one", key.name));
            }
            Ok(content) => given.sound.push((name, content)),
        }
    }

    /// What to say of an unknown key, and which key was probably meant.
    fn unknown(&self, name: &str) -> (String, Option<&'static str>) {
        if let Some(instead) = self.instead.iter().find(|one| one.name == name) {
            return (instead.message.to_owned(), None);
        }
        let near = self
            .keys
            .iter()
            .map(|key| (strsim::damerau_levenshtein(name, key.name), key.name))
            .filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3))
            .min();
        let on = self.on;
        match near {
            Some((_, near)) => {
                (format!("{on} has no attribute `{name}`: did you mean `{near}`?"), Some(near))
            }
            None => {
                let known: Vec<String> = self.keys.iter().map(|key| format!("`{}`", key.name)).collect();
                (format!("{on} has no attribute `{name}`: it takes {}", known.join(", ")), None)
            }
        }
    }
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<TokenTree>();
    }
}

fn read_content(key: &Key, name: &Ident, input: ParseStream<'_>) -> syn::Result<Content> {
    let wrong = |message: String| Err(syn::Error::new(name.span(), message));
    let write = key.write;
    match key.takes {
        Takes::Nothing => {
            return if input.is_empty() || input.peek(Token![,]) {
                Ok(Content::Nothing)
            } else {
                wrong(format!("`{name}` takes no value: write only `{write}`"))
            };
        }
        Takes::Paths if input.peek(syn::token::Paren) => {
            let content;
            syn::parenthesized!(content in input);
            let paths = Punctuated::<Path, Token![,]>::parse_terminated(&content)?;
            return Ok(Content::Paths(paths.into_iter().collect()));
        }
        Takes::Needs if input.peek(syn::token::Paren) => {
            let content;
            syn::parenthesized!(content in input);
            let mut needs = Vec::new();
            while !content.is_empty() {
                match read_need(&content, write) {
                    Ok(need) => needs.push(need),
                    Err(error) => {
                        // What follows is no second mistake.
                        content.parse::<proc_macro2::TokenStream>()?;
                        return Err(error);
                    }
                }
                if !content.is_empty() {
                    content.parse::<Token![,]>()?;
                }
            }
            if needs.is_empty() {
                return wrong(format!("`{name}` needs something: write `{write}`"));
            }
            return Ok(Content::Needs(needs));
        }
        Takes::Paths | Takes::Needs => return wrong(format!("`{name}` needs a list: write `{write}`")),
        _ if !input.peek(Token![=]) => return wrong(format!("`{name}` needs a value: write `{write}`")),
        _ => {}
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return wrong(format!("`{name}` needs a value: write `{write}`"));
    }
    match key.takes {
        Takes::Type => return Ok(Content::Type(input.parse()?)),
        Takes::Path => return Ok(Content::Path(input.call(Path::parse_mod_style)?)),
        _ => {}
    }
    let expression: Expr = input.parse()?;
    match (key.takes, expression) {
        (Takes::Text, Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(Content::Text(text)),
        (Takes::Text, other) => {
            Err(syn::Error::new(other.span(), format!("expected a text in quotes: write `{write}`")))
        }
        (Takes::Function, Expr::Path(path)) => Ok(Content::Function(path)),
        (Takes::Function, other) => {
            Err(syn::Error::new_spanned(other, format!("expected the path of a function: write `{write}`")))
        }
        (_, other) => Ok(Content::Expression(other)),
    }
}

/// A property of another type, by its name or as a field would be called, and what it is to be.
fn read_need(input: ParseStream<'_>, write: &str) -> syn::Result<Need> {
    let (name, span) = if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        (text.value(), text.span())
    } else {
        let ident = input.call(Ident::parse_any)?;
        (field_name(&ident), ident.span())
    };
    let relation = if input.parse::<Option<Token![>=]>>()?.is_some() {
        "AtLeast"
    } else if input.parse::<Option<Token![<=]>>()?.is_some() {
        "AtMost"
    } else if !input.peek(Token![==]) && input.parse::<Option<Token![=]>>()?.is_some() {
        "Is"
    } else {
        return Err(syn::Error::new(span, format!("what is `{name}` to be? write `{write}`")));
    };
    Ok(Need { name, relation, value: input.parse()? })
}
