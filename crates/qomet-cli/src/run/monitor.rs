//! What `info` of `human-monitor-command` shows of memory and threads, in the form in which QEMU does.
//!
//! Bound to the commands of the protocol that tell the same; programs read these lines, so their form stays.

use qomet::{Model, TextOutput, Value as _};
use qomet_backends::memory::list_memdev;
use qomet_backends::thread::query_iothreads;

/// `info memdev`: eight lines for each memory backend, and an empty one at the end.
pub(super) fn memdev(model: &Model) -> String {
    let mut text = String::new();
    for backend in list_memdev(model) {
        let policy = TextOutput::of(|out| backend.policy.write(out));
        let facts = [
            ("size: ", backend.size.0.to_string()),
            ("merge:", backend.merge.to_string()),
            ("dump:", backend.dump.to_string()),
            ("prealloc:", backend.prealloc.to_string()),
            ("share:", backend.share.to_string()),
            ("reserve:", backend.reserve.map_or_else(String::new, |reserve| reserve.to_string())),
            ("policy:", policy),
            ("host nodes:", ranges(&backend.host_nodes)),
        ];
        text.push_str(&format!("memory backend: {}\n", backend.id.unwrap_or_default()));
        for (label, fact) in facts {
            // Not every backend knows whether it reserves.
            if label != "reserve:" || backend.reserve.is_some() {
                text.push_str(&format!("  {label} {fact}\n"));
            }
        }
    }
    text.push('\n');
    text
}

/// `info iothreads`: six lines for each.
pub(super) fn iothreads(model: &Model) -> String {
    let threads = query_iothreads(model).into_iter().map(|thread| {
        format!(
            "{}:\n  thread_id={}\n  poll-max-ns={}\n  poll-grow={}\n  poll-shrink={}\n  aio-max-batch={}\n",
            thread.id,
            thread.thread_id,
            thread.poll_max_ns,
            thread.poll_grow,
            thread.poll_shrink,
            thread.aio_max_batch
        )
    });
    threads.collect()
}

/// Numbers in order, neighbours as `first-last`.
fn ranges(numbers: &[u16]) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let neighbours = sorted.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let shown = neighbours.filter_map(|run| match run {
        [] => None,
        [only] => Some(only.to_string()),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    shown.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn neighbours_are_a_range() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[7, 0, 1, 2, 5, 6]), "0-2,5-7");
    }
}
