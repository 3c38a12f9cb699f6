//! Memory backends as a program uses them: drafts, batches, files.

use std::fs;
use std::path::{Path, PathBuf};

use qomet::{
    AnyDraft, Diagnostic, Diagnostics, Level, Model, ObjectRef, PlanOptions, Size, ToNative, TypeRegistry,
};
use qomet_memory::{Call, Errno, Faults, Host};

use super::{FileBackend, HostMemory, MemoryBackend, MemoryHost, MemoryTable, memory_table, query_memdev};

const PAGE: u64 = 4096;

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(crate::types()).build().unwrap())
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn names(&self) -> Vec<String> {
        fs::read_dir(self.0.path())
            .unwrap()
            .map(|one| one.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn draft(
    model: &Model,
    type_name: &str,
    id: &str,
    properties: &[(&str, &dyn ToNativeDyn)],
) -> Box<dyn AnyDraft> {
    let mut draft = model.draft(type_name).unwrap();
    draft.set_id(id);
    for (name, value) in properties {
        draft.set(name, value.native()).unwrap();
    }
    draft
}

/// `ToNative` behind a reference.
trait ToNativeDyn {
    fn native(&self) -> qomet::Native<'_>;
}

impl<T: ToNative> ToNativeDyn for T {
    fn native(&self) -> qomet::Native<'_> {
        self.to_native()
    }
}

fn window(model: &Model, id: &str, path: &Path, offset: u64, size: u64) -> Box<dyn AnyDraft> {
    let path = path.to_str().unwrap().to_owned();
    draft(
        model,
        "memory-backend-file",
        id,
        &[("mem-path", &path), ("offset", &offset), ("size", &size), ("share", &true)],
    )
}

fn create(model: &Model, drafts: Vec<Box<dyn AnyDraft>>) -> Result<Vec<ObjectRef>, Vec<Diagnostic>> {
    let mut report = Diagnostics::new();
    let created = model.batch(drafts).create(&mut report);
    let found = report.take();
    created.map_err(|_| found)
}

fn codes(found: &[Diagnostic]) -> Vec<&'static str> {
    found.iter().map(Diagnostic::code).collect()
}

#[test]
fn two_objects_share_one_new_file_in_any_order() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("ram");
    let drafts =
        vec![window(&model, "high", &path, 2 * PAGE, PAGE), window(&model, "low", &path, 0, 2 * PAGE)];

    let objects = create(&model, drafts).unwrap();

    assert_eq!(fs::metadata(&path).unwrap().len(), 3 * PAGE);
    let high = objects[0].interface::<dyn HostMemory>().unwrap();
    high.region().write(5, b"there").unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = usize::try_from(2 * PAGE + 5).unwrap();
    assert_eq!(&bytes[at..at + 5], b"there");
}

#[test]
fn the_offset_cannot_be_changed_once_realized() {
    let (model, folder) = (model(), Folder::new());
    let object = model.create(window(&model, "m", &folder.file("ram"), 0, PAGE)).unwrap();

    let refusal = object.set("offset", PAGE).unwrap_err();

    assert_eq!(refusal.to_string(), "cannot change property 'offset' of memory-backend-file");
    assert_eq!(object.get::<Size>("offset").unwrap(), Size(0));
}

#[test]
fn every_property_that_is_fixed_is_refused_in_the_same_words() {
    let (model, folder) = (model(), Folder::new());
    let file = model.create(window(&model, "m", &folder.file("ram"), 0, PAGE)).unwrap();
    let fixed: Vec<&str> = file
        .class()
        .properties()
        .iter()
        .filter(|property| property.mutability == qomet::Mutability::UntilRealized)
        .map(|property| property.name)
        .collect();

    let messages: Vec<String> =
        fixed.iter().map(|name| file.set(name, qomet::Native::Null).unwrap_err().to_string()).collect();

    let expected: Vec<String> =
        fixed.iter().map(|name| format!("cannot change property '{name}' of memory-backend-file")).collect();
    assert_eq!(messages, expected);
    assert!(fixed.len() >= 11, "{fixed:?}");
}

#[test]
fn a_batch_with_one_refused_object_leaves_no_file() {
    let (model, folder) = (model(), Folder::new());
    let drafts = vec![
        window(&model, "good", &folder.file("ram"), 0, PAGE),
        window(&model, "bad", &folder.file("other"), 1, PAGE),
    ];

    let found = create(&model, drafts).unwrap_err();

    assert_eq!(codes(&found), ["not-a-page-multiple"]);
    assert_eq!(found[0].about().object.as_deref(), Some("bad"));
    assert_eq!(found[0].about().property.as_deref(), Some("offset"));
    assert!(folder.names().is_empty());
    assert!(model.is_empty());
}

