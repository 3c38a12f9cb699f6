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
    // A name far longer than any valid one is no typing mistake, and comparing it costs the product of both lengths.
    if name.len() > 128 {
        return None;
    }
    let lower = name.to_ascii_lowercase().replace('_', "-");
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let length = candidate.chars().count().max(lower.chars().count());
            *distance <= (length / 3).max(1) && *distance < length
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
