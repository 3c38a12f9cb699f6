//! The valid name nearest to a mistyped one.

/// The candidate nearest to `name`, if one is near enough that it was probably meant.
///
/// Near enough means at most a third of the letters changed, swaps counting once, and not all of them. Ties go to the
/// earlier candidate. If none is, the only one that has the name for its beginning or for a word is.
///
/// ```
/// assert_eq!(qomet::nearest("ofset", ["size", "offset"]), Some("offset"));
/// assert_eq!(qomet::nearest("path", ["size", "mem-path"]), Some("mem-path"));
/// assert_eq!(qomet::nearest("colour", ["size", "offset"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (mut longer, mut count) = (None, 0_usize);
    let candidates = candidates.into_iter().inspect(|candidate| {
        if is_part(name, candidate) {
            longer = Some(*candidate);
            count += 1;
        }
    });
    let near = near(name, candidates).min_by_key(|(distance, _)| *distance);
    near.map(|(_, candidate)| candidate).or_else(|| longer.filter(|_| count == 1))
}

/// Whether a name is the beginning of a longer one, or one of its words.
fn is_part(name: &str, whole: &str) -> bool {
    /// Shorter ones are parts of too much.
    const LEAST: usize = 3;
    let is_start = whole.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let is_word = || whole.split(['-', '_', '.']).any(|word| word.eq_ignore_ascii_case(name));
    name.len() >= LEAST && name.len() < whole.len() && (is_start || is_word())
}

/// Whether no other candidate is as near to `name` as the [nearest] one.
///
/// ```
/// assert!(qomet::is_nearest_alone("disk00", ["disk0", "net0"]));
/// assert!(!qomet::is_nearest_alone("disk", ["disk0", "disk1"]));
/// ```
pub fn is_nearest_alone<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> bool {
    let (mut least, mut count) = (usize::MAX, 0_usize);
    for (distance, _) in near(name, candidates) {
        if distance < least {
            (least, count) = (distance, 0);
        }
        count += usize::from(distance == least);
    }
    count == 1
}

/// The candidates that are near enough, with their distances.
fn near<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = (usize, &'a str)> {
    // A name far longer than any valid one is no typing mistake, and comparing it costs the product of both lengths.
    let lower = (name.len() <= 128).then(|| name.to_ascii_lowercase().replace('_', "-"));
    candidates.into_iter().filter_map(move |candidate| {
        let lower = lower.as_deref()?;
        let distance = strsim::osa_distance(lower, &candidate.to_ascii_lowercase());
        let length = candidate.chars().count().max(lower.chars().count());
        (distance <= (length / 3).max(1) && distance < length).then_some((distance, candidate))
    })
}