#[test]
fn checking_touches_nothing() {
    let (model, folder) = (model(), Folder::new());
    let mut report = Diagnostics::new();

    model.batch(vec![window(&model, "m", &folder.file("ram"), 0, PAGE)]).check(Level::Host, &mut report);

    assert!(report.take().is_empty());
    assert!(folder.names().is_empty());
}

#[test]
fn whatever_host_call_fails_a_batch_leaves_nothing() {
    let folder = Folder::new();
    let kept = folder.file("kept");
    fs::write(&kept, vec![7; usize::try_from(2 * PAGE).unwrap()]).unwrap();
    let run = |faults: Faults| {
        let model = model();
        let host = Host::with(faults);
        model.services().put(MemoryHost(host.clone()));
        let mut discarding = window(&model, "k", &kept, 0, PAGE);
        discarding.set("discard-data", true).unwrap();
        let ram = draft(&model, "memory-backend-ram", "r", &[("size", &PAGE), ("prealloc", &true)]);
        let drafts = vec![
            discarding,
            window(&model, "a", &folder.file("new"), PAGE, PAGE),
            ram,
            window(&model, "b", &folder.file("new"), 0, PAGE),
        ];
        let created = create(&model, drafts);
        let left = (model.len(), folder.names(), fs::read(&kept).unwrap());
        (created.is_ok(), left, host.calls())
    };

    let calls = run(Faults::none()).2;
    fs::remove_file(folder.file("new")).unwrap();
    fs::write(&kept, vec![7; usize::try_from(2 * PAGE).unwrap()]).unwrap();
    let whole = vec![7; usize::try_from(2 * PAGE).unwrap()];
    let mut refused = 0;
    for nth in 1..=calls {
        let (created, (objects, names, bytes), _) = run(Faults::none().nth(nth, Errno::EIO));
        if created {
            // Some calls only ask for what would be nice to know, and some are made by the cleaning up itself.
            let _ = fs::remove_file(folder.file("new"));
            fs::write(&kept, &whole).unwrap();
            continue;
        }
        refused += 1;
        assert_eq!((objects, names, bytes == whole), (2, vec!["kept".to_owned()], true), "call {nth}");
    }
    assert!(calls > 20 && refused > 10, "{refused} of {calls}");
}

#[test]
fn discard_data_empties_its_own_window_only() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("ram");
    fs::write(&path, vec![7; usize::try_from(3 * PAGE).unwrap()]).unwrap();
    let mut middle = window(&model, "m", &path, PAGE, PAGE);
    middle.set("discard-data", true).unwrap();
    let object = model.create(middle).unwrap();

    model.delete(&object).unwrap();
    drop(object);

    let bytes = fs::read(&path).unwrap();
    let page = usize::try_from(PAGE).unwrap();
    assert!(bytes[..page].iter().all(|byte| *byte == 7));
    assert!(bytes[page..2 * page].iter().all(|byte| *byte == 0));
    assert!(bytes[2 * page..].iter().all(|byte| *byte == 7));
}

#[test]
fn rom_reads_what_auto_came_to_and_the_bag_keeps_auto() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("rom");
    fs::write(&path, vec![7; usize::try_from(PAGE).unwrap()]).unwrap();
    let mut rom = window(&model, "m", &path, 0, PAGE);
    rom.set("readonly", true).unwrap();

    let object = model.create(rom).unwrap();

    assert_eq!(object.get::<String>("rom").unwrap(), "on");
    assert_eq!(*object.cast::<FileBackend>().unwrap().rom(), qomet::OnOffAuto::Auto);
    assert!(object.interface::<dyn HostMemory>().unwrap().region().is_readonly());
}

#[test]
fn a_backend_is_known_by_its_base_type() {
    let model = model();
    let object = model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)])).unwrap();

    assert_eq!(object.cast::<MemoryBackend>().unwrap().size().bytes(), PAGE);
    assert!(object.class().is_a("memory-backend"));
    assert_eq!(object.get::<u64>("prealloc-threads").unwrap(), 1);
}

