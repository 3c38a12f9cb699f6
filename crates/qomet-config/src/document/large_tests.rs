//! Documents with many mistakes: each is said once, the places are right, and there is an end to it.
//!
//! Nothing is timed. Where the work grew with the square of the input, these tests would not end while one waits.

use qomet::prelude::*;
use qomet::{Diagnostic, Level, Link, Result};

use crate::{Documents, MISTAKES_LIMIT, render_human, render_json};

/// Keeps a secret
#[derive(Object)]
#[object(name = "vault", user_creatable)]
struct Vault {
    /// The secret
    #[property(required, sensitive)]
    data: String,
    /// How often it may be asked for
    #[property(default = 1)]
    times: u8,
}

impl Realize for Vault {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Knows vaults
#[derive(Object)]
#[object(name = "keeper", user_creatable)]
struct Keeper {
    /// The vaults
    #[property(default = Vec::new())]
    vaults: Vec<Link<Vault>>,
    /// The number of vaults
    #[property(default = 0)]
    count: u32,
}

impl Realize for Keeper {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

types! { fn types = [Vault, Keeper]; }

fn model() -> Model {
    Model::new(TypeRegistry::builder().add(types()).build().unwrap())
}

/// What is found in a text, which is not accepted.
fn found(text: &str) -> Vec<Diagnostic> {
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", text);
    let plan = documents.plan(&model, Level::Host);
    assert!(!plan.is_accepted());
    let (created, found) = plan.carry_out();
    assert!(created.is_err());
    found
}

fn join(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(", ")
}

fn count(found: &[Diagnostic], code: &str) -> usize {
    found.iter().filter(|one| one.code() == code).count()
}

fn suggestions(found: &[Diagnostic]) -> usize {
    found.iter().filter(|one| one.problem().suggestion().is_some()).count()
}

#[test]
fn many_duplicates_behind_many_unknown_names() {
    let unknown = join(20, |number| format!("\"x{number}\": 0"));
    let (filler, again) =
        (join(20_000, |_| "\"times\": 1".into()), join(20_000, |number| format!("\"y{number}\": 0")));
    let text = format!(r#"{{"qom-type": "vault", "id": "v", {unknown}, {filler}, {again}}}"#);
    let found = found(&text);
    assert_eq!(count(&found, "unknown-property"), 20);
    assert_eq!(count(&found, "duplicate-property"), MISTAKES_LIMIT - 20);
    let first = u32::try_from(text.find("\"times\"").unwrap()).ok();
    let related: Vec<_> = found.iter().flat_map(Diagnostic::related).collect();
    assert_eq!(related.len(), MISTAKES_LIMIT - 20);
    assert!(related.iter().all(|one| one.place.map(|place| place.start) == first));
    assert_eq!(found.len(), MISTAKES_LIMIT + 1);
    assert_eq!(found.last().unwrap().code(), "too-many-mistakes");
}

#[test]
fn many_bags_of_many_mistakes_are_bounded_each() {
    let wrong = join(200, |number| format!("\"tims\": {number}"));
    let text =
        join(200, |number| format!(r#"{{"qom-type": "vault", "id": "v{number}", {wrong}, "data": "s"}}"#));
    let found = found(&format!("[{text}]"));
    assert_eq!(found.len(), 200 * (MISTAKES_LIMIT + 1));
    assert_eq!(count(&found, "too-many-mistakes"), 200);
}

#[test]
fn the_right_name_behind_many_near_ones_is_not_missing() {
    let near = join(20_000, |number| format!("\"dat{number}\": 0"));
    let found = found(&format!(r#"{{"qom-type": "vault", "id": "v", {near}, "data": "s"}}"#));
    assert_eq!(count(&found, "unknown-property"), MISTAKES_LIMIT);
    assert_eq!(count(&found, "missing-property"), 0);
    assert_eq!(found.len(), MISTAKES_LIMIT + 1);
}

#[test]
fn suggestions_for_different_names_have_an_end() {
    let bag = |number: usize| {
        format!(r#"{{"qom-type": "keeper", "id": "k{number}", "count{}": 0}}"#, number % 1000)
    };
    let found = found(&format!("[{}]", join(5000, bag)));
    assert_eq!(count(&found, "unknown-property"), 5000);
    assert_eq!(suggestions(&found), MISTAKES_LIMIT * 5);
}

#[test]
fn suggestions_for_the_same_name_have_none() {
    let bag = |number| format!(r#"{{"qom-type": "vault", "id": "v{number}", "dta": "s"}}"#);
    let found = found(&format!("[{}]", join(5000, bag)));
    assert_eq!((found.len(), suggestions(&found)), (5000, 5000));
}

#[test]
fn suggestions_for_types_have_an_end() {
    let bag = |number: usize| format!(r#"{{"qom-type": "keeper{}", "id": "k{number}"}}"#, number % 1000);
    let found = found(&format!("[{}]", join(5000, bag)));
    assert_eq!((found.len(), suggestions(&found)), (5000, MISTAKES_LIMIT * 5));
}

#[test]
fn a_list_of_a_million_numbers_is_no_million_mistakes() {
    let found = found(&format!("[{}1]", "1,".repeat(1_000_000)));
    assert_eq!(count(&found, "not-a-document"), MISTAKES_LIMIT);
    assert_eq!(found.len(), MISTAKES_LIMIT + 1);
}

#[test]
fn many_unknown_members_beside_the_objects() {
    let unknown = |from: usize| join(50_000, |number| format!("\"x{}\": 0", from + number));
    let bag = r#"{"qom-type": "vault", "id": "v"}"#;
    let found = found(&format!(r#"{{{}, "objects": [{bag}], {}}}"#, unknown(0), unknown(50_000)));
    assert_eq!(count(&found, "unknown-member"), MISTAKES_LIMIT);
    // The bag is checked all the same.
    assert_eq!(count(&found, "missing-property"), 1);
    assert_eq!(found.len(), MISTAKES_LIMIT + 2);
}

#[test]
fn many_mistakes_on_one_line_have_their_columns() {
    let text = format!("[{}]", join(20_000, |_| r#"{"qom-type": "ü", "id": "x"}"#.into()));
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", text.as_str());
    let plan = documents.plan(&model, Level::Schema);
    let json = render_json(plan.diagnostics(), documents.sources());
    let list = json["diagnostics"].as_array().unwrap();
    assert_eq!(list.len(), 20_000);
    for (number, one) in list.iter().enumerate() {
        assert_eq!((one["line"].as_u64(), one["column"].as_u64()), (Some(1), Some(number as u64 * 30 + 15)));
    }
    let human = render_human(plan.diagnostics().iter().rev().take(1000), documents.sources(), false);
    assert!(human.contains("d.json:1:599985"), "{}", &human[..2000]);
}

#[test]
fn many_equal_links_are_reported_each_at_its_own_place() {
    let links = join(20_000, |_| "\"nowhere\"".into());
    let text = format!(r#"[{{"qom-type": "keeper", "id": "k", "vaults": [{links}]}}]"#);
    let found = found(&text);
    let start = text.find("\"nowhere\"").unwrap();
    let places: Vec<_> = found.iter().map(|one| one.place().unwrap().start as usize).collect();
    assert_eq!(places, (0..20_000).map(|number| start + number * 11).collect::<Vec<_>>());
}

#[test]
fn many_dangling_links_are_reported_each_at_its_own_place() {
    let bag = |number| format!(r#"{{"qom-type": "keeper", "id": "k{number}", "vaults": ["v{number}"]}}"#);
    let text = format!("[{}]", join(4000, bag));
    let found = found(&text);
    let places: Vec<_> = found.iter().map(|one| one.place().unwrap().start as usize).collect();
    assert_eq!(
        places,
        text.match_indices("\"v")
            .filter(|(at, _)| !text[*at..].starts_with("\"vaults"))
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    );
}

#[test]
fn none_of_many_secrets_is_shown() {
    let bag =
        |number| format!(r#"{{"qom-type": "vault", "id": "v{number}", "data": "s3cret", "times": 1000}}"#);
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", format!("[{}]", join(20_000, bag)));
    let plan = documents.plan(&model, Level::Schema);
    assert_eq!(plan.diagnostics().len(), 20_000);
    let human = render_human(plan.diagnostics().iter().skip(19_000), documents.sources(), false);
    assert!(!human.contains("s3cret") && human.contains("********"));
}

#[test]
fn secrets_under_many_mistyped_types_are_not_shown() {
    let bag = |number| format!(r#"{{"qom-type": "vault{number}", "id": "v", "data": "s3cret"}}"#);
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", format!("[{}]", join(5000, bag)));
    let plan = documents.plan(&model, Level::Schema);
    let human = render_human(plan.diagnostics().iter().rev().take(500), documents.sources(), false);
    assert!(!human.contains("s3cret"));
}

#[test]
fn damage_of_the_text_is_said_by_every_plan() {
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", b"[{\"qom-type\": \"vault\", \"id\": \"v\", \"data\": \"\xff\"}]");
    documents.add("e.json", b"\xff\xfe[\0]\0");
    for _ in 0..3 {
        let plan = documents.plan(&model, Level::Host);
        let codes: Vec<_> = plan.diagnostics().iter().map(Diagnostic::code).collect();
        assert_eq!(codes, ["not-utf8", "utf16"]);
        assert!(!plan.is_accepted());
        let (created, found) = plan.carry_out();
        assert!(created.is_err());
        assert_eq!(found.len(), 2);
    }
}

#[test]
fn the_bags_of_objects_given_twice_are_bags() {
    let text = r#"{"objects": [{"qom-type": "keeper", "id": "k", "vaults": ["v"]}],
        "objects": [{"qom-type": "vault", "id": "v", "data": "s3cret", "times": 1000}]}"#;
    let (model, mut documents) = (model(), Documents::new());
    documents.add("d.json", text);
    let plan = documents.plan(&model, Level::Host);
    let codes: Vec<_> = plan.diagnostics().iter().map(Diagnostic::code).collect();
    assert_eq!(codes, ["duplicate-member", "out-of-range"]);
    assert!(!render_human(plan.diagnostics(), documents.sources(), false).contains("s3cret"));
}
