//! What the codes of this crate mean: see [`qomet::Explanations`].

use qomet::Explanations;

/// The codes of documents and their syntax.
pub const EXPLANATIONS: Explanations = &[
    (
        "not-utf8",
        "The text has bytes that are no UTF-8, the only encoding of JSON. Mostly the file was saved in an older encoding.",
    ),
    ("utf16", "The text is in UTF-16, as some editors on Windows save it. Save it as UTF-8."),
    (
        "text-too-long",
        "The text is longer than places in it can be counted. Split the document into several files.",
    ),
    (
        "empty-document",
        "The text has nothing but white space and comments. A document without objects is an empty list: [].",
    ),
    ("text-after-end", "The document is complete and more text follows. Several objects belong into a list."),
    (
        "unexpected-end",
        "The text ends inside brackets. Either a closing bracket is missing further up, or the file was cut off.",
    ),
    (
        "nested-too-deep",
        "There are more brackets inside brackets than any document needs. The limit keeps a hostile text from exhausting the \
         program.",
    ),
    (
        "too-many-mistakes",
        "So many mistakes were found that the rest was not looked at. Mend the first ones: the others often follow from them.",
    ),
    ("stray-character", "The character means nothing outside of a string."),
    (
        "control-character",
        "A string contains a control character, such as a line break or a tab, as it is. Write it as an escape: \\n, \\t, \\u0001.",
    ),
    (
        "bad-escape",
        "After a backslash in a string stand only \" \\ / b f n r t and u with four hexadecimal digits. For a backslash \
         itself, as in paths of Windows, write two.",
    ),
    (
        "lone-surrogate",
        "A character beyond U+FFFF is written as two \\u escapes; here one of the two is missing.",
    ),
    ("unterminated-string", "The string has no closing quote before the line ends."),
    (
        "unescaped-quote",
        "A quote inside a string ends it. Write \\\" for a quote that belongs to the string.",
    ),
    ("wrong-quotes", "JSON has double quotes only, not single ones and not those of a word processor."),
    ("unquoted-name", "In JSON names stand in double quotes."),
    (
        "unquoted-value",
        "The value is no number, not true, false or null, and no string, because it has no quotes. It was probably meant to be \
         a string.",
    ),
    (
        "bad-number",
        "JSON writes numbers in decimal, without a plus sign, leading zeros, or a point at either end. In a document a size may \
         also be a string, such as \"1G\" or \"0x1000\".",
    ),
    ("missing-comma", "Members and elements are separated by commas, and here one is missing."),
    ("extra-comma", "There is a comma with nothing in front of it."),
    (
        "trailing-comma",
        "A comma stands before a closing bracket. Documents allow it; strict JSON, as over the protocol, does not.",
    ),
    ("wrong-separator", "Members and elements are separated by commas, not by semicolons."),
    ("missing-colon", "A colon stands between a name and its value."),
    ("extra-colon", "There is a colon where none belongs: one too many, or names and values in a list."),
    ("missing-name", "A member of an object has a name in front of its colon."),
    ("missing-value", "A name and a colon are there, and no value."),
    ("unexpected-text", "After a value only a comma or a closing bracket may follow."),
    (
        "missing-bracket",
        "A closing bracket is missing: what was opened is not closed where its neighbours end.",
    ),
    ("missing-opening-bracket", "Something is closed that was never opened."),
    ("wrong-bracket", "An object is closed by } and a list by ]; here it is the other one."),
    ("extra-bracket", "There is a closing bracket too many."),
    ("comment-not-allowed", "Documents may have comments; strict JSON, as over the protocol, may not."),
    (
        "not-a-document",
        "A document is one object with \"qom-type\" and \"id\", a list of such objects, or {\"objects\": [...]}.",
    ),
    (
        "not-json",
        "A document is JSON, or sections as -readconfig takes them. Command lines, lines of key=value and libvirt domains are \
         checked too, but have to be named as such: --qemu, --object, --libvirt.",
    ),
    ("hash-comment", "Comments start with // or stand between /* and */. # starts none."),
    ("unterminated-comment", "A comment that starts with /* has no */ behind it."),
    (
        "inconsistent-keys",
        "In a line of key=value a name is given a value and members or elements as well. Keep one of the forms.",
    ),
    ("invalid-key", "A key is a name, or names and numbers with points between them: key.member, key.0."),
    (
        "key-too-long",
        "QEMU takes parts of a key of up to 127 bytes, so longer ones are refused here as well.",
    ),
    (
        "line-too-long",
        "QEMU takes lines of up to 1023 bytes in such a file, so longer ones are refused here as well.",
    ),
    (
        "missing-argument",
        "The option is the last word, and its argument is missing. A quote may have swallowed it.",
    ),
    (
        "memory-named-twice",
        "A guest of QEMU has one memory backend, named by '-machine memory-backend=ID', or one for each NUMA node, named by \
         '-numa node,memdev=ID'. QEMU refuses both together.",
    ),
    (
        "private-guest-memory",
        "A vhost-user device is another process, which maps the memory of the guest. Without a memory backend that is shared \
         there is nothing for it to map: QEMU starts, and the device fails when the guest uses it.",
    ),
    ("missing-element", "Elements of a list are numbered from 0 without gaps, in any order: key.0=, key.1=."),
    (
        "missing-equals",
        "In this dialect every key has a value: key=value. The other dialect takes a key alone for key=on.",
    ),
    ("no-section", "A line with a key stands before the first section. Sections start with [object \"ID\"]."),
    (
        "not-a-section-line",
        "A line is a section, such as [object \"ID\"], or a key with its value in quotes, with spaces around the '='.",
    ),
    (
        "unknown-section",
        "The name of the section is nearly 'object'. Sections of any other name are QEMU's business and left alone, so a \
         mistyped one would be an object that nobody makes.",
    ),
    ("not-xml", "A domain of libvirt is XML, as 'virsh dumpxml' writes it, without a document type."),
    ("unwritable", "The value has no form in this dialect of lines. JSON can say everything."),
    (
        "unterminated-quote",
        "A quote of the shell is opened and not closed, so the rest of the command line belongs to one word.",
    ),
];
