//! What `dump` writes of every type and every property leaves nothing to do.

use qomet::TypeRegistry;
use serde_json::{Value, json};

use super::matrix::possible_changes;
use super::samples::{Bag, Sampler, change, furnish};
use crate::folder::Folder;
use crate::program::process::{Running, program, run};

/// The bags of a document in which comments mark what is to be filled in, with what it was.
fn filled(dumped: &str, bags: &[Bag]) -> Vec<Value> {
    let lines = dumped.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found: Vec<Value> = serde_json::from_str(&lines.collect::<String>()).unwrap();
    for bag in found.iter_mut().filter_map(Value::as_object_mut) {
        let given = bags.iter().find(|given| given["id"] == bag["id"]);
        let data = given.and_then(|given| given.get("data"));
        bag.extend(data.map(|data| ("data".to_owned(), data.clone())));
    }
    found
}

#[test]
fn what_is_dumped_of_every_type_and_property_leaves_nothing_to_do() {
    let registry = TypeRegistry::builder().add(qomet_backends::types()).build().unwrap();
    let folder = Folder::new();
    furnish(&folder);
    let sampler = Sampler { registry: &registry, folder: &folder };
    let mut bags = sampler.helpers();
    for (kind, changes) in possible_changes(&sampler, &sampler.helpers()) {
        let class = registry.get(kind).unwrap();
        let base = |number: usize| sampler.base(class, &format!("{}-{number}", kind.replace('_', "-")));
        bags.push(base(0));
        // A property alone, then all that go together with it.
        bags.extend(changes.iter().enumerate().map(|(at, one)| change(&base(at + 1), one)));
    }
    let document = folder.text("d.json", serde_json::to_string(&bags).unwrap());
    let socket = format!("unix:{}", folder.join("q.sock").display());
    let server = Running::start(program(["run", document.to_str().unwrap(), "--qmp", &socket]));
    server.wait_for("serves clients");

    let dumped = run(["dump", "--connect", &socket]);

    assert_eq!(dumped.code, Some(0), "{}", dumped.err);
    let again = folder.text("again.json", json!(filled(&dumped.out, &bags)).to_string());
    let planned = run(["plan", again.to_str().unwrap(), "--connect", &socket]);
    let differ: Vec<&str> = planned.out.lines().filter(|line| !line.starts_with('=')).collect();
    assert_eq!(planned.code, Some(0), "{} {differ:#?}", planned.err);
    println!("{} objects dumped", bags.len());
    assert!(bags.len() > 100, "only {} objects", bags.len());
}
