//! The valid name nearest to a mistyped one.

/// The candidate nearest to `name`, if one is near enough that it was probably meant.
///
/// Near enough means at most a third of the letters changed, swaps counting once, and not all of them. Ties go to the
/// earlier candidate.
///
/// ```
/// assert_eq!(qomet::nearest("ofset", ["size", "offset"]), Some("offset"));
/// assert_eq!(qomet::nearest("colour", ["size", "offset"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(name, candidates).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
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
