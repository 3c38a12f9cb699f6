//! `list`: one live object, its properties and children.

use qomet_qmp::{ClientError, Reading};

use super::arguments::List;
use super::session::Session;
use super::{Done, target, tree, value};
use crate::console::Console;
use crate::outcome::Outcome;
use crate::table::Table;
use crate::text::shown;

/// Runs the command.
pub(super) fn list(session: &mut Session, arguments: &List, console: &mut Console) -> Done {
    let object = match session.client.read_object(&arguments.path) {
        Ok(object) => object,
        Err(ClientError::Refused(refused)) => {
            return Err(target::explain(&mut session.client, &arguments.path, None, *refused));
        }
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        console.print(&format!("{:#}\n", tree::as_json(&object)));
        return Ok(Outcome::Fine);
    }
    let (width, paint) = (console.width(), console.paint());
    console.print(&format!("{}: {}\n", paint.heading(&shown(&object.path)), shown(&object.type_name)));
    if !object.properties.is_empty() {
        let facts = session.known(&object)?;
        let mut table = Table::new(["PROPERTY", "TYPE", "VALUE"]);
        for property in &object.properties {
            let facts = facts.iter().find(|facts| facts.name == property.name);
            let text = match &property.reading {
                Reading::Value(read) => value::explain(read, facts),
                Reading::Failed(_) if facts.is_some_and(|facts| facts.sensitive) => "(not shown)".to_owned(),
                Reading::Failed(why) => format!("({})", shown(why.trim_end())),
            };
            let type_name = facts.map_or(property.type_name.as_str(), |facts| facts.best_type());
            table.row([shown(&property.name), shown(type_name), text]);
        }
        console.print(&format!("\n{}", table.render(width, paint)));
    }
    if !object.children.is_empty() {
        let mut table = Table::new(["CHILD", "TYPE"]);
        for (name, type_name) in &object.children {
            table.row([shown(name), shown(type_name)]);
        }
        console.print(&format!("\n{}", table.render(width, paint)));
    }
    Ok(Outcome::Fine)
}
