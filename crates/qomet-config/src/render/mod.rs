//! Diagnostics for people and for programs.
//!
//! [`render_human`] draws them beside the source text, [`render_json`] gives their facts, [`render_sarif`] and
//! [`render_github`] are for services that show them beside a change. Called by whoever has
//! collected them, with the [`Sources`](crate::Sources) that their places name.
//!
//! Not here: the wording (each crate words its own kinds) and whether colours are wanted.

mod excerpt;
mod github;
mod human;
mod json;
mod sarif;
#[cfg(test)]
mod tests;

pub use github::render_github;
pub use human::render_human;
pub use json::render_json;
pub use sarif::{Reporter, render_sarif};
