//! The objects of a libvirt domain: what it passes to QEMU as it is, and the memory it has QEMU make.
//!
//! `<qemu:commandline>` holds arguments, of which those of `-object` are taken. `<memoryBacking>` and `<numa>` say which
//! memory backends libvirt writes for the domain (its `qemuBuildMemoryBackendProps`): `pc.ram`, or `ram-nodeN` for each
//! cell. What those would be is judged at the elements that say it. A path that libvirt makes up when it starts the
//! domain is not known; the folder it makes it in is taken for it.
//!
//! Why roxmltree: it keeps the place of every attribute, has no dependencies, and takes no document type, so that no
//! entity can be made to grow.

use std::ops::Range;

use roxmltree::{Attribute, Document, Node};

use super::{Found, Taken, arguments};
use crate::syntax_error::SyntaxErrorKind;

/// The namespace of what is passed to QEMU.
const QEMU: &str = "http://libvirt.org/schemas/domain/qemu/1.0";

/// Where libvirt mounts huge pages, and where it makes files for memory that has none.
const HUGE_PAGES: &str = "/dev/hugepages";
const FILES: &str = "/var/lib/libvirt/qemu/ram";

/// Elements that are looked at.
const TAKEN: [&str; 6] = ["memory", "currentMemory", "memoryBacking", "commandline", "cpu", "numatune"];

pub(super) fn domain(text: &str) -> Found {
    let mut found = Found::default();
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let at = offset(text, error.pos());
            let message = error.to_string();
            // The place is said beside it.
            let message = message.split(" at ").next().unwrap_or_default().to_owned();
            found.mistakes.push((SyntaxErrorKind::NotXml { message }, at..at));
            return found;
        }
    };
    let root = document.root_element();
    let passed = root.descendants().filter(|node| node.has_tag_name((QEMU, "arg")));
    let words = passed.filter_map(|node| node.attribute_node("value"));
    let words = words.map(|value| (taken(text, &value), value.range_value())).collect();
    memory(root, &mut found.objects);
    let others = root.children().filter(|node| node.is_element() && !TAKEN.contains(&node.tag_name().name()));
    let others = others.map(|node| format!("<{}>", node.tag_name().name()));
    others.for_each(|other| {
        if !found.others.contains(&other) {
            found.others.push(other);
        }
    });
    arguments(words, &mut found);
    found
}

/// The offset of a line and column.
fn offset(text: &str, at: roxmltree::TextPos) -> usize {
    let row = usize::try_from(at.row).unwrap_or(usize::MAX).saturating_sub(1);
    let column = usize::try_from(at.col).unwrap_or(usize::MAX).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(row).map(str::len).sum();
    let line = text.get(start..).unwrap_or_default();
    start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

/// The value of an attribute with its entities read, and where each part of it stood.
fn taken(text: &str, value: &Attribute<'_, '_>) -> Taken {
    let place = value.range_value();
    let raw = text.get(place.clone()).unwrap_or_default();
    let mut taken = Taken { text: value.value().to_owned(), ..Taken::default() };
    let mut at = 0;
    for c in value.value().chars() {
        let rest = raw.get(at..).unwrap_or_default();
        // An entity stands for one character.
        let spread = match rest.strip_prefix('&').and_then(|name| name.find(';')) {
            Some(name) => name + 2,
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        taken.origin.push(c.len_utf8(), place.start + at, spread);
        at += spread;
    }
    taken
}

/// A line that is written for the domain.
#[derive(Default)]
struct Line {
    taken: Taken,
}

impl Line {
    /// Adds text that an element or attribute stands for.
    fn add(&mut self, text: &str, at: Range<usize>) {
        self.taken.text.push_str(text);
        self.taken.origin.push(text.len(), at.start, at.len());
    }

    /// Adds a pair.
    fn pair(&mut self, key: &str, value: &str, at: Range<usize>) {
        self.add(&format!(",{key}="), at.clone());
        self.add(&value.replace(',', ",,"), at);
    }
}

/// A value and where it stands.
type Placed<'a> = (&'a str, Range<usize>);

/// What `<memoryBacking>` says of all memory.
struct Backing<'a> {
    /// `<hugepages>` and its first `<page>`.
    huge: Option<(Node<'a, 'a>, Option<Node<'a, 'a>>)>,
    source: Option<Placed<'a>>,
    access: Option<Placed<'a>>,
    allocation: Option<Node<'a, 'a>>,
    discard: Option<Node<'a, 'a>>,
}

