//! The sum of what a batch needs, against what there is.

use super::*;

const GIB: u64 = 1 << 30;
const HUGE: u64 = 2 << 20;

fn ram(size: u64) -> AnonymousRequest {
    AnonymousRequest::new(size)
}

fn present(size: u64) -> AnonymousRequest {
    let mut request = ram(size);
    request.memory.prealloc = true;
    request
}

fn huge(pages: u64) -> AnonymousRequest {
    AnonymousRequest::shared(
        AnonymousKind::Memfd { huge: true, huge_size: Some(HUGE), seal: true },
        pages * HUGE,
    )
}

/// Judges requests that are called "0", "1" and so on.
fn sum(host: &Host, requests: &[AnonymousRequest]) -> Vec<(String, MemoryWarning)> {
    let names: Vec<String> = (0..requests.len()).map(|number| number.to_string()).collect();
    let named = names.iter().map(String::as_str).zip(requests);
    check_sum(host, named).into_iter().map(|(owner, one)| (owner.to_owned(), one)).collect()
}

fn lack(owner: &str, backends: usize, needed: u64, room: u64, supply: Supply) -> (String, MemoryWarning) {
    (owner.to_owned(), MemoryWarning::MemoryMayRunOut { backends, needed, room, supply })
}

/// A machine of 8 GiB, half of it available, and 1 GiB of swap.
fn machine() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let lines = [
        ("MemTotal", 8 * GIB),
        ("MemAvailable", 4 * GIB),
        ("SwapTotal", GIB),
        ("SwapFree", GIB),
        ("Hugetlb", 0),
    ];
    let text: String = lines.iter().map(|(name, bytes)| format!("{name}: {} kB\n", bytes / 1024)).collect();
    std::fs::write(root.path().join("meminfo"), text).unwrap();
    root
}

/// Puts the process into groups of version 2, the outer one first; each with its files.
fn groups(root: &TempDir, files: [&[(&str, &str)]; 2]) -> PathBuf {
    let mount = root.path().join("groups");
    let inner = mount.join("outer/inner");
    std::fs::create_dir_all(&inner).unwrap();
    for (folder, files) in [mount.join("outer"), inner.clone()].iter().zip(files) {
        files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }
    std::fs::create_dir(root.path().join("self")).unwrap();
    std::fs::write(root.path().join("self/cgroup"), "0::/outer/inner\n").unwrap();
    std::fs::write(root.path().join("self/mounts"), format!("cgroup2 {} cgroup2 rw 0 0\n", mount.display()))
        .unwrap();
    inner
}

fn on(root: &TempDir) -> Host {
    Host::with(Faults::none().procfs(root.path()))
}

#[test]
fn what_is_present_at_once_is_held_against_what_is_left() {
    let root = machine();
    assert_eq!(sum(&on(&root), &[present(3 * GIB), present(2 * GIB)]), []);
    let found = sum(&on(&root), &[present(3 * GIB), ram(GIB), present(3 * GIB), present(GIB)]);
    let left = Supply::Left(Source::Host);
    assert_eq!(found, [lack("2", 3, 7 * GIB, 5 * GIB, left)]);
}

#[test]
fn what_comes_in_time_is_held_against_all_that_there_is() {
    let root = machine();
    assert_eq!(sum(&on(&root), &[ram(5 * GIB), ram(4 * GIB)]), []);
    let found = sum(&on(&root), &[ram(5 * GIB), ram(5 * GIB)]);
    assert_eq!(found, [lack("1", 2, 10 * GIB, 9 * GIB, Supply::Whole(Source::Host))]);
}

#[test]
fn what_is_meant_to_be_more_than_there_is_does_not_count() {
    let mut request = ram(64 * GIB);
    request.memory.reserve = Some(false);
    assert_eq!(sum(&on(&machine()), &[request, ram(GIB)]), []);
}

#[test]
fn sizes_whose_sum_no_number_holds_are_more_than_there_is() {
    let found = sum(&on(&machine()), &[ram(MAX_END), ram(MAX_END), ram(MAX_END)]);
    assert_eq!(found, [lack("0", 3, u64::MAX, 9 * GIB, Supply::Whole(Source::Host))]);
}

