//! The monitor's commands about objects: `object_add`, `object_del`, `qom-get`, `qom-list`, `qom-set`.

use qomet::{Diagnostics, ValueType};
use qomet_config::{Dialect, Leniency, Syntax, Tape};

use super::line::Words;
use super::{Outcome, Said, Trouble, Verb, help, silently, within};
use crate::commands::object::{add_bag, delete_id};
use crate::commands::qom::{Given, TYPED, each_property, read, set_to, the_object};
use crate::dispatch::Call;
use crate::wire::{Refusal, escaped};

pub(super) const ADD: Verb = Verb {
    name: "object_add",
    alias: None,
    words: "[qom-type=]TYPE,id=ID[,PROPERTY=VALUE][,...]",
    summary: "create an object",
    changes: true,
    run: add,
};

pub(super) const DELETE: Verb = Verb {
    name: "object_del",
    alias: None,
    words: "id",
    summary: "delete an object",
    changes: true,
    run: delete,
};

pub(super) const GET: Verb = Verb {
    name: "qom-get",
    alias: None,
    words: "path property",
    summary: "show the value of a property",
    changes: false,
    run: get,
};

pub(super) const LIST: Verb = Verb {
    name: "qom-list",
    alias: None,
    words: "[path]",
    summary: "show the properties of an object",
    changes: false,
    run: list,
};

pub(super) const SET: Verb = Verb {
    name: "qom-set",
    alias: None,
    words: "[-j] path property value",
    summary: "set a property (-j: the value is JSON)",
    changes: true,
    run: set,
};

/// A line in the dialect `keyval`, or JSON that begins with a bracket.
fn add(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let text = words.rest()?;
    let mut report = Diagnostics::new();
    let (tape, leniency) = if text.starts_with('{') {
        (Tape::of(text, Syntax::QEMU, &mut report), Leniency::Strict)
    } else {
        let (tape, asked) = Tape::line(text, Dialect::Keyval, &mut report);
        if let Some(asked) = asked {
            let _ = report.take();
            return Ok(Said::Text(help::of_type(call.model().registry(), asked.type_name.as_deref())));
        }
        (tape, Leniency::Lenient)
    };
    silently(call, |call| add_bag(call, tape.root(), &[], leniency, None, report))
}

fn delete(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let id = words.word()?;
    words.end()?;
    silently(call, |call| delete_id(call, &id, None))
}

fn list(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let path = words.optional()?;
    words.end()?;
    let Some(path) = path else { return Ok(Said::Text("/\n".to_owned())) };
    let model = call.model();
    let object = model.resolve(&path).map_err(Refusal::from)?;
    let mut text = String::new();
    each_property(&object, &model.children(&object), |name, type_name| {
        text.push_str(&format!("{name} ({type_name})\n"))
    });
    Ok(Said::Text(text))
}

fn get(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let (path, property) = (words.word()?, words.word()?);
    words.end()?;
    let (_, json) = within(call, |call| read(call, &path, &property))?;
    Ok(Said::Text(format!("{}\n", escaped(&spread(&json)))))
}

fn set(call: &mut Call<'_>, words: &mut Words<'_>) -> Outcome {
    let is_json = words.flag('j')?;
    let (path, property, text) = (words.word()?, words.word()?, words.rest()?);
    if is_json {
        let mut report = Diagnostics::new();
        let tape = Tape::of(text, Syntax::QEMU, &mut report);
        if report.errors() > 0 {
            return Err(Trouble::Refused(report.take().into()));
        }
        let _ = report.take();
        return silently(call, |call| set_to(call, &path, &property, Given::Sent(tape.root()), None));
    }
    let object = the_object(call.model(), &path)?;
    let declared = object.class().lookup(&property).ok();
    let is_list = declared.is_some_and(|(_, declared)| is_list(declared.value_type));
    // Elements are separated by commas; elsewhere a comma is a part of the value.
    let separator = if is_list { format!(",{TYPED}=") } else { ",,".to_owned() };
    let line = format!("{TYPED}={}", text.replace(',', &separator));
    silently(call, |call| set_to(call, &path, &property, Given::Typed(&line), None))
}

fn is_list(value_type: &ValueType) -> bool {
    match value_type {
        ValueType::List(_) => true,
        ValueType::Optional(inner) => is_list(inner),
        _ => false,
    }
}

/// JSON with a line for each member and element, as QEMU spreads it: four spaces a level, and the end of what is empty
/// on a line of its own too.
fn spread(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut depth, mut in_string, mut is_escaped, mut is_new_line) = (0_usize, false, false, false);
    let indent = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    };
    for c in json.chars() {
        if in_string {
            out.push(c);
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let is_end = matches!(c, '}' | ']');
        if is_end {
            depth = depth.saturating_sub(1);
        }
        if is_end || is_new_line {
            indent(&mut out, depth);
        }
        out.push(c);
        is_new_line = matches!(c, '{' | '[' | ',');
        match c {
            '{' | '[' => depth += 1,
            ':' => out.push(' '),
            '"' => in_string = true,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn values_are_spread_as_qemu_does() {
        assert_eq!(spread("5"), "5");
        assert_eq!(spread("[]"), "[\n]");
        let rules = "[\n    {\n        \"match\": \"x\",\n        \"policy\": \"allow\"\n    }\n]";
        assert_eq!(spread("[{\"match\": \"x\",\"policy\":\"allow\"}]"), rules);
    }

    #[test]
    fn what_stands_in_a_string_stays() {
        let text = r#""{\"a, b: [\\""#;
        assert_eq!(spread(text), text);
    }
}
