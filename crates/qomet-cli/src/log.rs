//! The log: on standard error, as much as `--log-level` or `RUST_LOG` asks for.
//!
//! The crates below only say what happens; where it goes is the program's business. A program that has a log of its
//! own keeps it.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::outcome::Trouble;

const VARIABLE: &str = "RUST_LOG";

/// What a filter says: a level, or levels for targets.
///
/// # Errors
/// It is no filter. A lone word that is no level would be taken for a target.
pub(crate) fn filter(text: &str) -> Result<Targets, String> {
    let expected = || "expected off, error, warn, info, debug, trace, or TARGET=LEVEL,…".to_owned();
    let is_filter = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    if !text.split(',').all(is_filter) {
        return Err(expected());
    }
    text.parse().map_err(|_| expected())
}

/// Starts the log.
///
/// # Errors
/// The variable says what is no filter.
pub(crate) fn start(level: Option<&Targets>) -> Result<(), Trouble> {
    let said = std::env::var(VARIABLE).ok().filter(|said| !said.is_empty());
    let filter = match (level, said) {
        (Some(level), _) => level.clone(),
        (None, Some(said)) => {
            filter(&said).map_err(|error| Trouble(format!("'{said}' in {VARIABLE} is no filter: {error}")))?
        }
        (None, None) => Targets::new().with_default(LevelFilter::WARN),
    };
    let colours = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colours && std::io::stderr().is_terminal());
    // It fails only if there is a log already.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    Ok(())
}