#[test]
fn live_properties_take_effect_and_count() {
    let model = model();
    let object = model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)])).unwrap();

    object.set("dump", false).unwrap();
    object.set("prealloc", true).unwrap();

    assert!(!object.get::<bool>("dump").unwrap());
    assert!(object.get::<bool>("prealloc").unwrap());
    assert_eq!(object.revision(), 2);
}

#[test]
fn overlapping_windows_are_a_warning_that_names_both() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("ram");
    let mut report = Diagnostics::new();
    let drafts = vec![window(&model, "a", &path, 0, 2 * PAGE), window(&model, "b", &path, PAGE, 2 * PAGE)];

    let created = model.batch(drafts).create(&mut report);

    let warnings = report.take();
    assert!(created.is_ok());
    assert!(warnings.iter().any(|one| one.code() == "file-ranges-overlap"
        && one.to_string().contains("'a'")
        && one.to_string().contains("'b'")));
}

#[test]
fn backends_that_need_more_in_sum_than_the_host_has_are_told_of_once() {
    let model = model();
    model.services().put(MemoryHost(Host::with(Faults::none().memory(4 << 30))));
    let present = |id: &str, type_name: &str| {
        let size = 3_u64 << 30;
        draft(&model, type_name, id, &[("size", &size), ("prealloc", &true)])
    };
    let found = |drafts: Vec<Box<dyn AnyDraft>>| {
        let mut report = Diagnostics::new();
        model.batch(drafts).check(Level::Host, &mut report);
        report.take()
    };
    let drafts = [("a", "memory-backend-ram"), ("b", "memory-backend-memfd"), ("c", "memory-backend-memfd")];

    let alone = drafts.map(|(id, type_name)| found(vec![present(id, type_name)]).len());
    let together = found(drafts.map(|(id, type_name)| present(id, type_name)).into());

    assert_eq!(alone, [0, 0, 0]);
    assert_eq!(codes(&together), ["memory-may-run-out"]);
    assert!(!together[0].is_error());
    assert!(together[0].to_string().starts_with("object 'b': 9 GiB are needed"), "{}", together[0]);
}

#[test]
fn what_takes_the_place_of_a_backend_needs_no_memory_that_this_one_does_not_give_back() {
    const SIZE: u64 = 80 << 20;
    let model = model();
    model.create(draft(&model, "memory-backend-ram", "a", &[("size", &SIZE)])).unwrap();
    model.services().put(MemoryHost(Host::with(Faults::none().memory(1 << 20))));
    let found = |id: &str| {
        let mut report = Diagnostics::new();
        let drafts = vec![draft(&model, "memory-backend-ram", id, &[("size", &SIZE), ("share", &true)])];
        let options = PlanOptions { allow_loss: true, ..PlanOptions::default() };
        model.plan(model.batch(drafts), options, &mut report).check_host(&mut report);
        report.take()
    };

    assert_eq!(codes(&found("b")), ["memory-may-run-out"]);
    assert_eq!(codes(&found("a")), [""; 0]);
}

#[test]
fn deleting_the_object_lets_its_window_go() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("ram");
    let object = model.create(window(&model, "a", &path, 0, PAGE)).unwrap();

    model.delete(&object).unwrap();
    drop(object);

    let again = model.create(window(&model, "a", &path, 0, PAGE));
    assert!(again.is_ok(), "the file of a realized object stays: {again:?}");
    assert_eq!(folder.names(), ["ram"]);
}

/// A window that is populated, and somebody who watches and cancels it once some of it is done.
fn populate_and_cancel(folder: &Folder, before: &str) -> (Model, Vec<Diagnostic>, u64) {
    const SIZE: u64 = 256 << 20;
    let model = model();
    let path = folder.file("ram");
    if before == "empty" {
        fs::write(&path, b"").unwrap();
    }
    let mut big = window(&model, "big", &path, 0, SIZE);
    big.set("prealloc", true.to_native()).unwrap();
    let batch = model.batch(vec![big]);
    let progress = batch.progress();
    let watcher = std::thread::spawn(move || {
        while progress.done() == 0 {
            std::thread::yield_now();
        }
        let total = progress.total();
        progress.cancel();
        total
    });
    let mut report = Diagnostics::new();
    let created = batch.create(&mut report);
    assert!(created.is_err());
    (model, report.take(), watcher.join().unwrap())
}

#[test]
fn c14_cancelling_removes_the_file_that_was_made() {
    let folder = Folder::new();
    let (model, found, total) = populate_and_cancel(&folder, "missing");
    assert_eq!(found.iter().map(Diagnostic::code).collect::<Vec<_>>(), ["cancelled"]);
    assert_eq!((model.is_empty(), total, folder.names()), (true, 256 << 20, vec![]));
}