#[test]
fn the_scarcest_control_group_is_named_and_what_it_caches_can_be_had() {
    let root = machine();
    let (limit, used) = ((2 * GIB).to_string(), GIB.to_string());
    let cached = format!("anon 1\ninactive_file {}\nactive_file {}\n", GIB / 4, GIB / 4);
    let outer: &[(&str, &str)] = &[("memory.max", "max"), ("memory.current", &used)];
    let inner: &[(&str, &str)] = &[
        ("memory.max", &limit),
        ("memory.current", &used),
        ("memory.stat", &cached),
        ("memory.swap.max", "0"),
    ];
    let folder = groups(&root, [outer, inner]);
    let room = GIB + GIB / 2;
    assert_eq!(sum(&on(&root), &[present(room)]), []);

    let found = sum(&on(&root), &[present(2 * GIB)]);
    let left = Supply::Left(Source::Group(folder.clone()));
    assert_eq!(found, [lack("0", 1, 2 * GIB, room, left)]);

    let found = sum(&on(&root), &[ram(3 * GIB)]);
    assert_eq!(found, [lack("0", 1, 3 * GIB, 2 * GIB, Supply::Whole(Source::Group(folder)))]);
}

#[test]
fn what_a_group_above_leaves_counts_too() {
    let root = machine();
    let (limit, used) = ((3 * GIB).to_string(), (2 * GIB).to_string());
    groups(
        &root,
        [
            &[("memory.max", &limit), ("memory.current", &used), ("memory.swap.max", "0")],
            &[("memory.max", &limit)],
        ],
    );
    let found = sum(&on(&root), &[present(2 * GIB)]);
    let left = Supply::Left(Source::Group(root.path().join("groups/outer")));
    assert_eq!(found, [lack("0", 1, 2 * GIB, GIB, left)]);
}

#[test]
fn huge_pages_that_each_can_be_had_and_all_cannot_are_told_of() {
    let root = machine();
    let pool = root.path().join("kernel/mm/hugepages/hugepages-2048kB");
    std::fs::create_dir_all(&pool).unwrap();
    std::fs::write(pool.join("free_hugepages"), "3").unwrap();
    for other in ["resv_hugepages", "nr_overcommit_hugepages", "surplus_hugepages"] {
        std::fs::write(pool.join(other), "0").unwrap();
    }
    let host = Host::with(Faults::none().sysfs(root.path()).procfs(root.path()));
    assert_eq!(sum(&host, &[huge(2), huge(1)]), []);
    let found = sum(&host, &[huge(2), huge(2)]);
    assert_eq!(found, [lack("1", 2, 4 * HUGE, 3 * HUGE, Supply::HugePages(HUGE))]);
    // One that is too large is refused by itself.
    assert_eq!(sum(&host, &[huge(4), huge(1)]), []);
    assert_eq!(check_anonymous(&host, &huge(4)).faults.len(), 1);
}

#[test]
fn shared_memory_that_fits_one_by_one_and_not_together_is_told_of() {
    let host = Host::with(Faults::none().free_space(64 << 20).memory(GIB));
    let shared = |mib: u64| AnonymousRequest::shared(AnonymousKind::Shm, mib << 20);
    assert_eq!(sum(&host, &[shared(32), shared(32)]), []);
    let mut last = shared(32);
    last.memory.reserve = Some(false);
    let found = sum(&host, &[shared(48), last]);
    assert_eq!(found, [lack("1", 2, 80 << 20, 64 << 20, Supply::Shared)]);
    // One that is too large has a warning of its own.
    assert_eq!(sum(&host, &[shared(80), shared(16)]), []);
    assert_eq!(check_anonymous(&host, &shared(80)).warnings.len(), 1);
}

#[test]
fn what_cannot_be_read_is_not_judged() {
    let refused = Host::with(Faults::none().call(Call::Supply, Errno::EACCES));
    assert_eq!(sum(&refused, &[present(MAX_END)]), []);
    let unknown = Host::with(Faults::none().call(Call::FreeSpace, Errno::EACCES).memory(u64::MAX));
    let shared = AnonymousRequest::shared(AnonymousKind::Shm, MAX_END);
    assert_eq!(sum(&unknown, &[shared.clone(), shared]), []);
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(sum(&on(&nothing), &[present(MAX_END)]), []);
}

#[test]
fn little_memory_asks_the_kernel_nothing_of_its_supply() {
    let host = Host::with(Faults::none());
    assert_eq!(sum(&host, &[present(1 << 20)]), []);
    let little = host.calls();
    assert_eq!(sum(&host, &[present(1 << 20), ram(1 << 20)]), []);
    // Only the page size of each.
    assert_eq!((little, host.calls()), (1, 3));
}
