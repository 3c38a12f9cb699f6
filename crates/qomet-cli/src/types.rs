//! `types`: what there is, and what is known but not there, with what it lacks.

use qomet::{Class, TypeRegistry};
use qomet_config::describe_types;

use crate::arguments::Types;
use crate::console::Console;
use crate::outcome::{Outcome, Trouble};
use crate::table::Table;

/// Runs the command.
///
/// # Errors
/// None.
pub(crate) fn types(
    registry: &TypeRegistry,
    arguments: &Types,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    if arguments.json {
        console.print(&format!("{:#}\n", describe_types(registry)));
        return Ok(Outcome::Fine);
    }
    let mut table = Table::new(["TYPE", "KIND", "DESCRIPTION"]);
    add_children(&mut table, registry, None, "");
    for (name, missing) in registry.unavailable() {
        table.row([name.to_owned(), "unavailable".to_owned(), missing.to_owned()]);
    }
    console.print(&table.render(console.width(), console.paint()));
    Ok(Outcome::Fine)
}

/// Adds the types below `parent`, each with its own children below it.
fn add_children(table: &mut Table, registry: &TypeRegistry, parent: Option<&Class>, indent: &str) {
    let parent_name = parent.map(Class::name);
    let mut children = registry
        .classes()
        .filter(|class| class.parent().map(|parent| parent.name()) == parent_name)
        .peekable();
    while let Some(class) = children.next() {
        let (branch, below) = match (parent, children.peek()) {
            (None, _) => ("", ""),
            (Some(_), Some(_)) => ("├── ", "│   "),
            (Some(_), None) => ("└── ", "    "),
        };
        let name = format!("{indent}{branch}{}", class.name());
        table.row([name, kind(class).to_owned(), class.description().to_owned()]);
        add_children(table, registry, Some(class), &format!("{indent}{below}"));
    }
}

/// Who may create objects of the type.
pub(crate) fn kind(class: &Class) -> &'static str {
    if class.is_abstract() {
        "abstract"
    } else if class.is_user_creatable() {
        "user-creatable"
    } else {
        "internal"
    }
}
