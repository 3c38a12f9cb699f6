//! What the types without a path have in common: each is one request, judged and created alone.

use qomet::prelude::*;
use qomet::{ProbeContext, Result};
use qomet_memory::{AnonymousRequest, Opened, check_anonymous, create_anonymous};

use super::batch::MemoryHost;
use super::problem::{refusal, warning};

pub(super) fn probe(request: &AnonymousRequest, cx: &mut ProbeContext<'_>) {
    let verdict = check_anonymous(&cx.service::<MemoryHost>().0, request);
    verdict.faults.into_iter().for_each(|fault| cx.report(refusal(fault)));
    verdict.warnings.into_iter().for_each(|one| cx.report(warning(one)));
}

pub(super) fn create(request: &AnonymousRequest, cx: &RealizeContext<'_>) -> Result<Opened> {
    create_anonymous(&cx.service::<MemoryHost>().0, request).map_err(refusal)
}
