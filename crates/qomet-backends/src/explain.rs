//! What the codes of this crate and of `qomet-memory` mean: see [`qomet::Explanations`].

use qomet::Explanations;

/// The codes of the types of this crate, without those of memory.
const OWN: Explanations = &[
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
];

/// Everything that this crate's types can report.
pub fn explanations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OWN.iter().chain(qomet_memory::EXPLANATIONS).copied()
}
