//! Section C: which NUMA nodes memory is on.

use std::os::unix::fs::MetadataExt;

use super::*;

/// A folder that says which nodes are online, to be used as sysfs.
fn sysfs(online: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("devices/system/node");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("online"), format!("{online}\n")).unwrap();
    root
}

fn bound(policy: Policy, nodes: &[u16]) -> AnonymousRequest {
    let mut request = AnonymousRequest::new(pages(2));
    (request.memory.policy, request.memory.host_nodes) = (policy, nodes.to_vec());
    request
}

/// The verdict on a machine with these nodes.
fn verdict(online: &str, policy: Policy, nodes: &[u16]) -> Verdict {
    let root = sysfs(online);
    let host = Host::with(Faults::none().sysfs(root.path()));
    check_anonymous(&host, &bound(policy, nodes))
}

fn faults(online: &str, policy: Policy, nodes: &[u16]) -> Vec<MemoryError> {
    verdict(online, policy, nodes).faults
}

/// Whether this machine binds at all: its kernel may lack NUMA, a sandbox may forbid node 0 or the call. Another
/// failure counts as binding, so that it fails a test.
pub(super) fn binds() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Mems_allowed_list:"));
    let nodes = allowed.and_then(|nodes| crate::numa::parse_nodes(nodes.trim())).unwrap_or_default();
    let refusal = create_anonymous(&Host::real(), &bound(Policy::Bind, &[0])).err();
    let lacking = match refusal {
        Some(MemoryError::NotBound { errno, .. }) => matches!(errno, Errno::EPERM | Errno::ENOSYS),
        Some(MemoryError::Host { call, .. }) => call == Call::Nodes,
        _ => false,
    };
    nodes.contains(&0) && !lacking
}

/// As [`binds`], and says so if not.
pub(super) fn can_bind() -> bool {
    let can = binds();
    if !can {
        skip("cannot bind memory to NUMA node 0");
    }
    can
}

/// What the kernel says about the memory: `bind:0` and the like.
fn kernel_policy(region: &Region) -> String {
    let start = format!("{:08x} ", region.address());
    let maps = std::fs::read_to_string("/proc/self/numa_maps").unwrap();
    let line = maps.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    line.replace("prefer (many)", "prefer-many").split(' ').next().unwrap().to_owned()
}

/// What the kernel says about memory of a host with these faults, and the warnings of opening it.
fn opened(faults: Faults, policy: Policy, nodes: &[u16]) -> (String, Vec<MemoryWarning>) {
    let opened = create_anonymous(&Host::with(faults), &bound(policy, nodes)).unwrap();
    (kernel_policy(&opened.region), opened.warnings)
}

#[test]
fn memory_is_not_bound_unless_asked() {
    // Neither the list of nodes nor `mbind` is needed.
    let faults = Faults::none().call(Call::Nodes, Errno::EIO).call(Call::Bind, Errno::EIO);
    assert!(create_anonymous(&Host::with(faults), &AnonymousRequest::new(pages(1))).is_ok());
}

#[test]
fn c04_host_nodes_without_policy_are_refused() {
    let faults = faults("0-1", Policy::Default, &[1, 0]);
    assert_eq!(faults, [MemoryError::NodesWithoutPolicy { nodes: vec![0, 1] }]);
    assert_eq!(faults[0].property(), Some("host-nodes"));
}

#[test]
fn c04_a_policy_without_host_nodes_is_refused() {
    let faults = faults("0-1", Policy::Interleave, &[]);
    assert!(
        matches!(&*faults, [MemoryError::PolicyWithoutNodes { policy: Policy::Interleave, .. }]),
        "{faults:?}"
    );
    assert_eq!(faults[0].property(), Some("policy"));
}

#[test]
fn c05_nodes_of_which_none_exists_are_refused_with_those_that_do() {
    let faults = faults("0,2-3", Policy::Bind, &[4, 1]);
    assert_eq!(faults, [MemoryError::NoSuchNodes { nodes: vec![1, 4], online: vec![0, 2, 3] }]);
    assert_eq!(faults[0].to_string(), "none of host-nodes=1,4 exists: the host has 0,2-3");
}

#[test]
fn c05_a_node_of_128_or_more_is_refused() {
    let faults = faults("0", Policy::Bind, &[0, 128]);
    assert_eq!(faults, [MemoryError::NodesTooLarge { nodes: vec![128], online: vec![0] }]);
}