#[test]
fn c14_cancelling_puts_the_length_of_the_file_back() {
    let folder = Folder::new();
    let (model, _, _) = populate_and_cancel(&folder, "empty");
    assert_eq!((model.is_empty(), fs::metadata(folder.file("ram")).unwrap().len()), (true, 0));
}

#[test]
fn a_batch_knows_its_whole_before_its_first_object_is_populated() {
    let model = model();
    let ram = |id, prealloc: bool| {
        draft(&model, "memory-backend-ram", id, &[("size", &(8u64 << 20)), ("prealloc", &prealloc)])
    };
    let mut batch = model.batch(vec![ram("a", true), ram("b", false), ram("c", true)]);
    batch.check(Level::Host, &mut Diagnostics::new());
    let progress = batch.progress();
    assert_eq!((progress.done(), progress.total(), progress.rate()), (0, 16 << 20, None));
    batch.create(&mut Diagnostics::new()).unwrap();
    assert_eq!((progress.done(), progress.total()), (16 << 20, 16 << 20));
    assert!(progress.rate() > Some(0));
}

#[test]
fn populating_a_live_object_is_watched_and_cancelled() {
    let model = model();
    let ram = model.create(draft(&model, "memory-backend-ram", "ram", &[("size", &(64u64 << 20))])).unwrap();
    let set = |progress: &qomet::Progress| {
        let mut report = Diagnostics::new();
        let value = true.to_native();
        let mut input = qomet::NativeInput::new(&value, &mut report);
        let done = model.set_watched(&ram, "prealloc", &mut input, None, progress).unwrap().is_ok();
        (done, report.take().iter().map(Diagnostic::code).collect::<Vec<_>>())
    };
    let cancelled = qomet::Progress::new();
    cancelled.cancel();
    assert_eq!(set(&cancelled), (false, vec!["cancelled"]));
    assert_eq!((cancelled.done(), cancelled.total()), (2 << 20, 64 << 20));
    assert!(!ram.get::<bool>("prealloc").unwrap());
    let progress = qomet::Progress::new();
    assert_eq!(set(&progress), (true, vec![]));
    assert_eq!((progress.done(), progress.total()), (64 << 20, 64 << 20));
}

#[test]
fn d01_memfd_and_shm_are_shared_unless_said_otherwise_and_the_others_are_not() {
    let model = model();
    let shared = |type_name: &str| {
        let object = model.create(draft(&model, type_name, type_name, &[("size", &PAGE)])).unwrap();
        let told = object.get::<bool>("share").unwrap();
        assert_eq!(told, object.interface::<dyn HostMemory>().unwrap().region().is_shared());
        told
    };
    assert_eq!(
        ["ram", "memfd", "shm"].map(|kind| shared(&format!("memory-backend-{kind}"))),
        [false, true, true]
    );
}

#[test]
fn d01_ram_with_share_has_a_file_to_be_handed_on() {
    let model = model();
    let object =
        model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE), ("share", &true)])).unwrap();
    let region = object.interface::<dyn HostMemory>().unwrap().region();
    region.write(0, b"handed on").unwrap();

    let mut file = fs::File::from(region.file().unwrap().try_clone().unwrap());

    let mut bytes = [0; 9];
    std::io::Read::read_exact(&mut file, &mut bytes).unwrap();
    assert_eq!(&bytes, b"handed on");
}

#[test]
fn d02_a_private_memfd_warns_and_private_shm_is_refused() {
    let model = model();
    let mut report = Diagnostics::new();
    let memfd = draft(&model, "memory-backend-memfd", "m", &[("size", &PAGE), ("share", &false)]);
    assert!(model.batch(vec![memfd]).create(&mut report).is_ok());
    assert_eq!(codes(&report.take()), ["memfd-not-shared"]);
    let shm = draft(&model, "memory-backend-shm", "s", &[("size", &PAGE), ("share", &false)]);
    assert_eq!(codes(&create(&model, vec![shm]).unwrap_err()), ["shm-needs-share"]);
}

