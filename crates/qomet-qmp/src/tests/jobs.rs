//! Jobs: by themselves, and as clients see them.

use std::sync::Arc;

use qomet::Progress;
use serde_json::{Value, json};

use super::client::{Client, serve};
use crate::jobs::{JobStatus, Jobs, NotCancelled, Task};

const ADD: &str = "{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c'}, 'id': 1}";

/// A client that may overtake itself.
fn out_of_band(path: &std::path::Path) -> Client {
    let mut client = Client::connect(path);
    let enable = "{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}";
    assert_eq!(client.ask(enable), json!({"return": {}}));
    client
}

/// The next message that is no event, and the states that were told before it.
fn reply(client: &mut Client) -> (Vec<String>, Value) {
    let mut states = Vec::new();
    loop {
        let message = client.hear();
        if message["event"] != "JOB_STATUS_CHANGE" {
            return (states, message);
        }
        let data = &message["data"];
        states.push(format!("{} {}", data["id"].as_str().unwrap(), data["status"].as_str().unwrap()));
    }
}

fn ask(client: &mut Client, text: &str) -> Value {
    client.say(text);
    reply(client).1
}

/// Waits until the work has begun; what `query-jobs` says.
fn running(client: &mut Client) -> Value {
    loop {
        let jobs = ask(client, "{'exec-oob': 'query-jobs'}")["return"].take();
        // The rate is there once the work itself has begun, a moment after its thread has.
        if jobs[0]["status"] == "running" && jobs[0]["x-rate"].is_u64() {
            return jobs;
        }
    }
}

#[test]
fn what_takes_long_is_listed_and_cancelled_out_of_band_and_its_client_is_told() {
    let (_folder, path, _server) = serve();
    let mut client = out_of_band(&path);
    client.say(ADD);
    let mut jobs = running(&mut client);
    assert!(jobs[0].as_object_mut().unwrap().remove("x-rate").unwrap().is_u64());
    let expected = json!([{
        "id": "c", "type": "create", "status": "running", "current-progress": 0, "total-progress": 0,
        "x-object": "c", "x-command": "object-add",
    }]);
    assert_eq!(jobs, expected);
    client.say("{'exec-oob': 'job-cancel', 'arguments': {'id': 'c'}, 'id': 2}");
    let (mut states, first) = reply(&mut client);
    let (more, second) = reply(&mut client);
    states.extend(more);
    let (cancel, add) = if first["id"] == 2 { (first, second) } else { (second, first) };
    assert_eq!(cancel, json!({"return": {}, "id": 2}));
    assert_eq!((&add["id"], &add["error"]["data"][0]["code"]), (&json!(1), &json!("cancelled")));
    assert!(states.ends_with(&["c aborting", "c concluded", "c null"].map(str::to_owned)), "{states:?}");
    assert_eq!(ask(&mut client, "{'execute': 'query-jobs'}"), json!({"return": []}));
    let list = "{'execute': 'qom-list', 'arguments': {'path': '/objects'}}";
    assert_eq!(ask(&mut client, list)["return"].as_array().unwrap().len(), 1);
}

#[test]
fn the_id_of_an_object_in_the_making_is_taken_and_free_when_that_is_cancelled() {
    let (_folder, path, _server) = serve();
    let (mut client, mut other) = (Client::new(&path), Client::new(&path));
    client.say(ADD);
    running(&mut out_of_band(&path));
    let lamp = "{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'c'}}";
    assert_eq!(ask(&mut other, lamp)["error"]["data"][0]["code"], "duplicate-id");
    assert_eq!(ask(&mut other, "{'execute': 'job-cancel', 'arguments': {'id': 'c'}}"), json!({"return": {}}));
    assert_eq!(reply(&mut client).1["error"]["data"][0]["code"], "cancelled");
    assert_eq!(ask(&mut other, lamp), json!({"return": {}}));
}

