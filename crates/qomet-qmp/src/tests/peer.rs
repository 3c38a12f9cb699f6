//! What is kept of a client beside its bytes.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use qomet::Output;
use serde_json::{Value, json};

use crate::peer::{EVENT_BYTES, EVENTS, Event, Peer, Peers};

/// A client that hears events, and how often its reactor was called.
fn client() -> (Peer, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let peer = Peer::new(7, false, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    peer.open();
    (peer, calls)
}

fn event(number: usize, length: usize) -> Event {
    Event::new("TEST", |data| {
        data.begin_struct();
        data.member("number");
        data.uint64(number as u64);
        data.member("filling");
        data.string(&"x".repeat(length));
        data.end_struct();
    })
}

fn delivered(peer: &Peer) -> Vec<Value> {
    let mut out = String::new();
    while peer.deliver(&mut out, usize::MAX) {}
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(events: &[Value]) -> Vec<u64> {
    events.iter().filter_map(|event| event["data"]["number"].as_u64()).collect()
}

#[test]
fn events_come_in_order_and_the_reactor_is_called_once() {
    let (peer, calls) = client();
    (0..3).for_each(|number| peer.post(&event(number, 0)));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(numbers(&delivered(&peer)), [0, 1, 2]);
    peer.post(&event(3, 0));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn events_beyond_the_bound_are_dropped_and_counted_behind_those_that_were_kept() {
    let (peer, _) = client();
    (0..EVENTS + 5).for_each(|number| peer.post(&event(number, 0)));
    let all = delivered(&peer);
    assert_eq!((all.len(), numbers(&all).last()), (EVENTS + 1, Some(&(EVENTS as u64 - 1))));
    let marker = all.last().unwrap();
    assert_eq!((&marker["event"], &marker["data"]), (&json!("X_EVENTS_LOST"), &json!({"count": 5})));
    peer.post(&event(1, 0));
    assert_eq!(numbers(&delivered(&peer)), [1]);
}

#[test]
fn after_a_loss_nothing_is_told_before_the_loss_is() {
    let (peer, _) = client();
    (0..=EVENTS).for_each(|number| peer.post(&event(number, 0)));
    let mut out = String::new();
    assert!(peer.deliver(&mut out, 1));
    peer.post(&event(0, 0));
    assert_eq!(delivered(&peer).last().unwrap()["data"]["count"], json!(2));
}

#[test]
fn large_events_are_bounded_by_bytes_and_one_of_any_length_fits() {
    let (peer, _) = client();
    (0..3).for_each(|number| peer.post(&event(number, EVENT_BYTES)));
    let all = delivered(&peer);
    assert_eq!((numbers(&all), &all[1]["data"]["count"]), (vec![0], &json!(2)));
}

#[test]
fn who_has_not_negotiated_or_has_left_hears_nothing() {
    let peer = Peer::new(7, false, |_| panic!("nothing to tell"));
    peer.post(&event(0, 0));
    peer.open();
    peer.leave();
    peer.post(&event(1, 0));
    assert!(delivered(&peer).is_empty());
}

#[test]
fn things_of_a_client_go_with_it() {
    let (peer, _) = client();
    let thing = Arc::new(());
    peer.with(|all: &mut Vec<Arc<()>>| all.push(Arc::clone(&thing)));
    assert_eq!(peer.with(|all: &mut Vec<Arc<()>>| all.len()), Some(1));
    peer.leave();
    assert_eq!(Arc::strong_count(&thing), 1);
    assert_eq!(peer.with(|all: &mut Vec<Arc<()>>| all.len()), None);
}

#[test]
fn the_first_descriptor_of_the_newest_message_is_taken_and_the_others_are_closed() {
    let (peer, _) = client();
    let pipes: Vec<_> = (0..3).map(|_| std::io::pipe().unwrap()).collect();
    let (mut ends, others): (Vec<OwnedFd>, Vec<_>) =
        pipes.into_iter().map(|(reader, writer)| (OwnedFd::from(writer), reader)).unzip();
    let newest = ends.split_off(1);
    peer.receive_descriptors(ends);
    peer.receive_descriptors(newest);
    let taken = peer.take_descriptor().unwrap();
    assert!(peer.take_descriptor().is_none());
    assert_eq!(others.iter().map(hung_up).collect::<Vec<_>>(), [true, false, true]);
    drop(taken);
}

/// Whether nobody can write any more.
fn hung_up(reader: &std::io::PipeReader) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;
    let mut asked = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    poll(&mut asked, PollTimeout::ZERO).unwrap();
    asked[0].revents().unwrap().contains(PollFlags::POLLHUP)
}

#[test]
fn an_event_for_all_reaches_those_that_are_there() {
    let peers = Peers::default();
    let (one, other) = (Arc::new(client().0), Arc::new(Peer::new(8, false, |_| {})));
    other.open();
    peers.enter(&one);
    peers.enter(&other);
    peers.leave(&other);
    peers.post(&event(1, 0));
    assert_eq!((delivered(&one).len(), delivered(&other).len()), (1, 0));
}
