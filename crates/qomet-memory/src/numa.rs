//! On which NUMA nodes of the host the pages of memory are (memory rules C4 to C8).
//!
//! `check` judges `policy` and `host_nodes` here, and `open` binds as the last step before blocks are allocated.
//! There is no call by which a caller binds: whoever holds a [`crate::Region`] holds bound memory, so populating
//! first is impossible, and a binding that came later would leave the pages that are there where they are.
//!
//! Nodes that do not exist are left out of what the kernel is told, though it would mask them itself: one beyond
//! the number that a kernel was built for is refused by it, and C5 accepts it.
//!
//! Limits: "exists" means online. That a node has no memory, or is not in this process's cpuset, is only found when
//! the kernel refuses to bind.

use std::fmt;

use nix::errno::Errno;

use crate::check::Verdict;
use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::Host;
use crate::map::{MAX_NODES, Mapping, NodeMask, Placement};
use crate::request::{MemoryOptions, Policy};
use crate::warning::MemoryWarning;

/// Where the nodes that are online are listed, below the root of sysfs.
pub(crate) const ONLINE: &str = "devices/system/node/online";

/// Nodes as the kernel and the property write them: `0-2,5`.
pub(crate) struct Nodes<'a>(pub(crate) &'a [u16]);

impl fmt::Display for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = sorted(self.0);
        let mut comma = "";
        for run in sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            match run {
                [] => {}
                [one] => write!(f, "{comma}{one}")?,
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

/// Reads what [`Nodes`] writes; `None` if it is something else.
pub(crate) fn parse_nodes(text: &str) -> Option<Vec<u16>> {
    let mut nodes = Vec::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        nodes.extend(first.parse::<u16>().ok()?..=last.parse::<u16>().ok()?);
    }
    Some(sorted(&nodes))
}

fn sorted(nodes: &[u16]) -> Vec<u16> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// The given nodes that meet a condition, in order.
fn those(nodes: &[u16], condition: impl Fn(u16) -> bool) -> Vec<u16> {
    sorted(nodes).into_iter().filter(|node| condition(*node)).collect()
}

fn online(host: &Host) -> Result<Vec<u16>, MemoryError> {
    let subject = || crate::probe::quoted(&host.sysfs().join(ONLINE));
    host.online_nodes().map_err(|errno| MemoryError::Host { call: Call::Nodes, subject: subject(), errno })
}

/// Judges `policy` and `host_nodes`. The host is only asked where nodes are named.
pub(crate) fn check(host: &Host, memory: &MemoryOptions, verdict: &mut Verdict) {
    let nodes = || sorted(&memory.host_nodes);
    if memory.host_nodes.is_empty() {
        if memory.policy != Policy::Default {
            verdict.faults.push(MemoryError::PolicyWithoutNodes {
                policy: memory.policy,
                // Only for the help.
                online: online(host).unwrap_or_default(),
            });
        }
        return;
    }
    if memory.policy == Policy::Default {
        verdict.faults.push(MemoryError::NodesWithoutPolicy { nodes: nodes() });
    }
    let online = match online(host) {
        Ok(online) => online,
        Err(fault) => return verdict.faults.push(fault),
    };
    let too_large = those(&memory.host_nodes, |node| node >= MAX_NODES);
    let missing = those(&memory.host_nodes, |node| !online.contains(&node));
    if !too_large.is_empty() {
        verdict.faults.push(MemoryError::NodesTooLarge { nodes: too_large, online });
    } else if missing.len() == nodes().len() {
        verdict.faults.push(MemoryError::NoSuchNodes { nodes: missing, online });
    } else if !missing.is_empty() {
        verdict.warnings.push(MemoryWarning::NodesMissing { missing, online });
    }
}

/// Binds a window whose request passed [`check`].
pub(crate) fn bind(
    host: &Host,
    mapping: &Mapping,
    subject: &str,
    memory: &MemoryOptions,
) -> Result<Option<MemoryWarning>, MemoryError> {
    let policy = memory.policy;
    if policy == Policy::Default {
        return Ok(None);
    }
    let online = online(host)?;
    let nodes = those(&memory.host_nodes, |node| online.contains(&node));
    let Some(first) = nodes.first().copied() else {
        return Err(MemoryError::NoSuchNodes { nodes: sorted(&memory.host_nodes), online });
    };
    let bind = |placement, nodes: &[u16]| mapping.bind(host, placement, NodeMask::of(nodes));
    let done = match policy {
        Policy::Default => Ok(None),
        Policy::Bind => bind(Placement::Bind, &nodes).map(|()| None),
        Policy::Interleave => bind(Placement::Interleave, &nodes).map(|()| None),
        Policy::Preferred if nodes.len() == 1 => bind(Placement::Preferred, &nodes).map(|()| None),
        Policy::Preferred => match bind(Placement::PreferredMany, &nodes) {
            // Kernels before 5.15.
            Err(Errno::EINVAL) => bind(Placement::Preferred, &[first])
                .map(|()| Some(MemoryWarning::OneNodePreferred { node: first, nodes: nodes.clone() })),
            other => other.map(|()| None),
        },
    };
    done.map_err(|errno| MemoryError::NotBound { subject: subject.to_owned(), policy, nodes, errno })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nodes_are_written_as_ranges() {
        assert_eq!(Nodes(&[5, 0, 2, 1, 2]).to_string(), "0-2,5");
        assert_eq!(Nodes(&[u16::MAX]).to_string(), "65535");
    }

    #[test]
    fn what_is_no_list_of_nodes_is_not_read_as_one() {
        let texts = ["0-", "-1", "a", "0,,1", "0-70000", " 0"];
        assert_eq!(texts.map(parse_nodes), [const { None }; 6]);
    }

    proptest! {
        #[test]
        fn nodes_read_back_as_written(nodes: Vec<u16>) {
            prop_assert_eq!(parse_nodes(&Nodes(&nodes).to_string()), Some(sorted(&nodes)));
        }
    }
}
