//! The control groups that this process is in, of either version (cgroups(7)).
//!
//! `huge` and `supply` ask what a group and those above it leave to the process; the files of a controller are their
//! business. The mounts say where the groups are: a container may have them elsewhere than at `/sys/fs/cgroup`.

use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::faults::Call;
use crate::host::Host;

/// How the files of a group are named and what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// The folders of the groups that may limit what a controller counts, from the process's own up to the root.
pub(crate) fn folders(host: &Host, call: Call, controller: &str) -> Result<Vec<(PathBuf, Version)>, Errno> {
    let Some(groups) = host.procfs_text(call, "self/cgroup")? else { return Ok(Vec::new()) };
    let mounts = host.procfs_text(call, "self/mounts")?.unwrap_or_default();
    let mut all = Vec::new();
    for (mount, version) in mounts.lines().filter_map(|line| hierarchy(line, controller)) {
        let own = groups.lines().find_map(|line| own_group(line, version, controller));
        let Some(own) = own else { continue };
        all.extend(up_to(mount, own).into_iter().map(|folder| (folder, version)));
    }
    Ok(all)
}

/// A number in a file of a group; `None` for "max", and where there is no such file: no limit.
pub(crate) fn number(host: &Host, call: Call, folder: &Path, name: &str) -> Result<Option<u64>, Errno> {
    Ok(host.text(call, &folder.join(name))?.and_then(|text| text.trim().parse().ok()))
}

/// A line of the mounts that shows a hierarchy with the controller.
fn hierarchy<'a>(line: &'a str, controller: &str) -> Option<(&'a Path, Version)> {
    let mut words = line.split(' ').skip(1);
    let (at, kind, options) = (words.next()?, words.next()?, words.next()?);
    match kind {
        "cgroup2" => Some((Path::new(at), Version::Two)),
        "cgroup" if options.split(',').any(|one| one == controller) => Some((Path::new(at), Version::One)),
        _ => None,
    }
}

/// The process's place in a hierarchy, from a line like `4:hugetlb:/some/group` or `0::/some/group`.
fn own_group<'a>(line: &'a str, version: Version, controller: &str) -> Option<&'a str> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let fits = match version {
        Version::Two => controllers.is_empty(),
        Version::One => controllers.split(',').any(|one| one == controller),
    };
    fits.then_some(path)
}

/// The folders of a group and of all above it.
fn up_to(mount: &Path, group: &str) -> Vec<PathBuf> {
    let mut folder = mount.join(group.trim_start_matches('/'));
    let mut all = vec![folder.clone()];
    while folder != mount && folder.pop() {
        all.push(folder.clone());
    }
    all
}
