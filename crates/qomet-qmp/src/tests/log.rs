//! What the log tells, and what it does not.

use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;

use super::dispatcher;
use crate::peer::Peer;
use crate::session::{Session, Step};

/// Text that several writers write.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that is logged of a session with these messages.
fn logged(messages: &str) -> String {
    let paper = Paper::default();
    let writer = paper.clone();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(log, || {
        let peer = Arc::new(Peer::new(7, false, |_| {}));
        let mut session = Session::new(Arc::new(dispatcher()), peer);
        let (mut out, mut rest) = (String::new(), messages.as_bytes());
        loop {
            let (taken, step) = session.step(rest, &mut out);
            rest = &rest[taken..];
            match step {
                Step::Hungry => break,
                Step::Taken | Step::Handed(_) => {}
                Step::Started(job) => {
                    job.run();
                    session.finish();
                }
            }
        }
    });
    let text = paper.0.lock().clone();
    String::from_utf8(text).unwrap()
}

fn asked(messages: &str) -> String {
    logged(&format!("{{'execute': 'qmp_capabilities'}} {messages}"))
}

#[test]
fn clients_objects_and_refusals_are_told() {
    let text = asked(
        "{'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'l'}}
         {'execute': 'object-add', 'arguments': {'qom-type': 'lamp', 'id': 'm', 'level': 11}}
         {'execute': 'object-del', 'arguments': {'id': 'l'}}
         {'execute': 'no-such-command'}",
    );
    let lines: Vec<&str> = text.lines().collect();
    let parts = [
        ["client came", "client=7"],
        ["object created", "object=\"l\""],
        ["command refused", "code=\"out-of-range\""],
        ["object deleted", "took="],
        ["command refused", "code=\"unknown-command\""],
        ["client left", "client=7"],
    ];
    assert_eq!(lines.len(), parts.len(), "{text}");
    for (line, parts) in lines.iter().zip(parts) {
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
}

#[test]
fn no_value_of_a_sensitive_property_is_told_however_it_was_sent() {
    let text = asked(
        "{'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'a', 'ready': true, 'key': 'geheim'}}
         {'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'a', 'key': 'geheim'}}
         {'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'b', 'key': ['geheim']}}
         {'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'b', 'key': geheim}}
         {'execute': 'object-add', 'arguments': {'qom-type': 'cathedral', 'id': 'geheim/', 'geheim': 1}}
         {'execute': 'qom-set', 'arguments': {'path': 'a', 'property': 'key', 'value': 'geheim'}}
         {'execute': 'geheim', 'arguments': {'geheim': 'geheim'}} {'geheim': 1} 'geheim' geheim #geheim\n
         {'execute': 'qom-get', 'arguments': {'path': 'geheim', 'property': 'geheim'}}",
    );
    assert!(text.contains("object created") && text.matches("command refused").count() > 8, "{text}");
    assert!(!text.contains("geheim"), "{text}");
}
