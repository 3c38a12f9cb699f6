//! Documents of all languages with mistakes planted into them, over all levels: each is found at its place, and nothing
//! else is.
//!
//! `valid` makes documents without a mistake, `mistakes` plants some into them, `document` writes them in a language and
//! knows where everything stands. The places come from writing and not from reading, so they are the independent half.

mod document;
mod mistakes;
mod valid;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use qomet::{Level, Model};
use qomet_config::{Dialect, Documents, Sources};

use crate::dummies;
use crate::folder::Folder;
use document::{Language, Written};
use mistakes::Mistake;
use valid::Dice;

/// What was found, as `LINE:COLUMN CODE`.
fn found(written: &Written, language: Language) -> (Vec<String>, String) {
    let mut documents = Documents::new();
    match language {
        Language::Json { .. } | Language::Ini => documents.add("vm", written.text.clone()),
        Language::Keyval => documents.add_line("vm", written.text.clone(), Dialect::Keyval),
        Language::Opts => documents.add_line("vm", written.text.clone(), Dialect::Opts),
    }
    let plan = documents.plan(&Model::new(dummies::registry()), Level::Host);
    let place = |sources: &Sources, one: &qomet::Diagnostic| {
        let at = one.place().and_then(|place| sources.locate(place));
        let at = at.map_or("-".to_owned(), |at| format!("{}:{}", at.start.line, at.start.column));
        format!("{at} {}", one.code())
    };
    let found = plan.diagnostics().iter().map(|one| place(documents.sources(), one)).collect();
    (found, qomet_config::render_human(plan.diagnostics(), documents.sources(), false))
}

/// The mistakes of a document that are not found where they are, and what else is found.
fn wrong(seed: u64, language: Language, mistakes: &[Mistake], folder: &Folder) -> Option<String> {
    let mut bags = valid::bags(&mut Dice::new(seed), language, folder);
    for mistake in mistakes {
        mistakes::plant(&mut bags, *mistake, language, folder);
    }
    let written = document::write(&bags, language, &mut Dice::new(seed ^ 1));
    let (mut found, shown) = found(&written, language);
    let mut planted = written.mistakes();
    found.sort();
    planted.sort();
    (found != planted).then(|| format!("planted {planted:#?}\nfound {found:#?}\n{}\n{shown}", written.text))
}

/// The fewest of these mistakes that still are not found as they should be.
fn least(seed: u64, language: Language, mistakes: &[Mistake], folder: &Folder) -> Option<String> {
    let mut all = mistakes.to_vec();
    let mut why = wrong(seed, language, &all, folder)?;
    let mut index = 0;
    while index < all.len() {
        let mut fewer = all.clone();
        fewer.remove(index);
        match wrong(seed, language, &fewer, folder) {
            Some(still) => (all, why) = (fewer, still),
            None => index += 1,
        }
    }
    Some(format!("{all:?} of {language:?}\n{why}"))
}

/// Plants `count` mistakes into the document of a seed.
fn judge(seed: u64, language: Language, count: usize) -> Result<(), TestCaseError> {
    let folder = valid::folder();
    let bags = valid::bags(&mut Dice::new(seed), language, &folder);
    let mistakes = mistakes::choose(&bags, count, language, &mut Dice::new(seed ^ 2));
    match least(seed, language, &mistakes, &folder) {
        Some(why) => Err(TestCaseError::fail(why)),
        None => Ok(()),
    }
}

/// The same documents each time, unless PROPTEST_RNG_SEED asks for others.
fn cases() -> ProptestConfig {
    let default = ProptestConfig::default();
    let rng_seed = match default.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        chosen => chosen,
    };
    ProptestConfig { rng_seed, failure_persistence: None, max_shrink_iters: 0, ..default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn documents_without_a_mistake_have_none(seed: u64) {
        for language in Language::ALL {
            judge(seed, language, 0)?;
        }
    }

    #[test]
    fn every_mistake_planted_in_json_is_found_at_its_place(seed: u64, count in 1_usize..=30, compact: bool) {
        judge(seed, Language::Json { compact }, count)?;
    }

    #[test]
    fn every_mistake_planted_in_sections_is_found_at_its_place(seed: u64, count in 1_usize..=30) {
        judge(seed, Language::Ini, count)?;
    }

    #[test]
    fn every_mistake_planted_in_a_line_is_found_at_its_place(seed: u64, count in 1_usize..=5, opts: bool) {
        judge(seed, if opts { Language::Opts } else { Language::Keyval }, count)?;
    }
}