#[test]
fn c05_node_127_is_not_too_large() {
    assert_eq!(verdict("0-127", Policy::Bind, &[127]), Verdict::default());
}

#[test]
fn c05_nodes_of_which_some_do_not_exist_are_accepted_with_a_warning() {
    let verdict = verdict("0-1", Policy::Bind, &[7, 1, 5, 6]);
    assert_eq!(verdict.faults, []);
    let expected = MemoryWarning::NodesMissing { missing: vec![5, 6, 7], online: vec![0, 1] };
    assert_eq!(verdict.warnings, [expected]);
}

#[test]
fn c05_a_host_that_does_not_list_its_nodes_is_an_error() {
    let host = Host::with(Faults::none().sysfs("/nowhere"));
    let faults = check_anonymous(&host, &bound(Policy::Bind, &[0])).faults;
    let subject = "'/nowhere/devices/system/node/online'".to_owned();
    assert_eq!(faults, [MemoryError::Host { call: Call::Nodes, subject, errno: Errno::ENOENT }]);
}

#[test]
fn c05_a_list_of_nodes_that_is_none_is_an_error() {
    assert_eq!(faults("none", Policy::Bind, &[0])[0].found().unwrap(), "EINVAL: Invalid argument");
}

#[test]
fn c04_c05_faults_of_a_file_are_reported_together_with_its_others() {
    let root = sysfs("0");
    let bench = Bench::with(Host::with(Faults::none().sysfs(root.path())));
    let mut request = shared(&bench.path("ram"), 1, 0);
    request.memory.host_nodes = vec![200];
    let codes = ["size-zero", "host-nodes-without-policy", "host-nodes-too-large", "not-a-page-multiple"];
    assert_eq!(bench.faults(&request), codes);
}

#[test]
fn c04_faults_are_reported_where_the_path_leads_nowhere() {
    let bench = Bench::new();
    let mut request = shared(&bench.path("gone/ram"), 0, pages(1));
    request.memory.policy = Policy::Bind;
    assert_eq!(bench.faults(&request), ["policy-without-host-nodes", "folder-not-found"]);
}

#[test]
fn c06_one_preferred_node_is_preferred() {
    if can_bind() {
        assert_eq!(opened(Faults::none(), Policy::Preferred, &[0]), ("prefer:0".to_owned(), vec![]));
    }
}

#[test]
fn c06_several_preferred_nodes_are_all_preferred() {
    let root = sysfs("0-1");
    let faults = Faults::none().sysfs(root.path());
    if can_bind() {
        // The kernel leaves out what the machine does not have.
        assert_eq!(opened(faults, Policy::Preferred, &[1, 0]), ("prefer-many:0".to_owned(), vec![]));
    }
}

#[test]
fn c06_an_older_kernel_prefers_the_first_of_several_nodes_with_a_warning() {
    let root = sysfs("0-1");
    let faults = Faults::none().sysfs(root.path()).call(Call::BindMany, Errno::EINVAL);
    let warning = MemoryWarning::OneNodePreferred { node: 0, nodes: vec![0, 1] };
    if can_bind() {
        assert_eq!(opened(faults, Policy::Preferred, &[1, 0]), ("prefer:0".to_owned(), vec![warning]));
    }
}

#[test]
fn c06_another_refusal_of_several_nodes_is_an_error() {
    let root = sysfs("0-1");
    let host = Host::with(Faults::none().sysfs(root.path()).call(Call::BindMany, Errno::ENOMEM));
    let error = create_anonymous(&host, &bound(Policy::Preferred, &[0, 1])).unwrap_err();
    assert_eq!(error.code(), "not-bound");
}

#[test]
fn c07_a_forbidden_mbind_names_seccomp_and_the_capability() {
    let root = sysfs("0");
    let host = Host::with(Faults::none().sysfs(root.path()).call(Call::Bind, Errno::EPERM));
    let error = create_anonymous(&host, &bound(Policy::Bind, &[0])).unwrap_err();
    assert_eq!((error.code(), error.is_host()), ("binding-forbidden", true));
    let text = error.to_string();
    assert!(text.contains("container's seccomp profile") && text.contains("CAP_SYS_NICE"), "{text}");
}