fn memory<'a>(root: Node<'a, 'a>, objects: &mut Vec<Taken>) {
    let backing = child(Some(root), "memoryBacking");
    let cells = child(child(Some(root), "cpu"), "numa");
    let cells: Vec<_> =
        cells.iter().flat_map(|numa| numa.children()).filter(|node| node.has_tag_name("cell")).collect();
    if backing.is_none() && cells.is_empty() {
        return;
    }
    let huge = child(backing, "hugepages");
    let backing = Backing {
        huge: huge.map(|huge| (huge, child(Some(huge), "page"))),
        source: placed(child(backing, "source"), "type"),
        access: placed(child(backing, "access"), "mode"),
        allocation: child(backing, "allocation"),
        discard: child(backing, "discard"),
    };
    let tune = child(Some(root), "numatune");
    if cells.is_empty() {
        let Some(memory) = child(Some(root), "memory") else { return };
        let size = (memory.text().unwrap_or_default().trim(), text_place(memory), memory.attribute("unit"));
        objects.push(backend("pc.ram", memory.range(), size, &backing, None, None, child(tune, "memory")));
        return;
    }
    for (index, cell) in cells.into_iter().enumerate() {
        let number = cell.attribute("id").map_or_else(|| index.to_string(), str::to_owned);
        let Some(size) = placed(Some(cell), "memory") else { continue };
        let nodes = tune.iter().flat_map(|tune| tune.children());
        let mut nodes = nodes.filter(|node| node.has_tag_name("memnode"));
        let own = nodes.find(|node| node.attribute("cellid") == Some(&number));
        let size = (size.0, size.1, cell.attribute("unit"));
        let own = own.or(child(tune, "memory"));
        let access = placed(Some(cell), "memAccess");
        let discard = placed(Some(cell), "discard");
        objects.push(backend(
            &format!("ram-node{number}"),
            cell.range(),
            size,
            &backing,
            access,
            discard,
            own,
        ));
    }
}

/// The line of one backend; what a cell says of itself comes before what is said of all.
fn backend(
    id: &str,
    whole: Range<usize>,
    (size, at, unit): (&str, Range<usize>, Option<&str>),
    backing: &Backing<'_>,
    access: Option<Placed<'_>>,
    discard: Option<Placed<'_>>,
    tune: Option<Node<'_, '_>>,
) -> Taken {
    // Elements may span lines; their name says enough.
    let head =
        |node: &Node<'_, '_>| node.range().start..node.range().start + node.tag_name().name().len() + 1;
    let whole = whole.start..whole.start + 1;
    let access = access.or_else(|| backing.access.clone());
    let is_file = |source: &Placed<'_>| source.0 == "file";
    let memfd = backing.source.as_ref().filter(|source| source.0 == "memfd");
    let mut line = Line::default();
    let mut is_mapped_file = false;
    match (memfd, &backing.huge) {
        (Some((_, at)), _) => line.add("memory-backend-memfd", at.clone()),
        (None, Some((huge, _))) => {
            line.add("memory-backend-file", head(huge));
            is_mapped_file = true;
        }
        (None, None) => match backing.source.as_ref().filter(|source| is_file(source)).or(access.as_ref()) {
            Some((_, at)) => {
                line.add("memory-backend-file", at.clone());
                is_mapped_file = true;
            }
            None => line.add("memory-backend-ram", whole.clone()),
        },
    }
    line.pair("id", id, whole.clone());
    line.pair("size", &bytes(size, unit), at);
    if is_mapped_file {
        let path = if backing.huge.is_some() { HUGE_PAGES } else { FILES };
        line.pair("mem-path", path, backing.huge.map_or(whole.clone(), |(huge, _)| head(&huge)));
    }
    if let (Some(_), Some((huge, page))) = (memfd, &backing.huge) {
        line.pair("hugetlb", "on", head(huge));
        if let Some((size, at)) = placed(*page, "size") {
            line.pair("hugetlbsize", &bytes(size, page.and_then(|page| page.attribute("unit"))), at);
        }
    }
    if let Some((mode, at)) = access {
        line.pair("share", if mode == "shared" { "on" } else { "off" }, at);
    }
    let immediate = placed(backing.allocation, "mode").filter(|(mode, _)| *mode == "immediate");
    if let Some(at) = immediate.map(|(_, at)| at).or_else(|| backing.huge.map(|(huge, _)| head(&huge))) {
        line.pair("prealloc", "on", at);
        if let Some((threads, at)) = placed(backing.allocation, "threads") {
            line.pair("prealloc-threads", threads, at);
        }
    }
    let discard = match discard {
        Some((said, at)) => (said == "yes").then_some(at),
        None => backing.discard.as_ref().map(head),
    };
    if let Some(at) = discard.filter(|_| is_mapped_file) {
        line.pair("discard-data", "on", at);
    }
    if let Some((nodes, at)) = placed(tune, "nodeset") {
        for part in nodes.split(',') {
            line.pair("host-nodes", part, at.clone());
        }
        let (mode, at) = placed(tune, "mode").unwrap_or(("strict", at));
        let policy = if mode == "strict" { "bind" } else { mode };
        line.pair("policy", policy, at);
    }
    line.taken
}

fn child<'a>(node: Option<Node<'a, 'a>>, name: &str) -> Option<Node<'a, 'a>> {
    node?.children().find(|child| child.has_tag_name(name))
}

fn placed<'a>(node: Option<Node<'a, 'a>>, name: &str) -> Option<Placed<'a>> {
    let attribute = node?.attribute_node(name)?;
    Some((attribute.value(), attribute.range_value()))
}