#[test]
fn d03_seal_is_on_by_default_and_can_be_off() {
    let model = model();
    let cut = |id: &str, seal: bool| {
        let drafted = draft(&model, "memory-backend-memfd", id, &[("size", &PAGE), ("seal", &seal)]);
        let object = model.create(drafted).unwrap();
        let file = object.interface::<dyn HostMemory>().unwrap().region().file().unwrap().try_clone();
        fs::File::from(file.unwrap()).set_len(0)
    };
    assert_eq!(cut("a", true).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    assert!(cut("b", false).is_ok());
    let default = model.create(draft(&model, "memory-backend-memfd", "c", &[("size", &PAGE)])).unwrap();
    assert!(default.get::<bool>("seal").unwrap());
}

#[test]
fn d04_what_was_done_when_the_memory_was_made_cannot_be_changed_any_more() {
    let model = model();
    let object = model.create(draft(&model, "memory-backend-memfd", "m", &[("size", &PAGE)])).unwrap();
    for property in ["hugetlb", "hugetlbsize", "seal", "policy", "host-nodes"] {
        let refusal = object.set(property, qomet::Native::Null).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            format!("cannot change property '{property}' of memory-backend-memfd")
        );
    }
}

#[test]
fn d05_a_list_that_is_set_twice_is_the_second_one() {
    let model = model();
    let mut memory = draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)]);
    memory.set("host-nodes", vec![0_u16, 1].to_native()).unwrap();
    memory.set("host-nodes", Vec::<u16>::new().to_native()).unwrap();

    let object = model.create(memory).unwrap();

    assert_eq!(*object.cast::<MemoryBackend>().unwrap().host_nodes(), Vec::<u16>::new());
}

#[test]
fn c01_c03_what_huge_pages_lack_is_about_their_properties() {
    let model = model();
    let memory = |properties: &[(&str, &dyn ToNativeDyn)]| {
        let mut all: Vec<(&str, &dyn ToNativeDyn)> = vec![("size", &PAGE)];
        all.extend_from_slice(properties);
        let found = create(&model, vec![draft(&model, "memory-backend-memfd", "m", &all)]).unwrap_err();
        found
            .iter()
            .map(|one| (one.code(), one.about().property.as_deref().map(str::to_owned)))
            .collect::<Vec<_>>()
    };
    let about = |code, property: &str| vec![(code, Some(property.to_owned()))];
    let size = PAGE * 3;
    assert_eq!(memory(&[("hugetlbsize", &size)]), about("hugetlbsize-without-hugetlb", "hugetlbsize"));
    let odd = memory(&[("hugetlb", &true), ("hugetlbsize", &size)]);
    assert_eq!(odd, about("no-such-huge-page-size", "hugetlbsize"));
}

#[test]
fn d15_query_memdev_shows_what_is_wrong_and_who_uses_it() {
    let (model, folder) = (model(), Folder::new());
    let path = folder.file("ram");
    let object = model.create(window(&model, "m", &path, PAGE, PAGE)).unwrap();
    let lease = model.lease(&object, "a guest").unwrap();
    let before = query_memdev(&model).remove(0);
    assert_eq!((before.x_type.as_str(), before.x_offset), ("memory-backend-file", Some(Size(PAGE))));
    assert_eq!((before.x_path.as_deref(), before.x_page_size), (path.to_str(), Size(PAGE)));
    assert_eq!((before.x_fault, before.x_users), (None, vec!["a guest".to_owned()]));

    fs::File::options().write(true).open(&path).unwrap().set_len(PAGE).unwrap();
    drop(lease);

    let table = MemoryTable { ids: vec!["m".to_owned()] };
    let refused = memory_table(&model, &table, "a guest").map(drop).unwrap_err();
    assert_eq!((refused.code(), refused.about().object.as_deref()), ("file-truncated", Some("m")));
    let after = query_memdev(&model).remove(0);
    let text = format!(
        "'{}' is 4096 bytes (4 KiB) long now, and the memory is its bytes 4096 to 8192",
        path.display()
    );
    assert_eq!((after.x_fault, after.x_users), (Some(text), vec![]));
}

#[test]
fn query_memdev_shows_how_much_of_each_backend_is_present() {
    let (model, folder) = (model(), Folder::new());
    let one = model.create(window(&model, "a", &folder.file("ram"), 0, 4 * PAGE)).unwrap();
    model.create(draft(&model, "memory-backend-memfd", "b", &[("size", &PAGE)])).unwrap();
    one.interface::<dyn HostMemory>().unwrap().region().write(PAGE, b"x").unwrap();

    let told = query_memdev(&model);

    let present: Vec<_> = told.iter().map(|memdev| memdev.x_residency.as_ref().unwrap().rss).collect();
    assert_eq!(present, [Size(PAGE), Size(0)]);
    let nodes = &told[0].x_residency.as_ref().unwrap().nodes;
    assert_eq!(nodes.iter().map(|node| node.size.0).sum::<u64>(), PAGE);
}