#[test]
fn c08_the_last_node_counts() {
    // With one less as `maxnode` the kernel would see no node, which it refuses.
    if can_bind() {
        assert_eq!(opened(Faults::none(), Policy::Bind, &[0]).0, "bind:0");
        assert_eq!(opened(Faults::none(), Policy::Interleave, &[0]).0, "interleave:0");
    }
}

#[test]
fn c08_a_node_that_does_not_exist_is_not_told_to_the_kernel() {
    // The kernel refuses nodes beyond those that it was built for.
    if can_bind() {
        assert_eq!(opened(Faults::none(), Policy::Bind, &[127, 0]).0, "bind:0");
    }
}

#[test]
fn c08_a_file_is_bound_when_it_is_open() {
    let mut bench = Bench::new();
    let mut request = FileRequest::new(bench.path("ram"), pages(2));
    (request.memory.policy, request.memory.host_nodes) = (Policy::Bind, vec![0]);
    if can_bind() {
        assert_eq!(kernel_policy(&bench.region(&request)), "bind:0");
    }
}

#[test]
fn c08_advice_comes_before_binding() {
    let root = sysfs("0");
    let refused = Faults::none().call(Call::Advise, Errno::EIO).call(Call::Bind, Errno::EIO);
    let mut request = bound(Policy::Bind, &[0]);
    request.memory.dump = false;
    let error = create_anonymous(&Host::with(refused.sysfs(root.path())), &request).unwrap_err();
    assert!(matches!(error, MemoryError::Host { call: Call::Advise, .. }), "{error:?}");
}

#[test]
fn c08_blocks_are_allocated_after_binding() {
    let root = sysfs("0");
    let faults = Faults::none().sysfs(root.path()).call(Call::Bind, Errno::EIO);
    let mut bench = Bench::with(Host::with(faults));
    let mut request = shared(&bench.path("ram"), 0, pages(4));
    request.memory.prealloc = true;
    (request.memory.policy, request.memory.host_nodes) = (Policy::Bind, vec![0]);
    assert_eq!(bench.open("ram0", &request).unwrap_err().code(), "not-bound");
    let file = std::fs::metadata(bench.path("ram")).unwrap();
    assert_eq!((file.len(), file.blocks()), (pages(4), 0));
}

#[test]
fn c08_a_node_that_went_away_after_the_check_is_an_error() {
    let root = sysfs("0");
    let mut bench = Bench::with(Host::with(Faults::none().sysfs(root.path())));
    let mut request = shared(&bench.path("ram"), 0, pages(1));
    (request.memory.policy, request.memory.host_nodes) = (Policy::Bind, vec![0]);
    let plan = bench.ledger.plan(&bench.host, [("ram0".to_owned(), request)]);
    std::fs::write(root.path().join("devices/system/node/online"), "1\n").unwrap();
    let error = plan.open("ram0", &mut |undo| bench.journal.push(undo)).unwrap_err();
    assert_eq!(error, MemoryError::NoSuchNodes { nodes: vec![0], online: vec![1] });
}

fn interleaved(path: &Path) -> FileRequest {
    let mut request = shared(path, 0, pages(1));
    (request.memory.policy, request.memory.host_nodes) = (Policy::Interleave, vec![0]);
    request
}

#[test]
fn c12_a_policy_has_no_effect_on_a_shared_file_of_the_page_cache() {
    let root = sysfs("0");
    let bench = Bench::with(Host::with(Faults::none().sysfs(root.path())));
    let found = nix::sys::statfs::statfs(bench.folder.path()).unwrap();
    if found.filesystem_type() == nix::sys::statfs::TMPFS_MAGIC {
        return skip("the folder for temporary files is on tmpfs");
    }
    let warnings = bench.verdict(&interleaved(&bench.path("ram"))).warnings;
    let why = "on a shared file that is neither on tmpfs nor on hugetlbfs";
    assert_eq!(warnings, [MemoryWarning::NoEffect { setting: "policy=interleave", why }]);
}

#[test]
fn c12_a_policy_has_an_effect_on_private_memory_and_on_tmpfs() {
    let Some(mount) = Mount::new("tmpfs", "size=1M") else { return skip("cannot mount tmpfs") };
    let root = sysfs("0");
    let bench = Bench::with(Host::with(Faults::none().sysfs(root.path())));
    let mut private = interleaved(&bench.path("ram"));
    private.memory.share = false;
    assert_eq!(bench.warnings(&private), [""; 0]);
    assert_eq!(bench.warnings(&interleaved(&mount.path("ram"))), [""; 0]);
}
