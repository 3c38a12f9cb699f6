//! What the codes of this crate and of `qomet-memory` mean: see [`qomet::Explanations`].

use qomet::Explanations;

/// The codes of the types of this crate, without those of memory.
const OWN: Explanations = &[
    (
        "not-memory",
        "What places or uses memory names an object that has none. Objects whose type is a memory-backend have some.",
    ),
    (
        "template-handed-out",
        "With readonly=on and rom=off memory is a private copy of a file: the guest may write to it, and neither the file nor \
         any other process sees that. A device in another process would read old bytes, so it cannot be given such memory, \
         and share=on is no way out, as writes must not reach a file that is open read-only. Give the device memory of its \
         own kind, or let the file be written to.",
    ),
    ("affinity-empty", "The list names nothing to run on. Leave the property out to run on all CPUs."),
    (
        "no-such-cpus",
        "None of the CPUs exists on this host, or none belongs to these NUMA nodes. Those that do exist are listed.",
    ),
    ("fdset-path", "/dev/fdset/N names a set of descriptors by its number."),
    (
        "no-such-fdset",
        "There is no set of that number. add-fd makes one from a descriptor that a client passes, --add-fd from one that the \
         program inherits; a set that no object uses goes with the last client. query-fdsets lists them.",
    ),
    (
        "fdset-access",
        "No descriptor of the set was opened for what the memory needs: reading and writing, or only reading with readonly=on.",
    ),
    (
        "two-affinities",
        "'node-affinity' stands for the CPUs of some NUMA nodes and 'cpu-affinity' names CPUs. Only one of them can be meant.",
    ),
    (
        "thread-pool-bounds",
        "The least number of threads of a pool is at most the greatest, and the greatest at least 1.",
    ),
    (
        "no-randomness",
        "The kernel gives no random numbers, so there is nothing to hand on. It is too old, or a filter forbids the call.",
    ),
    (
        "random-source-ended",
        "The file that random numbers are read from has ended. What was read before was handed out; nothing is repeated.",
    ),
    ("not-opened", "The file or device cannot be opened. The message has the host's reason."),
    ("not-read", "The file or device is open and reading it failed. The message has the host's reason."),
    ("not-watched", "Changes of the file cannot be noticed. The message has the host's reason."),
    (
        "rate-too-high",
        "A limit is a number of bytes or operations per second, up to 10 to the power of 15; 0 is no limit.",
    ),
    (
        "burst-below-rate",
        "A burst is an exception that lets more through for a while, so its rate is at least the one that always holds.",
    ),
    ("burst-without-rate", "A burst is an exception of a limit, and there is no limit of that kind."),
    ("burst-length", "The length of a burst is a number of seconds, at least 1."),
    (
        "burst-too-long",
        "So long a burst at so high a rate would need numbers beyond what is counted. Make it shorter or slower.",
    ),
    (
        "length-without-burst",
        "The property is about how long a burst lasts, and there is no burst of that kind.",
    ),
    (
        "size-without-iops",
        "'iops-size' says how large an operation counts as one, and nothing limits operations.",
    ),
    (
        "total-and-one-way",
        "A limit of the total holds for reads and writes together. It cannot be combined with a limit of one of them.",
    ),
    (
        "no-event-loop",
        "The thread needs descriptors to wait with, and the host gives none. Mostly the process has as many as it may have \
         (RLIMIT_NOFILE).",
    ),
    (
        "not-waited-for",
        "A thread can wait for a socket, a pipe or a device, not for a regular file, which is always ready.",
    ),
    ("no-rules", "The file has no rules that could be read."),
    (
        "no-secret",
        "A secret comes from somewhere: it is given as 'data', or stands in a 'file', which keeps it out of documents and logs.",
    ),
    (
        "two-secrets",
        "A secret is given as 'data' and also stands in a 'file'. Only one of them can be meant.",
    ),
    (
        "invalid-base64",
        "Base64 consists of letters, digits, '+', '/' and '='; only line breaks may stand between them, not spaces. The text \
         is not shown, since it may be secret.",
    ),
    (
        "base64-dropped",
        "Four characters of base64 stand for three bytes, and the text ends within four. QEMU drops such an end without a \
         word, and so does Qomet, which says so: mostly something was cut off, and the secret is too short.",
    ),
    (
        "no-vector",
        "The secret is encrypted with AES-256-CBC, which cannot be undone without the initialisation vector it was done with.",
    ),
    ("vector-length", "The initialisation vector of AES-256-CBC has 16 bytes. It is given in base64."),
    (
        "key-length",
        "AES-256 takes a key of 32 bytes. The secret that is meant to be the key has another length, after it was decoded.",
    ),
    (
        "not-whole-blocks",
        "AES-256-CBC encrypts blocks of 16 bytes and fills the last one up, so what comes out is never empty and always whole \
         blocks. Mostly the text was cut off, or it is base64 and 'format' does not say so.",
    ),
    (
        "wrong-key",
        "Decrypting gave an end that encrypting does not give. The secret was encrypted with another key or initialisation \
         vector, or with another cipher, or it is damaged.",
    ),
    ("secret-not-text", "Whoever uses this secret wants text, and its bytes are no UTF-8."),
    (
        "built-without",
        "The program can do this only if it is built with the named feature of qomet-backends, and it was built without it.",
    ),
    ("serial-zero", "The kernel numbers its keys from 1 and takes 0 for none."),
    (
        "no-key",
        "The kernel does not hand the key out: there is none with this number, it expired or was revoked, or this process may \
         not read it. The message has the host's reason.",
    ),
    (
        "no-keyrings",
        "The kernel was built without keyrings, or a filter for system calls hides them, as many containers have it.",
    ),
];

/// Everything that this crate's types can report.
pub fn explanations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OWN.iter().chain(qomet_memory::EXPLANATIONS).copied()
}
