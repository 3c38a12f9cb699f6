//! What codes mean: the look-up over all crates, and the codes of this one.
//!
//! `x-explain` and the program's `explain` ask here. A registry has what its types can report; documents and the
//! protocol add theirs. See [`qomet::Explanations`].

use qomet::{Explanations, TypeRegistry, nearest};

/// The codes of the server and of the client.
pub(crate) const EXPLANATIONS: Explanations = &[
    ("already-negotiated", "qmp_capabilities is sent once, as the first command."),
    (
        "not-negotiated",
        "A client says with qmp_capabilities which capabilities it wants, before any other command.",
    ),
    (
        "unknown-command",
        "There is no command of that name. query-commands lists them; the nearest one is suggested.",
    ),
    ("no-such-cpu", "There are no CPUs here. A line for people may say 0, as clients do that know of none."),
    (
        "not-out-of-band",
        "The command may wait or change something, so it cannot overtake others. Send it with 'execute'.",
    ),
    (
        "invalid-request",
        "A request is a JSON object with 'execute' or 'exec-oob', and perhaps 'arguments' and 'id'. Nothing else may stand in it.",
    ),
    (
        "invalid-json",
        "What was sent is no JSON. The server goes on with the next message; after garbage, a byte such as 0xFF or a control \
         character brings it back, as in QEMU.",
    ),
    (
        "too-large",
        "The message has too many bytes, tokens, or brackets inside brackets. The limits keep one client from using up the \
         server.",
    ),
    (
        "too-many-clients",
        "The server has as many clients as it takes. Others have to leave first, or its limit be raised.",
    ),
    (
        "read-only-socket",
        "Clients of this socket may read everything and change nothing. Use a socket of the server that may.",
    ),
    (
        "descriptor-not-found",
        "The client has passed no descriptor of that name or number, or it was closed since.",
    ),
    (
        "no-descriptor",
        "The command takes a descriptor, which is sent as ancillary data (SCM_RIGHTS) with the command or just before it, and \
         none came.",
    ),
    (
        "no-unix-socket",
        "Descriptors travel as ancillary data (SCM_RIGHTS), which only a Unix socket carries. Use unix:PATH, not TCP or standard \
         input and output.",
    ),
    ("too-many-descriptors", "The kernel carries 253 descriptors with a message. Ask for fewer at a time."),
    ("negative-number", "The number counts from 0."),
    (
        "descriptor-name",
        "A name that starts with a digit would be taken for the number of a descriptor. Choose another.",
    ),
    (
        "job-not-found",
        "There is no work of that id under way. query-jobs lists what there is; what has ended is gone from it.",
    ),
    ("job-not-cancellable", "The work cannot be stopped any more, or never could be."),
    (
        "invalid-queue",
        "A watch keeps at least 1 and at most 1,048,576 events for a client that does not read.",
    ),
    (
        "too-many-watches",
        "The client has as many watches as it may have. End one with x-unwatch; a watch can be of many objects.",
    ),
    (
        "unknown-watch",
        "The client has no watch of that number. Watches end with x-unwatch and when their client leaves.",
    ),
    (
        "unknown-code",
        "No diagnostic has such a code. Codes stand in 'data' of an error and in brackets behind a message.",
    ),
    (
        "bad-message",
        "The server sent something that is no message of the protocol. It is broken, or something else answers there.",
    ),
    ("cannot-connect", "The connection cannot be made. The message has the host's reason."),
    ("connection-closed", "The server closed the connection: it has ended, or does not serve this user."),
    (
        "connection-forbidden",
        "The socket belongs to somebody else. Run this as the server's user or as root.",
    ),
    (
        "connection-lost",
        "The connection broke while it was used. What was under way may or may not have been done.",
    ),
    ("interrupted", "A signal ended the waiting for the server. What was under way may or may not be done."),
    ("invalid-address", "An address is unix:PATH, the path alone, or tcp:HOST:PORT."),
    (
        "no-greeting",
        "The connection is made and nobody greets. QEMU serves one client of a socket at a time; another one may be there.",
    ),
    (
        "no-reply",
        "The server did not answer in time. It may be busy with something long; wait longer with --timeout.",
    ),
    ("no-socket", "There is no socket of that path. The server's command line says where it listens."),
    (
        "not-kept",
        "QEMU keeps neither which objects an earlier apply created nor a revision of its objects, so there is nothing that \
         --prune or --if-revision could go by.",
    ),
    (
        "not-put-back",
        "An apply was refused half-way, and what had been done before could not all be taken back. The message says what is \
         left; 'plan' tells what it takes from there.",
    ),
    ("nobody-listens", "The socket is there and its server is not: it has ended, or listens elsewhere now."),
    ("not-a-socket", "The path is that of a file of another kind."),
    (
        "not-qmp",
        "Something answers there that does not speak the protocol, such as a monitor for people or another service.",
    ),
    ("refused-by-server", "The server understood the command and refuses it, for the reason that it gives."),
    ("server-busy", "The server takes no more clients now. QEMU serves one client of a socket at a time."),
    (
        "too-many-objects",
        "The tree has more objects than are read at once. Name a path further down, or a depth.",
    ),
];

/// Every code with its explanation, for a program with these types.
pub fn explanations(registry: &TypeRegistry) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rest = qomet_config::EXPLANATIONS.iter().chain(EXPLANATIONS).copied();
    registry.explanations().chain(rest)
}

/// What a code means.
///
/// # Errors
/// No such code; the nearest one.
pub fn explain(registry: &TypeRegistry, code: &str) -> Result<&'static str, Option<&'static str>> {
    let found = explanations(registry).find(|(known, _)| *known == code);
    found.map(|(_, text)| text).ok_or_else(|| nearest(code, explanations(registry).map(|(code, _)| code)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use qomet::TypeRegistry;

    use super::explain;

    /// The codes in calls of `custom` in the crate's own source.
    fn codes(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    codes(&path, found);
                }
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let calls = text.split("custom(").skip(1);
            let first = calls.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
            let is_code = |text: &&str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            found.extend(first.filter(is_code).map(str::to_owned));
        }
    }

    #[test]
    fn every_refusal_of_this_crate_is_explained() {
        let mut found = Vec::new();
        codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.iter().any(|code| code == "unknown-command"), "{found:?}");
        let registry = TypeRegistry::builder().build().unwrap();
        found.retain(|code| explain(&registry, code).is_err());
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_wrong_code_has_a_nearest_one() {
        let registry = TypeRegistry::builder().build().unwrap();
        assert_eq!(explain(&registry, "wrong-typ"), Err(Some("wrong-type")));
    }
}
