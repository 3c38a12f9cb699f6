//! `describe`: a type, or one of its properties.
//!
//! A name with a dot may be a type or a property of one; types win.

mod facts;
pub(crate) mod markdown;
mod page;

use std::sync::Arc;

use qomet::{Class, Diagnostic, ModelErrorKind, Property, Result as Checked, TypeRegistry, nearest};
use qomet_config::{Sources, describe_property, describe_type, render_human};

use crate::arguments::Describe;
use crate::console::Console;
use crate::host;
use crate::outcome::{Outcome, Trouble};
use crate::text::{count, shown};

/// Runs the command.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn describe(
    registry: &TypeRegistry,
    arguments: &Describe,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    if let Some(folder) = &arguments.out {
        let pages = markdown::pages(registry);
        for (file, text) in &pages {
            host::write_file(&folder.join(file), text)?;
        }
        let folder = shown(&folder.to_string_lossy());
        console.print(&format!("wrote {} to {folder}\n", count(pages.len(), "file")));
        return Ok(Outcome::Fine);
    }
    if arguments.name.is_empty() {
        let pages = markdown::pages(registry).into_iter().skip(1).map(|(_, text)| text);
        console.print(&pages.collect::<Vec<_>>().join("\n"));
        return Ok(Outcome::Fine);
    }
    let (class, property) = match find(registry, &arguments.name) {
        Ok(found) => found,
        Err(diagnostic) => return Ok(complain(&diagnostic, console)),
    };
    let (width, paint) = (console.width(), console.paint());
    let text = match (property, arguments.json) {
        (None, _) if arguments.markdown => markdown::page(class),
        (Some(property), _) if arguments.markdown => markdown::property(property, class.name()),
        (None, true) => format!("{:#}\n", describe_type(class)),
        (Some(property), true) => format!("{:#}\n", describe_property(class, property)),
        (None, false) => page::type_page(class, width, paint),
        (Some(property), false) => page::property_page(class, property, width, paint),
    };
    console.print(&text);
    Ok(Outcome::Fine)
}

/// Shows a diagnostic that comes from no document.
pub(crate) fn complain(diagnostic: &Diagnostic, console: &mut Console) -> Outcome {
    let colour = console.colours_complaints();
    console.complain(&render_human([diagnostic], &Sources::new(), colour));
    Outcome::Rejected
}

fn find<'r>(registry: &'r TypeRegistry, name: &str) -> Checked<(&'r Class, Option<&'static Property>)> {
    match (registry.get(name), name.rsplit_once('.')) {
        (None, Some((type_name, property))) => {
            let class = find_type(registry, type_name)?;
            Ok((class, Some(find_property(class, property)?)))
        }
        _ => Ok((find_type(registry, name)?, None)),
    }
}

/// The type of that name, abstract and internal ones too.
///
/// # Errors
/// There is none; the diagnostic has the nearest name, or says what the type lacks that is not available here.
pub(crate) fn find_type<'r>(registry: &'r TypeRegistry, name: &str) -> Checked<&'r Class> {
    match registry.lookup(name) {
        Ok(class) => Ok(&**class),
        Err(unknown) if unknown.code() == "unknown-type" => {
            let names = registry.classes().map(|class| class.name());
            let nearest = nearest(name, names).map(str::to_owned);
            Err(Diagnostic::new(ModelErrorKind::UnknownType { name: name.to_owned(), nearest }))
        }
        Err(known) => Err(known),
    }
}

/// The property of that name, computed ones too.
fn find_property(class: &Class, name: &str) -> Checked<&'static Property> {
    class.find(name).and_then(|slot| class.property(slot)).ok_or_else(|| {
        let nearest = nearest(name, class.properties().iter().map(|property| property.name));
        let problem = ModelErrorKind::UnknownProperty { name: name.to_owned(), nearest, has: Arc::default() };
        Diagnostic::new(problem).with_type(class.name())
    })
}
