//! Contexts as a program uses them.

use std::sync::mpsc::channel;

use qomet::{AnyDraft, Diagnostic, Model, ObjectRef, ToNative, TypeRegistry};
use qomet_memory::{Call, Errno, Faults, Host, ThreadNumber, cpus_of};

use super::ThreadSource;
use crate::memory::{HostMemory, MemoryHost};

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(crate::types()).build().unwrap())
}

fn draft(model: &Model, type_name: &str, id: &str) -> Box<dyn AnyDraft> {
    let mut draft = model.draft(type_name).unwrap();
    draft.set_id(id);
    draft
}

fn context(model: &Model, property: &str, value: impl ToNative) -> Result<ObjectRef, Diagnostic> {
    let mut draft = draft(model, "thread-context", "t");
    draft.set(property, value.to_native()).unwrap();
    model.create(draft)
}

fn source(object: &ObjectRef) -> &dyn ThreadSource {
    object.interface::<dyn ThreadSource>().unwrap()
}

/// The CPUs of the thread that runs the test, of which there is at least one.
fn here() -> Vec<u16> {
    cpus_of(&Host::real(), ThreadNumber::current()).unwrap()
}

/// Where a thread of the context may run, as that finds itself.
fn cpus_inside(object: &ObjectRef) -> Vec<u16> {
    let (tell, told) = channel();
    source(object).spawn("test", Box::new(move || tell.send(here()).unwrap())).unwrap().join().unwrap();
    told.recv().unwrap()
}

#[test]
fn threads_of_a_context_run_on_its_cpus() {
    let model = model();
    let last = *here().last().unwrap();
    let object = context(&model, "cpu-affinity", vec![last]).unwrap();

    assert_eq!(cpus_inside(&object), [last]);
    assert_eq!(source(&object).cpus().unwrap(), [last]);
    assert!(here().contains(&last));
}

#[test]
fn a_change_counts_for_the_threads_that_come_later() {
    let model = model();
    let object = model.create(draft(&model, "thread-context", "t")).unwrap();
    assert_eq!(cpus_inside(&object), here());
    let first = *here().first().unwrap();

    object.set("cpu-affinity", vec![first, 9999]).unwrap();

    assert_eq!(cpus_inside(&object), [first]);
}

#[test]
fn a_change_from_outside_counts_too() {
    let model = model();
    let object = model.create(draft(&model, "thread-context", "t")).unwrap();
    let last = *here().last().unwrap();
    let number: u32 = object.get("thread-id").unwrap();

    let done = std::process::Command::new("taskset")
        .args(["--pid", &format!("{:x}", 1_u64 << last), &number.to_string()])
        .stdout(std::process::Stdio::null())
        .status();

    match done {
        Ok(status) if status.success() => assert_eq!(cpus_inside(&object), [last]),
        _ => println!("skipped: no taskset"),
    }
}

#[test]
fn the_thread_goes_with_the_context() {
    let model = model();
    let object = model.create(draft(&model, "thread-context", "t")).unwrap();
    let number: u32 = object.get("thread-id").unwrap();
    assert!(std::path::Path::new(&format!("/proc/self/task/{number}")).exists());

    model.delete(&object).unwrap();
    drop(object);

    assert!(crate::testing::thread_goes(number));
}

#[test]
fn an_empty_list_is_refused() {
    for property in ["cpu-affinity", "node-affinity"] {
        let problem = context(&model(), property, Vec::<u16>::new()).unwrap_err();
        assert_eq!((problem.code(), problem.about().property.as_deref()), ("affinity-empty", Some(property)));
    }
}

#[test]
fn cpus_and_nodes_that_do_not_exist_are_refused_with_those_that_do() {
    for property in ["cpu-affinity", "node-affinity"] {
        let problem = context(&model(), property, vec![9000_u16]).unwrap_err();
        assert_eq!((problem.code(), problem.about().property.as_deref()), ("no-such-cpus", Some(property)));
    }
}

#[test]
fn cpus_and_nodes_together_are_refused_at_first_and_may_follow_each_other_later() {
    let model = model();
    let mut both = draft(&model, "thread-context", "t");
    both.set("cpu-affinity", vec![0_u16]).unwrap();
    both.set("node-affinity", vec![0_u16]).unwrap();
    assert_eq!(model.create(both).unwrap_err().code(), "two-affinities");

    let object = context(&model, "cpu-affinity", vec![here()[0]]).unwrap();
    match object.set("node-affinity", vec![0_u16]) {
        Ok(()) => assert!(cpus_inside(&object).contains(&here()[0])),
        // A kernel without NUMA.
        Err(problem) => assert_eq!(problem.code(), "no-such-cpus"),
    }
}

#[test]
fn a_refused_change_leaves_the_cpus_as_they_were() {
    let model = model();
    let first = here()[0];
    let object = context(&model, "cpu-affinity", vec![first]).unwrap();

    assert_eq!(object.set("cpu-affinity", vec![9000_u16]).unwrap_err().code(), "no-such-cpus");

    assert_eq!(cpus_inside(&object), [first]);
}

#[test]
fn whatever_the_host_refuses_is_told_and_leaves_no_object() {
    let mut codes = Vec::new();
    for call in [Call::Spawn, Call::SetAffinity, Call::ListCpus] {
        let model = model();
        model.services().put(MemoryHost(Host::with(Faults::none().call(call, Errno::EAGAIN))));
        codes.push(context(&model, "cpu-affinity", vec![here()[0]]).unwrap_err().code());
        assert_eq!(model.len(), 2, "{call:?}");
    }
    assert_eq!(codes, ["host-refused"; 3]);
}

#[test]
fn c11_memory_is_populated_on_the_cpus_of_its_context() {
    let model = model();
    let last = *here().last().unwrap();
    context(&model, "cpu-affinity", vec![last]).unwrap();
    let mut memory = draft(&model, "memory-backend-ram", "m");
    for (name, value) in [("size", 128_u64 << 20), ("prealloc-threads", 4)] {
        memory.set(name, value).unwrap();
    }
    memory.set("prealloc", true).unwrap();
    memory.set("prealloc-context", "t").unwrap();

    let object = model.create(memory).unwrap();

    // Not more threads than the context has CPUs.
    assert_eq!(object.get::<u32>("x-effective-prealloc-threads").unwrap(), 1);
    assert_eq!(object.get::<u32>("prealloc-threads").unwrap(), 4);
    assert!(object.interface::<dyn HostMemory>().unwrap().region().len() > 0);
}

#[test]
fn d10_a_context_goes_though_a_backend_names_it() {
    let model = model();
    let context = model.create(draft(&model, "thread-context", "t")).unwrap();
    let mut memory = draft(&model, "memory-backend-ram", "m");
    memory.set("size", 65536_u64).unwrap();
    memory.set("prealloc-context", "t").unwrap();
    let object = model.create(memory).unwrap();
    assert_eq!(object.get::<String>("prealloc-context").unwrap(), "/objects/t");

    model.delete(&context).unwrap();
    drop(context);

    assert_eq!(object.get::<String>("prealloc-context").unwrap(), "");
    object.set("prealloc", true).unwrap();
}
