//! What the codes of this crate mean: what `qomet explain` and `x-explain` tell.
//!
//! The kinds and their wordings are in `error` and `warning`. A test takes a sample of every kind, so that a new one
//! without an explanation does not pass.

/// Codes, each with what it means and what to do about it.
pub const EXPLANATIONS: &[(&str, &str)] = &[
    (
        "path-empty",
        "'mem-path' is empty. It names a file, a device, or a folder in which a temporary file is made.",
    ),
    (
        "path-has-nul",
        "The path contains a NUL byte, which the kernel would take for its end. It is refused rather than cut.",
    ),
    ("path-too-long", "The kernel takes paths of up to 4095 bytes."),
    (
        "size-missing",
        "The object does not say how much memory it is. There is no default: a wrong guess would cost memory.",
    ),
    (
        "address-range-too-large",
        "Memory is mapped at one range of addresses. A process has 128 TiB of them on most machines, in parts that its \
         program and stack leave, and less where they are limited (ulimit -v).",
    ),
    ("size-zero", "Memory of size 0 is of no use, and cannot be mapped."),
    (
        "value-too-large",
        "Positions in files are signed numbers of 64 bits; the value is beyond them. QEMU would wrap around.",
    ),
    (
        "end-too-large",
        "The window would end beyond the largest position that a file can have: offset + size is limited.",
    ),
    (
        "not-a-page-multiple",
        "Memory is mapped in whole pages, so offset and size are multiples of the page size. On hugetlbfs that is the size of \
         a huge page. The nearest values that would do are named.",
    ),
    ("align-not-power-of-two", "An alignment is a power of two."),
    (
        "align-not-page-multiple",
        "The address is aligned to whole pages at least, so 'align' is a multiple of the page size.",
    ),
    (
        "align-not-device",
        "The device maps only at multiples of its own alignment, which sysfs tells. Leave 'align' out to get that.",
    ),
    (
        "rom-needs-readonly",
        "rom=on promises that nobody changes the contents. Without readonly=on the file would be open for writing.",
    ),
    (
        "shared-read-only-ram",
        "share=on with readonly=on and rom=off asks for memory that can be written while its writes must reach a file that is \
         open read-only. Use share=off for a template, or rom=on for ROM.",
    ),
    (
        "prealloc-without-reserve",
        "prealloc=on makes every page present, reserve=off says that none is to be reserved. One of the two is a mistake.",
    ),
    (
        "policy-without-host-nodes",
        "The policy says how memory comes from certain NUMA nodes; 'host-nodes' has to say which.",
    ),
    (
        "host-nodes-without-policy",
        "'host-nodes' has no effect without a policy other than the default. Say what is to be done with them.",
    ),
    (
        "host-nodes-too-large",
        "The kernel cannot have a NUMA node of such a number. The nodes of this host are listed.",
    ),
    ("no-such-host-nodes", "None of the NUMA nodes exists on this host. Those that do are listed."),
    (
        "not-bound",
        "The kernel refused to take the memory from these NUMA nodes. Mostly they have no memory, or the cpuset excludes them.",
    ),
    (
        "binding-forbidden",
        "The process may not bind memory to NUMA nodes. In a container the seccomp profile forbids mbind unless it has the \
         capability CAP_SYS_NICE.",
    ),
    (
        "file-not-found",
        "The file does not exist. With readonly=on it is not created, because an empty file would be of no use.",
    ),
    ("folder-not-found", "The folder of the file does not exist. Files are created, folders are not."),
    (
        "dangling-symlink",
        "The path is a symbolic link to something that does not exist. It is refused, because the file might be created in a \
         place that nobody expects.",
    ),
    (
        "path-unreachable",
        "A folder on the way to the file cannot be entered: a permission, or something on the way that is no folder.",
    ),
    (
        "wrong-file-kind",
        "Only regular files, block and character devices can be mapped; opening a FIFO or socket could wait for ever.",
    ),
    ("not-mappable", "The device's driver or the file system has no way to map this file into memory."),
    ("folder-read-only", "For a folder a temporary file is made in it, which readonly=on excludes."),
    (
        "read-only-file-empty",
        "The file is empty, and with readonly=on it is not grown. There is nothing to map.",
    ),
    (
        "file-too-short",
        "The file has contents and ends before the window does. It is not grown, because labels at its end would move. Make \
         the window smaller, or the file longer.",
    ),
    ("device-too-short", "The device ends before the window does, and a device cannot be grown."),
    (
        "file-not-writable",
        "The file cannot be opened for writing. For a private copy of a template use readonly=on with rom=off; for ROM use \
         readonly=on.",
    ),
    (
        "folder-not-writable",
        "The file does not exist and cannot be created, because its folder cannot be written.",
    ),
    (
        "file-sealed",
        "The memfd that was passed has seals (fcntl F_ADD_SEALS), which nobody can take off, and one of them forbids what the \
         memory needs.",
    ),
    ("file-not-readable", "The file cannot be opened for reading."),
    (
        "file-size-limit",
        "The process may not make files so long (RLIMIT_FSIZE). It is checked first, because going beyond the limit would \
         kill the process.",
    ),
    ("pmem-without-dax", "pmem=on promises that writes are persistent, which only a file on DAX can keep."),
    ("dax-needs-share", "A device DAX can only be mapped shared. Use share=on."),
    (
        "file-replaced",
        "Between the check and the opening another file took the path's place. Nothing was changed; try again.",
    ),
    (
        "file-length-changed",
        "The file's length is not what it was just set to: another process changes it at the same time.",
    ),
    ("not-planned", "A program opens memory that is not part of its plan. This is a mistake in the program."),
    (
        "host-refused",
        "What was asked for is in order, and the host could not do it: no memory, no permission, a limit. The message has the \
         host's own reason.",
    ),
    (
        "no-backing-page",
        "While memory was made present the kernel could not provide a page: the file system or the pool of huge pages is full, \
         or the file was truncated. Without prealloc the same would end in a SIGBUS later.",
    ),
    ("populate-failed", "Making the memory present failed. The message has the kernel's reason."),
    ("populate-cancelled", "Making the memory present was cancelled. Everything mapped is unmapped again."),
    ("outside-region", "A consumer asked for bytes beyond the end of the memory."),
    (
        "file-truncated",
        "Somebody made the file shorter than the memory that is mapped of it. Touching what is gone is a SIGBUS; make the file as \
         long again as it was.",
    ),
    (
        "file-gone",
        "Somebody removed or renamed the file of the memory, put another one in its place, or unmounted its file system. Memory \
         is mapped of a file, not of a name, so it works on; but an object that is made with the same path does not find it.",
    ),
    (
        "page-lost",
        "A page of the memory is not there, because the file was truncated behind the program's back, or because its file \
         system or the pool of huge pages is full. Reading and writing return this error instead of a SIGBUS.",
    ),
    (
        "not-synced",
        "The kernel could not write the memory's pages to where its file is kept. It tells this once; what was written since the \
         last success may be lost, whatever a later attempt says.",
    ),
    ("read-only-region", "The memory is mapped read-only and cannot be written."),
    (
        "not-shared",
        "Memory that nobody shares is known to this process at one place only: another mapping of it, here or in another \
         process, would be other memory. With 'share=on' all mappings are the same bytes.",
    ),
    (
        "reservation-misplaced",
        "Memory that is mapped side by side keeps its pages whole and overlaps nothing: the places are multiples of the \
         page size, in order, each at or after the end of the one before.",
    ),
    ("discard-misaligned", "Pages are given back as a whole, so both ends are multiples of the page size."),
    (
        "discard-private-file",
        "Giving back a part of a private mapping of a file would punch a hole for its other users, and copied pages would stay.",
    ),
    ("discard-read-only", "Read-only memory cannot be given back: its contents would be lost."),
    (
        "not-undone",
        "Something was refused, and what had been done before could not be undone. The message says what is left behind.",
    ),
    (
        "backing-may-run-out",
        "The file system has less room than the memory may come to need. A page that cannot be had when it is first touched is \
         a SIGBUS; prealloc=on finds out now.",
    ),
    (
        "file-ranges-overlap",
        "Two objects have windows that overlap in one file. If both are shared and writable, each sees the writes of the other.",
    ),
    (
        "file-lock-conflict",
        "With x-lock=on the window of the file is locked against other processes (fcntl_locking(2)), and another one has locked a \
         part of it: it maps it too, or uses it otherwise. If both write, each sees the writes of the other.",
    ),
    (
        "file-range-locked",
        "Another process has locked a part of the window's file (fcntl_locking(2)), or maps it as this program does by default. If \
         both write, each sees the writes of the other. x-lock=on refuses that. x-lock=auto, the default, tells of it, and \
         claims the window where other processes of this program look and nobody else does; x-lock=off neither claims nor looks.",
    ),
    (
        "memory-may-run-out",
        "All the memory that is created together is more than there is: than what is left of memory and swap for what \
         prealloc=on makes present at once, than all of it for the rest, than the pool has huge pages, than '/dev/shm' has free. The host and each \
         control group are looked at, and the scarcest is named. When memory runs out, the kernel kills a process. \
         reserve=off says that more may be asked for than there is, and is not counted.",
    ),
    ("no-effect", "The setting is accepted and does nothing in this combination."),
    (
        "size-rounded-up",
        "The size is no multiple of the page size, and as much as whole pages is used. The property reads as it was given.",
    ),
    (
        "template-copied",
        "prealloc=on writes every page of a private mapping, so the whole template is copied into memory.",
    ),
    ("host-nodes-missing", "Some of the NUMA nodes do not exist on this host and are left out."),
    ("one-node-preferred", "This kernel can prefer one NUMA node only; the first of them is taken."),
    (
        "shm-needs-share",
        "Memory of shm_open is there to be shared. share=off would cost it twice; use memory-backend-ram.",
    ),
    (
        "hugetlbsize-without-hugetlb",
        "'hugetlbsize' chooses among huge pages, which hugetlb=on asks for. QEMU ignores it; here it is refused.",
    ),
    (
        "no-such-huge-page-size",
        "The kernel offers no huge pages of that size. Those that it offers are listed.",
    ),
    ("no-huge-pages", "The kernel offers no huge pages at all, or none are set up."),
    (
        "huge-pool-too-small",
        "The pool of huge pages has fewer free pages than are needed. Make it larger (/proc/sys/vm/nr_hugepages), or use a \
         smaller size.",
    ),
    ("memfd-not-shared", "With share=off each page exists twice: in the memfd and as a private copy."),
];
