//! The large document, for the benchmarks of time and of memory.

/// How many bags it has.
pub(crate) const BAGS: usize = 100_000;

/// A bag of five properties, `qom-type` and `id` included.
pub(crate) fn bag(number: usize) -> String {
    format!(
        r#"{{"qom-type":"level-5","id":"obj{number:06}","count-1":{},"flag-3":true,"name-5":"{}"}}"#,
        count(number),
        name(number)
    )
}

/// Its number.
pub(crate) fn count(number: usize) -> u64 {
    number as u64 * 4096
}

/// Its string.
pub(crate) fn name(number: usize) -> String {
    format!("/dev/shm/guest-{number}")
}

/// A list of bags: 10 MB.
pub(crate) fn document() -> String {
    let bags: Vec<String> = (0..BAGS).map(bag).collect();
    format!("[{}]", bags.join(","))
}
