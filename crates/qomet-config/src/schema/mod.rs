//! What the types of a registry look like to programs: JSON Schema and introspection.
//!
//! [`document_schema`] and [`type_schema`] are for editors and validators: they describe what a person may write
//! in a document; [`qapi_schema`] says the same to tools that read QEMU's schemas. [`describe_types`], [`describe_type`]
//! and [`describe_property`] are for programs that ask what there is: everything a type's declaration says, computed
//! properties included. All of them construct no object and are called by the command line; the same registry always
//! gives the same text. [`schema_diff`] tells what changed between two of them.
//!
//! Not here: links and ids between objects and what the host has. A schema sees one value at a time.
//!
//! Why not derive the schema from Rust types (schemars): the registry is the only source, and it is a value that
//! a program puts together when it runs.

mod describe;
mod diff;
mod document;
mod example;
mod property;
mod qapi;
#[cfg(test)]
mod tests;
mod value;

pub use describe::{describe_property, describe_type, describe_types};
pub use diff::{Impact, SchemaChange, schema_diff};
pub use document::{document_schema, type_schema};
pub use example::{default_value, example_bag};
pub use qapi::qapi_schema;
