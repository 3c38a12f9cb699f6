//! Patterns over paths: `*` is any text, `?` any one character, everything else itself.
//!
//! Brackets mean nothing special: the names of many objects end in `[0]`.

/// A pattern.
#[derive(Clone, Debug)]
pub(crate) struct Glob(Vec<char>);

impl Glob {
    /// The pattern that a text is.
    pub(crate) fn new(text: &str) -> Self {
        Glob(text.chars().collect())
    }

    /// Whether an object at that path, or a property of it, is meant. A pattern that does not begin with a slash may
    /// also match from behind any slash on.
    pub(crate) fn is_meant(&self, path: &str, property: Option<&str>) -> bool {
        let whole = property.map_or_else(|| path.to_owned(), |property| format!("{path}.{property}"));
        // Who watches an object watches its properties.
        self.is_in(path) || self.is_in(&whole)
    }

    fn is_in(&self, text: &str) -> bool {
        self.matches(text)
            || (self.0.first() != Some(&'/')
                && text
                    .match_indices('/')
                    .any(|(at, _)| text.get(at + 1..).is_some_and(|rest| self.matches(rest))))
    }

    /// Whether the whole text is like the pattern. Time is at most the product of both lengths.
    fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut pattern, mut star) = (0, 0, None);
        while at < text.len() {
            match self.0.get(pattern) {
                Some('*') => {
                    star = Some((pattern, at));
                    pattern += 1;
                    continue;
                }
                Some(c) if *c == '?' || text.get(at) == Some(c) => {
                    at += 1;
                    pattern += 1;
                    continue;
                }
                _ => {}
            }
            // Not like this: the last star takes one more.
            let Some((behind, taken)) = star else { return false };
            (pattern, at) = (behind + 1, taken + 1);
            star = Some((behind, taken + 1));
        }
        self.0.get(pattern..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_meant(glob: &str, path: &str, property: Option<&str>) -> bool {
        Glob::new(glob).is_meant(path, property)
    }

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for glob in ["/objects/ram0", "/objects/*", "*", "ram?", "r*0", "/o*s/*", "objects/*", "**"] {
            assert!(is_meant(glob, "/objects/ram0", None), "{glob}");
        }
        for glob in ["/objects", "ram", "?", "/ram0", "ram0?", "", "x*"] {
            assert!(!is_meant(glob, "/objects/ram0", None), "{glob}");
        }
    }

    #[test]
    fn a_property_is_meant_by_itself_or_with_its_object() {
        assert!(is_meant("*.size", "/objects/ram0", Some("size")));
        assert!(is_meant("ram0", "/objects/ram0", Some("size")));
        assert!(!is_meant("*.size", "/objects/ram0", Some("share")));
        assert!(!is_meant("*.size", "/objects/ram0", None));
    }

    #[test]
    fn brackets_are_themselves() {
        assert!(is_meant("ram0[0]", "/objects/ram0/ram0[0]", None));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        assert!(!is_meant(&"*a".repeat(200), &"a".repeat(199), None));
    }
}