#[test]
fn a_host_that_does_not_tell_what_is_present_leaves_it_out() {
    let model = model();
    let host = Host::with(Faults::none().call(Call::Present, Errno::EACCES));
    model.services().put(MemoryHost(host));
    model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)])).unwrap();
    assert_eq!(query_memdev(&model)[0].x_residency, None);
}

#[test]
fn d10_memory_that_is_leased_is_not_deleted_and_names_its_user() {
    let model = model();
    let object = model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)])).unwrap();
    let lease = model.lease(&object, "a guest").unwrap();
    let refusal = model.delete(&object).unwrap_err();
    assert_eq!((refusal.code(), refusal.to_string().contains("a guest")), ("in-use", true));
    drop(lease);
    model.delete(&object).unwrap();
}

#[test]
fn d10_everybody_who_uses_memory_is_named_and_the_last_frees_it() {
    let model = model();
    let object = model.create(draft(&model, "memory-backend-ram", "m", &[("size", &PAGE)])).unwrap();
    let device = super::lease_memory(&model, "m", "a device").unwrap();
    let guest = super::lease_memory(&model, "m", "a guest").unwrap();

    let both = model.delete(&object).unwrap_err().to_string();
    drop(guest);
    let one = model.delete(&object).unwrap_err().to_string();
    device.1.write(0, b"x").unwrap();

    assert!(both.contains("a device") && both.contains("a guest"), "{both}");
    assert!(one.contains("a device") && !one.contains("a guest"), "{one}");
    drop(device);
    model.delete(&object).unwrap();
}

/// A model that was passed a file of two pages as set 3, and the file.
fn passed(access: qomet::Access) -> (Model, fs::File, Folder) {
    let (model, folder) = (model(), Folder::new());
    fs::write(folder.file("ram"), vec![0; 8192]).unwrap();
    let file = fs::OpenOptions::new()
        .read(true)
        .write(access == qomet::Access::Both)
        .open(folder.file("ram"))
        .unwrap();
    let descriptors = model.services().get::<qomet::Descriptors>();
    descriptors.add(Some(3), file.try_clone().unwrap().into(), access, None, true);
    (model, file, folder)
}

fn places(created: Result<Vec<ObjectRef>, Vec<Diagnostic>>) -> Vec<(&'static str, Option<String>)> {
    let found = created.err().unwrap_or_default();
    found.iter().map(|one| (one.code(), one.about().property.as_deref().map(str::to_owned))).collect()
}

#[test]
fn a25_a_backend_of_a_passed_file_keeps_its_set_in_use() {
    let (model, _file, folder) = passed(qomet::Access::Both);
    let path = Path::new("/dev/fdset/3");
    let made = create(&model, vec![window(&model, "ram", path, PAGE, PAGE)]).unwrap();
    let memory = made[0].interface::<dyn HostMemory>().unwrap();
    memory.region().write(0, b"hello").unwrap();
    assert_eq!(&fs::read(folder.file("ram")).unwrap()[4096..4101], b"hello");
    assert_eq!(made[0].get::<String>("mem-path").unwrap(), "/dev/fdset/3");
    let descriptors = model.services().get::<qomet::Descriptors>();
    descriptors.last_client_left();
    assert_eq!(descriptors.sets().len(), 1);
    model.delete(&made[0]).unwrap();
    drop(made);
    descriptors.last_client_left();
    assert_eq!(descriptors.sets().len(), 0);
}

#[test]
fn a25_what_is_no_set_or_allows_too_little_is_refused_at_mem_path() {
    let (model, _file, _folder) = passed(qomet::Access::Read);
    let refused = |path: &str| places(create(&model, vec![window(&model, "ram", Path::new(path), 0, PAGE)]));
    let about = |code| vec![(code, Some("mem-path".to_owned()))];
    assert_eq!(refused("/dev/fdset/3"), about("fdset-access"));
    assert_eq!(refused("/dev/fdset/4"), about("no-such-fdset"));
    assert_eq!(refused("/dev/fdset/x"), about("fdset-path"));
    assert_eq!(refused("/dev/fdset/"), about("fdset-path"));
    assert!(model.is_empty());
}
