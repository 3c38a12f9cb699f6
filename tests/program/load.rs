//! The server under load and under garbage, in short: the long forms are those of `qomet-load`.
//!
//! Nothing is timed. What needs QEMU prints `skipped:` and a reason where there is none.

use std::path::PathBuf;
use std::time::Duration;

use qomet_load::server::{Kind, Server};
use qomet_load::soak::{self, Plan};
use qomet_load::stream::Pair;

fn ours() -> Kind {
    Kind::Qomet(PathBuf::from(env!("CARGO_BIN_EXE_qomet-under-test")))
}

#[test]
fn clients_that_come_go_and_misbehave_cost_others_no_reply_and_the_server_nothing() {
    let plan = Plan { idle: 200, busy: 20, vandals: 5, long: Duration::from_secs(2), seed: 1 };

    let outcome = soak::run(Server::start(&ours(), &[]).unwrap(), &plan).unwrap();

    assert!(outcome.is_good(), "{outcome}");
    assert!(outcome.killed > 0 && outcome.misdeeds > 0, "{outcome}");
}

#[test]
fn damaged_streams_are_answered_as_qemu_answers_them() {
    let Some(peer) = Kind::peer() else {
        println!("skipped: neither qemu-system-x86_64 nor qemu-storage-daemon is installed");
        return;
    };

    let compared = Pair::start(&ours(), &peer).unwrap().compare(2026, 150).unwrap();

    assert!(compared.differences.is_empty(), "{compared}");
    assert!(compared.replies > 300, "{compared}");
}
