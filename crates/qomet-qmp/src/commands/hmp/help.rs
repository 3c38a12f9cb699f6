//! What the monitor tells of its commands (`help`) and of what there is (`info`).
//!
//! The lists have a line for each command: the name first, then its words, then ` -- ` and what it does. Shells read them for
//! completion.

use qomet::{ObjectRef, TypeRegistry};

use super::line::Words;
use super::{Outcome, Said, VERBS, Verb, misused, unknown};
use crate::dispatch::{Call, Command, Info, LEVEL};
use crate::wire::Refusal;

pub(super) const HELP: Verb = Verb {
    name: "help",
    alias: Some("?"),
    words: "[command]",
    summary: "tell what commands do",
    changes: false,
    run: help,
};

pub(super) const INFO: Verb = Verb {
    name: "info",
    alias: None,
    words: "[what]",
    summary: "show what there is",
    changes: false,
    run: info,
};

/// The `info` of every server: name, words, summary.
const OWN: [(&str, &str, &str); 2] = [
    (TREE, "[path]", "show the tree of objects"),
    ("version", "", "show the version of QEMU and the program's"),
];

/// The name of the one that takes a word.
const TREE: &str = "qom-tree";

/// At most so many objects are shown before others are served.
const FEW: usize = 500;

/// What the commands of the protocol add to `info`.
fn added<'c>(call: &Call<'c>) -> impl Iterator<Item = &'c Info> + use<'c> {
    let commands = call.dispatcher.commands(call.client().is_read_only());
    commands.filter_map(|command: &Command| command.info.as_ref())
}

/// The names that `info` knows.
fn names(call: &Call<'_>) -> Vec<&'static str> {
    OWN.iter().map(|own| own.0).chain(added(call).map(|info| info.name)).collect()
}

/// A line of a list.
fn line(names: &str, words: &str, summary: &str) -> String {
    format!("{names} {words} -- {summary}\n")
}

fn line_of(verb: &Verb) -> String {
    line(&verb.names(), verb.words, verb.summary)
}

/// The lines of `info`, by name; of one, if it is named.
fn infos(call: &Call<'_>, only: Option<&str>) -> String {
    let added = added(call).map(|info| (info.name, "", info.summary));
    let mut all: Vec<_> = OWN.into_iter().chain(added).collect();
    all.retain(|(name, _, _)| only.is_none_or(|only| only == *name));
    all.sort_unstable();
    all.into_iter().map(|(name, words, summary)| line(&format!("info {name}"), words, summary)).collect()
}

fn help(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let Some(name) = words.optional()? else {
        let is_read_only = call.client().is_read_only();
        let usable = VERBS.iter().filter(|verb| !(is_read_only && verb.changes));
        return Ok(Said::Text(usable.map(line_of).collect()));
    };
    let Some(verb) = Verb::find(&name) else {
        return Ok(Said::Text(unknown("", &name, VERBS.iter().map(|verb| verb.name))));
    };
    if verb.name != INFO.name {
        return Ok(Said::Text(line_of(verb)));
    }
    let only = words.optional()?;
    let text = infos(call, only.as_deref());
    Ok(Said::Text(match only {
        Some(only) if text.is_empty() => unknown("info ", &only, names(call).into_iter()),
        _ => text,
    }))
}

fn info(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let name = words.name();
    if name.is_empty() {
        return Ok(Said::Text(infos(call, None)));
    }
    let path = if name == TREE { words.optional() } else { Ok(None) };
    let path = match path.and_then(|path| words.end().map(|()| path)) {
        Ok(path) => path,
        Err(_) if !names(call).contains(&name) => None,
        Err(mistake) => return Ok(Said::Text(misused(name, &format!("info {name}"), &mistake))),
    };
    if name == TREE {
        return tree(call, path.as_deref().unwrap_or("/"));
    }
    let shown = added(call).find(|info| info.name == name);
    Ok(Said::Text(match shown {
        Some(info) => (info.text)(call.model()),
        None if name == "version" => {
            let (major, minor, micro) = LEVEL;
            format!("{major}.{minor}.{micro} ({})\n", call.dispatcher.package())
        }
        None => unknown("info ", name, names(call).into_iter()),
    }))
}

/// A line for each object, two spaces a level; children by name.
fn tree(call: &Call<'_>, path: &str) -> Outcome {
    let model = call.model().clone();
    let top = model.resolve(path).map_err(Refusal::from)?;
    let is_little = model.children(&top).len().max(model.children(model.objects()).len()) <= FEW;
    let render = move || {
        let mut text = String::new();
        // An own stack: a tree may be deeper than the real one.
        let mut stack: Vec<(usize, ObjectRef)> = vec![(0, top)];
        while let Some((depth, object)) = stack.pop() {
            let name = object.name();
            text.push_str(&format!("{:1$}/{name} ({2})\n", "", depth * 2, object.class().name()));
            let mut children = model.children(&object);
            children.sort_unstable_by(|a, b| b.name().cmp(a.name()));
            stack.extend(children.into_iter().map(|child| (depth + 1, child)));
        }
        Ok(text)
    };
    Ok(if is_little { Said::Text(render()?) } else { Said::Later(Box::new(render)) })
}

/// What `object_add help` and `object_add TYPE,help` tell: the types, or the properties of one, by name.
pub(super) fn of_type(registry: &TypeRegistry, type_name: Option<&str>) -> String {
    let class = type_name.and_then(|name| registry.get(name)).filter(|class| class.is_user_creatable());
    let Some(class) = class else {
        let creatable = registry.classes().filter(|class| class.is_user_creatable());
        let mut names: Vec<&str> = creatable.map(|class| class.name()).collect();
        names.sort_unstable();
        let lines: String = names.into_iter().map(|name| format!("  {name}\n")).collect();
        return format!("types of objects:\n{lines}");
    };
    let settable = class.properties().iter().filter(|property| property.is_settable());
    let mut lines: Vec<String> = settable
        .map(|property| {
            let pair = format!("{}=<{}>", property.name, property.value_type.qom_name());
            match property.description {
                "" => format!("  {pair}\n"),
                description => format!("  {pair:22} - {}\n", description.replace('\n', " ")),
            }
        })
        .collect();
    lines.sort_unstable();
    format!("{} options:\n{}", class.name(), lines.concat())
}
