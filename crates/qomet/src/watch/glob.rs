//! Patterns over paths and names.
//!
//! `?` is any character but `/`, `*` any number of those, `**` any text, also none. There are no classes in brackets,
//! because names have brackets: `slot[0]`. A pattern over paths that does not start with `/` may start at any
//! component, as partial paths do: `ram*` is `**/ram*`.
//!
//! Matching takes time in proportion to pattern × text at worst: a pattern comes from a client.

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    parts: Vec<Part>,
    /// The text itself, where it has nothing special.
    literal: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Character(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    Any,
}

impl Glob {
    /// A pattern over names.
    #[must_use]
    pub fn of_names(text: &str) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for c in text.chars() {
            match (c, parts.last_mut()) {
                ('*', Some(last @ (Part::Some | Part::Any))) => *last = Part::Any,
                ('*', _) => parts.push(Part::Some),
                ('?', _) => parts.push(Part::One),
                (c, _) => parts.push(Part::Character(c)),
            }
        }
        let literal = parts.iter().all(|part| matches!(part, Part::Character(_))).then(|| text.to_owned());
        Glob { parts, literal }
    }

    /// A pattern over canonical paths.
    #[must_use]
    pub fn of_paths(text: &str) -> Self {
        if text.starts_with('/') || text.starts_with("**") {
            return Self::of_names(text);
        }
        let mut glob = Self::of_names(text);
        glob.literal = None;
        glob.parts.splice(0..0, [Part::Any, Part::Character('/')]);
        glob
    }

    /// Whether `text` fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        if let Some(literal) = &self.literal {
            return literal == text;
        }
        // Where the text may stand again if what follows the last `**` or `*` does not fit.
        type Star<'t> = Option<(usize, &'t str)>;
        let (mut any, mut some): (Star<'_>, Star<'_>) = (None, None);
        let (mut at, mut rest) = (0, text);
        loop {
            let next = rest.chars().next();
            let after = next.map_or("", |c| rest.get(c.len_utf8()..).unwrap_or_default());
            match (self.parts.get(at), next) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    (any, some) = (Some((at, rest)), None);
                    at += 1;
                    continue;
                }
                (Some(Part::Some), _) => {
                    some = Some((at, rest));
                    at += 1;
                    continue;
                }
                (Some(Part::Character(wanted)), Some(c)) if *wanted == c => {
                    (at, rest) = (at + 1, after);
                    continue;
                }
                (Some(Part::One), Some(c)) if c != '/' => {
                    (at, rest) = (at + 1, after);
                    continue;
                }
                _ => {}
            }
            // One character more for the innermost star that can take it.
            let grown = |star: (usize, &'_ str), slash: bool| -> Option<(usize, usize)> {
                let c = star.1.chars().next().filter(|c| slash || *c != '/')?;
                Some((star.0, text.len() - star.1.len() + c.len_utf8()))
            };
            let (star, start, is_some) =
                match (some.and_then(|star| grown(star, false)), any.and_then(|star| grown(star, true))) {
                    (Some((star, start)), _) => (star, start, true),
                    (None, Some((star, start))) => (star, start, false),
                    (None, None) => return false,
                };
            rest = text.get(start..).unwrap_or_default();
            at = star + 1;
            if is_some {
                some = Some((star, rest));
            } else {
                (any, some) = (Some((star, rest)), None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Glob;

    /// What the rules say, tried in every way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            ['*', rest @ ..] => (0..=text.len())
                .take_while(|taken| !text[..*taken].contains(&'/'))
                .any(|taken| naive(rest, &text[taken..])),
            ['?', rest @ ..] => text.first().is_some_and(|c| *c != '/') && naive(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
        }
    }

    #[test]
    fn a_star_stays_within_a_component_and_two_do_not() {
        let fits = |pattern: &str, path: &str| Glob::of_paths(pattern).fits(path);
        assert!(fits("/objects/*", "/objects/ram0"));
        assert!(!fits("/objects/*", "/objects/a/b"));
        assert!(fits("/objects/**", "/objects/a/b"));
        assert!(fits("ram?", "/objects/ram0"));
        assert!(!fits("am?", "/objects/ram0"));
        assert!(fits("slot[0]", "/machine/slot[0]"));
    }

    proptest! {
        #[test]
        fn matching_is_what_trying_everything_gives(
            pattern in "[a/*?]{0,8}".prop_filter("more than two stars are two", |text| !text.contains("***")),
            text in "[ab/]{0,8}",
        ) {
            let (chars, of): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::of_names(&pattern).fits(&text), naive(&chars, &of));
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "*a".repeat(500) + "**" + &"a*".repeat(500) + "b";
        assert!(!Glob::of_names(&pattern).fits(&"a".repeat(2000)));
    }
}
