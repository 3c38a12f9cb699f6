//! The program `qomet`: all its commands with the types of `qomet-backends`.

use std::process::ExitCode;

use qomet::{Diagnostic, TypeRegistry};

fn main() -> Result<ExitCode, Vec<Diagnostic>> {
    Ok(qomet_cli::main(TypeRegistry::builder().add(qomet_backends::types()).build()?))
}
