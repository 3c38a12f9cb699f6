//! Diagnostics for people and for programs.
//!
//! [`render_human`] draws them beside the source text, [`render_json`] gives their facts. Called by whoever has
//! collected them, with the [`Sources`](crate::Sources) that their places name.
//!
//! Not here: the wording (each crate words its own kinds) and whether colours are wanted.

mod excerpt;
mod human;
mod json;
#[cfg(test)]
mod tests;

pub use human::render_human;
pub use json::render_json;
