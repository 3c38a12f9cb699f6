//! What the codes of this crate mean, for `qomet explain` and `x-explain`: more than the message says, less than a manual.
//!
//! Each crate with codes has such a list beside its kinds; a registry gathers them. A test takes a sample of every
//! kind, so that a new one without an explanation does not pass.

/// Codes, each with what it means and what to do about it: full sentences, plain text.
pub type Explanations = &'static [(&'static str, &'static str)];

/// The codes of the object model.
pub(crate) const EXPLANATIONS: Explanations = &[
    (
        "wrong-type",
        "The value is of another kind than the property takes, such as a string where a number belongs. Documents take \
         \"1G\" for a size and \"on\" or \"off\" for a boolean; the protocol takes neither, as QEMU's does not.",
    ),
    (
        "out-of-range",
        "The number is less or more than the property takes. The bounds are part of the declaration: 'qomet describe TYPE' \
         or qom-list-properties shows them.",
    ),
    (
        "not-a-multiple",
        "The number has to be a multiple of another, mostly because the kernel works in whole pages or sectors. The nearest \
         values that would do are named.",
    ),
    (
        "invalid-size",
        "The text is no size. A size is a number of bytes, or a number and one of the units B, K, M, G, T, P, E, which are \
         powers of 1024.",
    ),
    (
        "not-a-name",
        "The property takes one of a few names, written as a string. In JSON, on and off without quotes are no names, and \
         true and false are booleans.",
    ),
    (
        "unknown-enum-value",
        "The property takes one of a few names, and this is none of them. Names are compared exactly, capitals included.",
    ),
    (
        "sensitive-mismatch",
        "The value of a sensitive property, such as a password, is of the wrong kind. It is not shown, not even in part.",
    ),
    (
        "nul-in-string",
        "The string contains the character U+0000. The host's functions would take it for the end of the string, so it is \
         refused rather than cut.",
    ),
    ("too-long", "The string is longer than the host takes for such a value, a path for example."),
    (
        "unknown-member",
        "There is no member of that name. A member that nobody reads would be a setting that is silently not made, so it \
         is refused.",
    ),
    ("duplicate-member", "A member stands twice. Which one was meant cannot be known, so neither is taken."),
    ("missing-member", "A member that must be given is missing."),
    (
        "unknown-property",
        "The type has no property of that name. 'qomet describe TYPE' or qom-list-properties lists those that it has; the \
         nearest name is suggested.",
    ),
    ("duplicate-property", "The object has the property twice. Keep one of the two."),
    (
        "missing-property",
        "A required property is missing: it has no default that would be right for everybody.",
    ),
    (
        "cannot-change",
        "The property was settled when the object was realized: memory is mapped, files are open. Delete the object and \
         create it anew with the other value.",
    ),
    (
        "read-only",
        "The property tells something that is worked out from the object's state. Nobody can set it.",
    ),
    (
        "write-only",
        "The property is sensitive: it can be given, and never be read back, neither by a command nor in a listing.",
    ),
    ("not-readable-as", "A program asked for the value as another type than it has, or it has no value now."),
    (
        "deprecated",
        "The property still works and will go in a later version. Its description says what replaces it.",
    ),
    (
        "unknown-type",
        "There is no type of that name in this program. 'qomet types' or qom-list-types lists them; a type of QEMU may not \
         be available here.",
    ),
    (
        "unavailable-type",
        "QEMU has such a type, and this program does not: it needs something that is not here, such as a guest. The message \
         says what.",
    ),
    (
        "interface-not-type",
        "An interface says what types of several families can do, such as 'user-creatable'; it has no properties and no \
         objects. qom-list-types with 'implements' lists the types that have it.",
    ),
    (
        "abstract-type",
        "The type only holds what several others have in common. Create an object of one of the types below it.",
    ),
    ("not-user-creatable", "Objects of this type are made by the program itself, as part of something else."),
    ("duplicate-type", "A program registered two types with one name. This is a mistake in the program."),
    (
        "unknown-parent",
        "A program registered a type whose parent it did not register. This is a mistake in the program: add the parent's \
         list of types.",
    ),
    (
        "type-cycle",
        "A program registered types that are each other's parents. This is a mistake in the program.",
    ),
    (
        "impossible-need",
        "A program declares that a property needs something of what it links to, and nothing there could ever have it: no type \
         has such a property, or it is of another kind, or it may change while the link stands. This is a mistake in the program.",
    ),
    (
        "shadowed-property",
        "A type declares a property that its parent has already, so it would be unclear which of them is meant. This is a \
         mistake in the program.",
    ),
    (
        "sensitive-not-a-string",
        "A type declares a sensitive property that is no string. Only strings can be kept out of every message. This is a \
         mistake in the program.",
    ),
    (
        "too-many-properties",
        "A type declares more properties than the model keeps track of. This is a mistake in the program.",
    ),
    (
        "invalid-name",
        "A name of a type, property or object has characters that it may not have. This is a mistake in the program.",
    ),
    (
        "missing-id",
        "The object has no id, by which it is found and deleted. Give one that no other object has.",
    ),
    ("missing-type", "The object does not say what it is: 'qom-type' names its type."),
    (
        "invalid-id",
        "An id starts with a letter; letters, digits, '-', '.' and '_' follow. It becomes a part of the object's path, so it \
         has no '/'.",
    ),
    (
        "duplicate-id",
        "Another object has the id, or is being created with it. Ids are free again when their object is deleted.",
    ),
    (
        "not-found",
        "There is no object of that path or id. Paths start at the root ('/objects/ram0'); a part of one ('ram0') will do \
         where only one object fits.",
    ),
    ("ambiguous-path", "More than one object fits the part of a path that was given. Write the whole path."),
    (
        "wrong-link-type",
        "The property refers to another object, which has to be of a certain type, and the one it names is not.",
    ),
    (
        "dangling-link",
        "The property refers to an object that does not exist. Objects of one document may refer to each other in any order.",
    ),
    (
        "unknown-id",
        "The property takes the id of an object, not its path, and no object has this id. It may be one of the same document.",
    ),
    (
        "link-cycle",
        "Objects refer to each other in a circle, so that none of them can be made before the others. Take out one of the \
         references.",
    ),
    (
        "unmet-need",
        "The object needs something of the one that it links to, and that has it not: a device in another process needs memory \
         that is shared, for example. The property that links declares what it needs ('qomet describe' shows it), and where the \
         target leaves a property out, what counts is what it comes to. Set the property of the target as the help says, or \
         link to another object.",
    ),
    (
        "unused-object",
        "Some objects of this kind are used by others of the same documents, and this one by none. It costs what it costs, such \
         as memory, and probably a link to it was forgotten. Where nothing says who uses such objects, nothing is said of it.",
    ),
    (
        "used-twice",
        "Two users each want the object alone, such as two NUMA nodes that name one memory backend. QEMU refuses that too. \
         Give each of them an object of its own.",
    ),
    (
        "in-use",
        "Others rely on the object: an object that refers to it, or a consumer that has its memory. Delete those first; they \
         are named.",
    ),
    ("not-deletable", "The object is part of the model itself, or its type does not let it go now."),
    ("deleted", "The object has left the model in the meantime."),
    (
        "revision-changed",
        "The request was to be done only at a certain revision, and somebody changed the model or the object since. Nothing \
         was done. Read again, decide again, and name the revision that was read.",
    ),
    (
        "content-lost",
        "What is asked for means to delete an object and create it anew, and its memory or other content would be lost. It is \
         done only if that is allowed.",
    ),
    (
        "content-lost",
        "To make the object what the document says, another one has to take its place, and what it holds is in no file. \
         Copy it elsewhere first, keep the property that forces this as it is, or allow the loss (--allow-loss).",
    ),
    (
        "already-refused",
        "Something about the object, or another of the same batch, was refused before, so it cannot be created. What that \
         was stands in an earlier message.",
    ),
    (
        "host-refused",
        "What was asked for is in order, and the host could not do it: no memory, no permission, a limit. The message has the \
         host's own reason.",
    ),
    (
        "cancelled",
        "Somebody cancelled the work while it was under way. What had been done is undone: no object, no file and no growth \
         of a file stays.",
    ),
];
