//! The program `qomet`: all its commands with the types of `qomet-backends`.

use std::process::ExitCode;

use qomet::{Diagnostic, TypeRegistry};

fn main() -> Result<ExitCode, Vec<Diagnostic>> {
    let types = TypeRegistry::builder().add(qomet_backends::types());
    let types = types.explain(qomet_backends::explanations());
    Ok(qomet_cli::main(types.explain(qomet_vmm::EXPLANATIONS.iter().copied()).build()?))
}