#[test]
fn a_job_that_somebody_listed_is_told_of_to_its_end_in_the_order_of_qemu() {
    let (folder, path, _server) = serve();
    let (mut client, mut other) = (Client::new(&path), out_of_band(&path));
    let gate = folder.path().join("gate");
    client.say(&ADD.replace("'id': 'c'", &format!("'id': 'c', 'gate': '{}'", gate.display())));
    running(&mut other);
    std::fs::write(&gate, b"").unwrap();
    let (states, done) = reply(&mut client);
    assert_eq!(done, json!({"return": {}, "id": 1}));
    let expected = ["c created", "c running", "c waiting", "c pending", "c concluded", "c null"];
    assert_eq!(states, expected);
}

#[test]
fn a_large_answer_waits_for_no_job() {
    let (_folder, path, _server) = serve();
    let mut client = out_of_band(&path);
    let bags: Vec<Value> = (0..600).map(|at| json!({"qom-type": "lamp", "id": format!("l{at}")})).collect();
    let apply = json!({"execute": "x-apply", "arguments": {"documents": [bags]}});
    assert!(ask(&mut client, &apply.to_string())["return"].is_object());

    // More than are done at once.
    let builders: Vec<Client> = (0..20)
        .map(|number| {
            let mut builder = Client::new(&path);
            builder.say(&ADD.replace("'id': 'c'", &format!("'id': 'c{number}'")));
            builder
        })
        .collect();
    while ask(&mut client, "{'execute': 'query-jobs'}")["return"].as_array().unwrap().len() < builders.len() {
    }

    let tree = ask(&mut client, "{'execute': 'x-tree'}");
    assert_eq!(tree["return"]["objects"].as_array().unwrap().len(), 602);
}

#[test]
fn what_takes_long_but_shows_nothing_is_not_told_of() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let at_once =
        "{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'c', 'ready': true}}";
    assert_eq!(client.ask(at_once), json!({"return": {}}));
    assert_eq!(client.ask("{'execute': 'query-jobs'}"), json!({"return": []}));
}

#[test]
fn a_job_that_there_is_not_cannot_be_cancelled() {
    let (_folder, path, _server) = serve();
    let refused = Client::new(&path).ask("{'execute': 'job-cancel', 'arguments': {'id': 'x'}}");
    assert_eq!(refused["error"]["class"], "GenericError");
    assert_eq!(refused["error"]["desc"], "there is no job 'x'");
}

fn start(jobs: &Arc<Jobs>, task: Task, object: &str) -> crate::jobs::Job {
    jobs.start(&Arc::default(), task, "qom-set", object)
}

#[test]
fn ids_are_those_of_the_objects_and_unique() {
    let jobs = Arc::<Jobs>::default();
    let kept = ["a", "a", "b", "a", "", "x[0]"].map(|object| start(&jobs, Task::Change, object));
    let ids: Vec<_> = jobs.list().into_iter().map(|job| job.id).collect();
    assert_eq!(ids, ["a", "a-2", "b", "a-3", "qom-set", "qom-set-2"]);
    drop(kept);
    assert!(jobs.list().is_empty());
}

#[test]
fn a_deletion_cannot_be_cancelled() {
    let jobs = Arc::<Jobs>::default();
    let _job = start(&jobs, Task::Delete, "a");
    assert_eq!(jobs.cancel("a"), Err(NotCancelled::Impossible));
}

#[test]
fn a_job_tells_how_far_it_has_come() {
    let jobs = Arc::<Jobs>::default();
    let job = start(&jobs, Task::Create, "a");
    let state = || {
        jobs.list().into_iter().map(|job| (job.status, job.current_progress, job.total_progress)).collect()
    };
    let created: Vec<_> = state();
    assert_eq!(created, [(JobStatus::Created, 0, 0)]);
    let work = |progress: &Arc<Progress>| {
        progress.expect(10);
        progress.advance(4);
        let running: Vec<_> = state();
        Err::<(), _>(running)
    };
    assert_eq!(job.run(work), Err(vec![(JobStatus::Running, 4, 10)]));
}

#[test]
fn what_begins_after_the_end_is_cancelled() {
    let jobs = Arc::<Jobs>::default();
    let before = start(&jobs, Task::Create, "a");
    jobs.end();
    let after = start(&jobs, Task::Create, "b");
    for job in [before, after] {
        assert!(job.run(|progress| progress.check_cancelled()).is_err());
    }
}
