//! Iothreads as a program uses them.

use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;

use qomet::{Model, Native, ObjectRef};
use qomet_memory::ThreadNumber;

use super::{EventLoop, IoThreadInfo, Readiness, query_iothreads};
use crate::host::{Host, HostCall};
use crate::testing::{create, model};

fn iothread(model: &Model, bag: &[(&str, Native<'_>)]) -> ObjectRef {
    create(model, "iothread", bag).unwrap()
}

fn events(object: &ObjectRef) -> &dyn EventLoop {
    object.interface::<dyn EventLoop>().unwrap()
}

/// What `work` returns when the loop runs it.
fn run<T: Send + 'static>(object: &ObjectRef, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = channel();
    events(object).submit(Box::new(move || tell.send(work()).unwrap()));
    told.recv().unwrap()
}

#[test]
fn work_runs_in_order_on_the_thread_of_the_object() {
    let model = model();
    let object = iothread(&model, &[]);
    let (tell, told) = channel();
    for number in 0..100 {
        let tell = tell.clone();
        events(&object).submit(Box::new(move || tell.send((number, ThreadNumber::current().get())).unwrap()));
    }
    let thread = events(&object).thread_id();
    assert_eq!(told.iter().take(100).collect::<Vec<_>>(), (0..100).map(|n| (n, thread)).collect::<Vec<_>>());
    assert_ne!(thread, ThreadNumber::current().get());
    assert_eq!(object.get::<u32>("x-thread-id").unwrap(), thread);
}

#[test]
fn work_that_panics_ends_alone() {
    let model = model();
    let object = iothread(&model, &[]);
    events(&object).submit(Box::new(|| panic!("on purpose")));
    assert_eq!(run(&object, || 7), 7);
}

#[test]
fn work_may_submit_more() {
    let model = model();
    let object = iothread(&model, &[("aio-max-batch", Native::Int(1))]);
    let (tell, told) = channel();
    let again = object.clone();
    events(&object).submit(Box::new(move || {
        events(&again).submit(Box::new(move || tell.send(()).unwrap()));
    }));
    told.recv().unwrap();
}

#[test]
fn all_work_runs_before_the_object_is_gone() {
    let model = model();
    let object = iothread(&model, &[]);
    let count = Arc::new(AtomicU32::new(0));
    for _ in 0..50 {
        let (first, second) = (count.clone(), count.clone());
        let quick = move || {
            first.fetch_add(1, Ordering::Relaxed);
        };
        events(&object).submit(Box::new(quick));
        let slow = move || {
            std::thread::yield_now();
            second.fetch_add(1, Ordering::Relaxed);
        };
        events(&object).submit_blocking(Box::new(slow)).unwrap();
    }
    let thread = events(&object).thread_id();

    model.delete(&object).unwrap();
    drop(object);

    assert_eq!(count.load(Ordering::Relaxed), 100);
    assert!(crate::testing::thread_goes(thread));
}

#[test]
fn the_last_reference_may_go_on_the_thread_itself() {
    let model = model();
    let object = iothread(&model, &[]);
    let (tell, told) = channel();
    let held = object.clone();
    events(&object).submit(Box::new(move || {
        told.recv().unwrap();
        drop(held);
    }));
    model.delete(&object).unwrap();
    drop(object);
    tell.send(()).unwrap();
}

#[test]
fn a_descriptor_is_served_each_time_that_it_is_ready_until_no_more_is_wanted() {
    let model = model();
    let object = iothread(&model, &[]);
    let (mut near, far) = UnixStream::pair().unwrap();
    let (tell, told) = channel();
    let each = move |file: &OwnedFd| {
        let mut bytes = [0; 16];
        let count = UnixStream::from(file.try_clone().unwrap()).read(&mut bytes).unwrap();
        tell.send((bytes[..count].to_vec(), ThreadNumber::current().get())).unwrap();
        if &bytes[..count] == b"end" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    events(&object).watch(far.into(), Readiness::Readable, Box::new(each)).unwrap();

    for text in ["one", "two", "end"] {
        near.write_all(text.as_bytes()).unwrap();
        assert_eq!(told.recv().unwrap(), (text.as_bytes().to_vec(), events(&object).thread_id()));
    }
    // The descriptor is closed after the last time.
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
}

#[test]
fn what_cannot_be_waited_for_is_refused() {
    let model = model();
    let object = iothread(&model, &[]);
    let file = tempfile::tempfile().unwrap();
    let done = events(&object).watch(file.into(), Readiness::Readable, Box::new(|_| ControlFlow::Break(())));
    assert_eq!(done.unwrap_err().code(), "not-waited-for");
}

#[test]
fn work_that_blocks_has_threads_of_its_own_up_to_the_most() {
    let model = model();
    let object = iothread(&model, &[("thread-pool-max", Native::Int(2))]);
    let (tell, told) = channel();
    let gates: Vec<_> = (0..3)
        .map(|number| {
            let (open, gate) = channel::<()>();
            let tell = tell.clone();
            let work = move || {
                tell.send(number).unwrap();
                let _ = gate.recv();
            };
            events(&object).submit_blocking(Box::new(work)).unwrap();
            open
        })
        .collect();
    let mut first = [told.recv().unwrap(), told.recv().unwrap()];
    first.sort_unstable();
    assert_eq!(first, [0, 1]);
    assert!(told.try_recv().is_err(), "a third thread");
    assert_eq!(run(&object, || "the loop goes on"), "the loop goes on");
    drop(gates);
    assert_eq!(told.recv().unwrap(), 2);
}

#[test]
fn live_settings_count_for_a_loop_that_runs() {
    let model = model();
    let object = iothread(&model, &[]);
    for (name, value) in [("poll-max-ns", 0), ("poll-grow", 3), ("poll-shrink", 2), ("aio-max-batch", 1)] {
        object.set(name, value).unwrap();
        assert_eq!(object.get::<i64>(name).unwrap(), value);
        assert_eq!(run(&object, move || value), value);
    }
}

#[test]
fn the_bounds_of_the_pool_are_checked_together() {
    let model = model();
    let codes = [(5, 4), (0, 0), (0, i64::from(i32::MAX) + 1)].map(|(min, max)| {
        let bag = [("thread-pool-min", Native::Int(min)), ("thread-pool-max", Native::Int(max))];
        create(&model, "iothread", &bag).unwrap_err().code()
    });
    assert_eq!(codes, ["thread-pool-bounds"; 3]);
    let object = iothread(&model, &[]);
    let refusal = object.set("thread-pool-min", 65_i64).unwrap_err();
    assert_eq!(refusal.code(), "thread-pool-bounds");
    assert_eq!(object.get::<i64>("thread-pool-min").unwrap(), 0);
}

#[test]
fn iothreads_are_listed_as_qemu_lists_them() {
    let model = model();
    let object = iothread(&model, &[("poll-max-ns", Native::Int(5))]);
    let expected = IoThreadInfo {
        id: "x0".to_owned(),
        thread_id: events(&object).thread_id().into(),
        poll_max_ns: 5,
        poll_grow: 0,
        poll_shrink: 0,
        aio_max_batch: 0,
    };
    assert_eq!(query_iothreads(&model), [expected]);
}

#[test]
fn a_host_without_descriptors_is_told_of_and_leaves_no_object() {
    let model = model();
    model.services().put(Host::refusing(HostCall::EventLoop, 24));
    assert_eq!(create(&model, "iothread", &[]).unwrap_err().code(), "no-event-loop");
    assert_eq!(model.len(), 2);
}