/// Where the text of an element stands, without the white space around it.
fn text_place(node: Node<'_, '_>) -> Range<usize> {
    let Some(text) = node.first_child().filter(Node::is_text) else { return node.range() };
    let raw = text.text().unwrap_or_default();
    let start = text.range().start + (raw.len() - raw.trim_start().len());
    start..start + raw.trim().len()
}

/// A size as libvirt writes it, in bytes; what is no number is left as it is, to be told of.
fn bytes(size: &str, unit: Option<&str>) -> String {
    let scale: u64 = match unit.unwrap_or("KiB") {
        "b" | "bytes" => 1,
        "KB" => 1000,
        "k" | "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "M" | "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "G" | "GiB" => 1 << 30,
        "TB" => 1_000_000_000_000,
        "T" | "TiB" => 1 << 40,
        other => return format!("{size} {other}"),
    };
    let bytes = size.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
    bytes.map_or_else(|| size.to_owned(), |bytes| bytes.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are taken.
    fn lines(text: &str) -> Vec<String> {
        let found = domain(text);
        assert!(found.mistakes.is_empty(), "{:?}", found.mistakes);
        found.objects.into_iter().map(|object| object.text).collect()
    }

    fn with_backing(backing: &str) -> String {
        lines(&format!(
            "<domain><memory unit='MiB'> 64 </memory><memoryBacking>{backing}</memoryBacking></domain>"
        ))
        .concat()
    }

    #[test]
    fn what_is_passed_to_qemu_is_read_without_entities() {
        let text = "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n<name>x</name>\n<qemu:commandline>\
                    <qemu:arg value='-object'/><qemu:arg value='{&quot;id&quot;: &quot;a&amp;b&quot;}'/><qemu:arg value='-s'/>\
                    </qemu:commandline></domain>";
        let found = domain(text);
        assert_eq!(found.objects[0].text, r#"{"id": "a&b"}"#);
        assert_eq!(found.others, ["<name>", "-s"]);
        // The text `a&b`.
        let place = found.objects[0].origin.place(0, 8, 11);
        assert_eq!(&text[place.start as usize..place.end as usize], "a&amp;b");
    }

    #[test]
    fn memory_is_what_libvirt_makes_of_it() {
        for (backing, line) in [
            ("", "memory-backend-ram,id=pc.ram,size=67108864"),
            (
                "<source type='memfd'/><access mode='shared'/>",
                "memory-backend-memfd,id=pc.ram,size=67108864,share=on",
            ),
            (
                "<hugepages/>",
                "memory-backend-file,id=pc.ram,size=67108864,mem-path=/dev/hugepages,prealloc=on",
            ),
            (
                "<hugepages><page size='2' unit='M'/></hugepages><source type='memfd'/>",
                "memory-backend-memfd,id=pc.ram,size=67108864,hugetlb=on,hugetlbsize=2097152,prealloc=on",
            ),
            (
                "<source type='file'/><allocation mode='immediate' threads='3'/><discard/>",
                "memory-backend-file,id=pc.ram,size=67108864,mem-path=/var/lib/libvirt/qemu/ram,prealloc=on,\
                 prealloc-threads=3,discard-data=on",
            ),
        ] {
            assert_eq!(with_backing(backing), line);
        }
    }

    #[test]
    fn each_cell_has_its_own_memory() {
        let text = "<domain><cpu><numa><cell id='0' memory='1' unit='GiB' memAccess='shared'/><cell memory='4'/></numa></cpu>\
                    <numatune><memory mode='preferred' nodeset='1'/><memnode cellid='0' mode='strict' nodeset='0-1,3'/></numatune></domain>";
        assert_eq!(
            lines(text),
            [
                "memory-backend-file,id=ram-node0,size=1073741824,mem-path=/var/lib/libvirt/qemu/ram,share=on,host-nodes=0-1,\
                 host-nodes=3,policy=bind",
                "memory-backend-ram,id=ram-node1,size=4096,host-nodes=1,policy=preferred"
            ]
        );
    }

    #[test]
    fn a_domain_that_says_nothing_of_its_memory_has_no_objects() {
        assert!(lines("<domain><memory>1</memory><devices/></domain>").is_empty());
    }

    #[test]
    fn what_is_no_xml_is_told_at_its_place() {
        let found = domain("<domain>\n <a></b>\n</domain>");
        let [(SyntaxErrorKind::NotXml { message }, place)] = found.mistakes.as_slice() else {
            panic!("{:?}", found.mistakes)
        };
        assert!(!message.is_empty() && place.start > 8, "{message} {place:?}");
        assert_eq!(domain("<!DOCTYPE a [<!ENTITY b 'c'>]><domain>&b;</domain>").mistakes.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(<domain>|</domain>|<memoryBacking>|<a b='&lt;'/>|é|&|\n|.){0,12}") {
            for object in domain(&text).objects {
                proptest::prop_assert_eq!(object.origin.length(), object.text.len());
            }
        }
    }
}
