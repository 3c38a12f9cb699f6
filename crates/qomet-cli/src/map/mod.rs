//! `map`: which object holds which bytes of which file.
//!
//! Of documents, of which nothing is created, or of a server's live objects; `run` shows the table of what it made.
//!
//! ```text
//! window   what an object holds, found in drafts, in objects, on a server; and files cut into pieces
//! table    every piece on a line
//! bar      the pieces of a file as one line of letters
//! svg      the same as a picture
//! scale    how much room each piece has
//! ```

mod bar;
mod scale;
mod svg;
mod table;
mod window;

use std::path::Path;

use qomet::{Level, Model, TypeRegistry};
use qomet_config::render_human;
use qomet_qmp::Client;
use serde_json::{Value, json};

use crate::arguments::Map;
use crate::client::{self, Failure};
use crate::console::Console;
use crate::host;
use crate::input;
use crate::outcome::{Outcome, Trouble};
use crate::text::shown;
pub(crate) use table::render as render_tables;
pub(crate) use window::of_objects;
use window::{Holdings, files};

/// Runs the command on documents.
///
/// # Errors
/// A file cannot be read or written.
pub(crate) fn of_documents(
    registry: TypeRegistry,
    arguments: &Map,
    console: &mut Console,
) -> Result<Outcome, Trouble> {
    let svg = arguments.svg.as_deref().filter(|svg| !input::is_standard(svg));
    if let Some(document) = svg.and_then(|svg| arguments.files.iter().find(|file| host::is_same(svg, file))) {
        return Err(Trouble(format!("--svg would replace {}, which is a document", host::named(document))));
    }
    let documents = input::read(&arguments.files, &arguments.lines, console)?;
    if let Some(helped) = input::help(&documents, &registry, console)? {
        return Ok(helped);
    }
    let model = Model::new(registry);
    let plan = documents.plan(&model, Level::Host);
    let colour = console.colours_complaints();
    console.complain(&render_human(plan.diagnostics(), documents.sources(), colour));
    // What is refused is drawn as far as it is known: the picture may show why.
    show(&window::of_drafts(&model, plan.drafts()), arguments, console)?;
    Ok(if plan.is_accepted() { Outcome::Fine } else { Outcome::Rejected })
}

/// Runs the command on the objects of a server.
///
/// # Errors
/// The server cannot be reached, or the picture cannot be written.
pub(crate) fn of_server(
    client: &mut Client,
    arguments: &Map,
    console: &mut Console,
) -> Result<Outcome, client::Failure> {
    let objects = client.read_tree("/objects", Some(1)).map_err(Failure::from)?;
    // A server that does not have it, or tells less, is drawn without.
    let memdevs = match client.execute("query-memdev", json!({})) {
        Err(error) if error.refused().is_some() => Value::Null,
        told => told.map_err(Failure::from)?,
    };
    show(&window::of_views(&objects, &memdevs), arguments, console)
        .map_err(|Trouble(why)| Failure::usage(why, ""))?;
    Ok(Outcome::Fine)
}

fn show(holdings: &Holdings, arguments: &Map, console: &mut Console) -> Result<(), Trouble> {
    match arguments.svg.as_deref() {
        Some(path) if input::is_standard(path) && arguments.json => {
            let why =
                "the picture and JSON cannot both go to standard output: leave out --json or name a file";
            return Err(Trouble(why.to_owned()));
        }
        Some(path) if input::is_standard(path) => console.print(&svg::draw(holdings)),
        Some(path) => {
            if let Some(held) = holdings.windows.iter().find(|one| host::is_same(path, Path::new(&one.path)))
            {
                let (name, object) = (host::named(path), shown(&held.object));
                return Err(Trouble(format!("--svg would replace {name}, which '{object}' holds")));
            }
            host::write_file(path, &svg::draw(holdings))?;
        }
        None => {}
    }
    if arguments.json {
        console.print(&format!("{:#}\n", as_json(holdings)));
    } else if arguments.svg.is_none() {
        let (width, paint) = (console.width(), console.paint());
        console.print(&table::whole(holdings, width, paint));
    }
    Ok(())
}

fn as_json(holdings: &Holdings) -> Value {
    let files: Vec<Value> = files(&holdings.windows)
        .into_iter()
        .map(|file| {
            let pieces: Vec<Value> = file
                .pieces
                .iter()
                .map(|piece| {
                    let objects: Vec<&str> = piece.holders.iter().map(|one| one.object.as_str()).collect();
                    json!({ "start": piece.start, "end": piece.end, "objects": objects })
                })
                .collect();
            let objects: Vec<Value> = file
                .windows
                .iter()
                .map(|one| {
                    json!({
                        "object": one.object,
                        "start": one.start,
                        "end": one.end,
                        "access": one.access,
                        "present": one.present,
                    })
                })
                .collect();
            json!({ "path": file.path, "length": file.length, "windows": objects, "pieces": pieces })
        })
        .collect();
    let memory: Vec<Value> = holdings
        .memory
        .iter()
        .map(|one| {
            json!({ "object": one.object, "size": one.size, "access": one.access, "present": one.present })
        })
        .collect();
    json!({ "files": files, "memory": memory })
}
