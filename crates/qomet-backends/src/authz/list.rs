//! `authz-list`: rules, of which the first that matches decides.

use qomet::prelude::*;
use qomet::{Instance, Result};

use super::{Authorizer, Authz};

/// What a rule, or a list without a rule that matches, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "QAuthZListPolicy")]
pub enum ListPolicy {
    /// The identity is not allowed
    Deny,
    /// The identity is allowed
    Allow,
}

/// How a rule is compared with an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "QAuthZListFormat")]
pub enum ListFormat {
    /// The identity is the same string
    Exact,
    /// The rule is a pattern: '*' stands for any characters, '?' for one
    Glob,
}

/// One rule of a list.
#[derive(Clone, Debug, PartialEq, Value)]
#[value(name = "QAuthZListRule")]
pub struct ListRule {
    /// What the identity is compared with
    #[value(rename = "match")]
    pub pattern: String,
    /// What becomes of an identity that matches
    pub policy: ListPolicy,
    /// How it is compared; exactly, unless given
    pub format: Option<ListFormat>,
}

impl ListRule {
    /// Whether the rule is about `identity`.
    #[must_use]
    pub fn matches(&self, identity: &str) -> bool {
        match self.format {
            None | Some(ListFormat::Exact) => self.pattern == identity,
            Some(ListFormat::Glob) => glob(&self.pattern, identity),
        }
    }
}

/// What the first of `rules` that matches says, else `policy`.
pub(super) fn decide(rules: &[ListRule], policy: ListPolicy, identity: &str) -> bool {
    let rule = rules.iter().find(|rule| rule.matches(identity));
    rule.map_or(policy, |rule| rule.policy) == ListPolicy::Allow
}

/// Whether `pattern` matches all of `text`. As in QEMU there are no brackets and no escapes: an identity such as an X.509
/// name is full of characters that would need them. Never slower than the product of both lengths.
fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on if what follows the last '*' does not match: the '*' then stands for one character more.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (mut next_pattern, mut next_text) = (pattern.clone(), text.clone());
        let matched = match (next_pattern.next(), next_text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((next_pattern.clone(), text.clone()));
                pattern = next_pattern;
                continue;
            }
            (Some('?'), Some(_)) => true,
            (Some(wanted), Some(found)) => wanted == found,
            _ => false,
        };
        if matched {
            (pattern, text) = (next_pattern, next_text);
            continue;
        }
        let Some((after, from)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), from.clone());
    }
}

/// Allows and denies identities by rules, of which the first that matches decides.
///
/// ```
/// use qomet::prelude::*;
/// use qomet::Native;
/// use qomet_backends::authz::Authorizer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let rule = |pattern: &'static str, policy: &'static str| {
///     let members = [("match", pattern), ("policy", policy), ("format", "glob")];
///     Native::Struct(members.map(|(name, value)| (name.into(), Native::Str(value.into()))).into())
/// };
/// let mut draft = model.draft("authz-list")?;
/// draft.set_id("auth0");
/// draft.set("rules", Native::List(vec![rule("CN=evil*", "deny"), rule("CN=*,O=Example", "allow")]))?;
/// draft.set("policy", "deny")?;
/// let object = model.create(draft)?;
///
/// let authorizer = object.interface::<dyn Authorizer>().expect("every authz decides");
/// assert!(authorizer.is_allowed("CN=laptop,O=Example"));
/// assert!(!authorizer.is_allowed("CN=evil,O=Example"));
/// assert!(!authorizer.is_allowed("CN=laptop,O=Elsewhere"));
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "authz-list", user_creatable, interfaces(Authorizer))]
pub struct AuthzList {
    #[object(parent)]
    base: Authz,
    /// What becomes of an identity that no rule is about
    #[property(default = ListPolicy::Deny)]
    policy: Live<ListPolicy>,
    /// The rules; the first that matches decides
    #[property(default = Vec::new(), example = r#"[{"match": "fred", "policy": "allow"}]"#)]
    rules: Live<Vec<ListRule>>,
}

impl Realize for AuthzList {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

impl Authorizer for Instance<AuthzList> {
    fn is_allowed(&self, identity: &str) -> bool {
        decide(&self.rules(), self.policy(), identity)
    }
}

#[cfg(test)]
mod tests {
    use qomet::Native;

    use super::*;
    use crate::testing::{create, model};

    fn rule(pattern: &str, policy: ListPolicy, format: Option<ListFormat>) -> ListRule {
        ListRule { pattern: pattern.to_owned(), policy, format }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = [
            rule("fred", ListPolicy::Deny, None),
            rule("fr*", ListPolicy::Allow, Some(ListFormat::Glob)),
            rule("frank", ListPolicy::Deny, Some(ListFormat::Exact)),
        ];
        assert!(!decide(&rules, ListPolicy::Allow, "fred"));
        assert!(decide(&rules, ListPolicy::Deny, "frank"));
    }

    #[test]
    fn without_a_rule_that_matches_the_policy_decides() {
        let rules = [rule("fred", ListPolicy::Allow, None)];
        assert!(!decide(&rules, ListPolicy::Deny, "bob"));
        assert!(decide(&rules, ListPolicy::Allow, "bob"));
        assert!(!decide(&[], ListPolicy::Deny, ""));
    }

    #[test]
    fn an_exact_rule_takes_a_star_for_a_star() {
        assert!(!rule("*", ListPolicy::Allow, None).matches("fred"));
        assert!(rule("*", ListPolicy::Allow, None).matches("*"));
    }

    #[test]
    fn patterns_match_whole_identities() {
        let yes = [
            ("*", ""),
            ("*", "fred"),
            ("fred", "fred"),
            ("fr*", "fr"),
            ("f*d", "fred"),
            ("f?ed", "fred"),
            ("*@*.example.org", "fred@host.example.org"),
            ("a*b*c", "aXbXbXc"),
            ("**", "x"),
            ("?", "é"),
            ("*a", "aaa"),
            ("[a]", "[a]"),
            ("\\*", "\\x"),
        ];
        let no = [
            ("", "x"),
            ("?", ""),
            ("fred", "freda"),
            ("f?ed", "fed"),
            ("a*b", "abc"),
            ("*b", "a"),
            ("FRED", "fred"),
            ("[a]", "a"),
            ("??", "é"),
        ];
        let wrong: Vec<_> = yes.iter().filter(|(pattern, text)| !glob(pattern, text)).collect();
        let taken: Vec<_> = no.iter().filter(|(pattern, text)| glob(pattern, text)).collect();
        assert!(wrong.is_empty() && taken.is_empty(), "{wrong:?} {taken:?}");
    }

    #[test]
    fn a_pattern_of_many_stars_is_not_slow() {
        // Backtracking over every star would take longer than the universe has.
        assert!(!glob(&"*a".repeat(500), &"b".repeat(5000)));
    }

    #[test]
    fn rules_may_change_and_read_back_as_they_were_given() {
        let object = create(&model(), "authz-list", &[]).unwrap();
        let authorizer = object.interface::<dyn Authorizer>().unwrap();
        assert!(!authorizer.is_allowed("fred"));

        let members = [("match", "fred"), ("policy", "allow")];
        let rule = members.map(|(name, value)| (name.into(), Native::Str(value.into())));
        object.set("rules", Native::List(vec![Native::Struct(rule.into())])).unwrap();

        assert!(authorizer.is_allowed("fred"));
        let rules = object.cast::<AuthzList>().unwrap().rules();
        assert_eq!(rules, [self::rule("fred", ListPolicy::Allow, None)]);
    }
}
