//! What the types without a path have in common: each is one request, judged alone and in sum, and created alone.

use qomet::prelude::*;
use qomet::{ProbeContext, Result, Surroundings};
use qomet_memory::{AnonymousRequest, Opened, check_anonymous, create_anonymous, foresee_anonymous};

use super::batch::{MemoryHost, Requests};
use super::problem::{refusal, warning};

/// To be announced before any object of the batch is probed. What takes the place of an object is not: it gets the
/// memory that this one gives back.
pub(super) fn announce(request: AnonymousRequest, cx: &ProbeContext<'_>) {
    if !cx.is_leaving(cx.id()) {
        cx.batch::<Requests>().announce_anonymous(cx.id(), request);
    }
}

pub(super) fn probe(request: &AnonymousRequest, cx: &mut ProbeContext<'_>) {
    let (requests, host) = (cx.batch::<Requests>(), cx.service::<MemoryHost>());
    let verdict = check_anonymous(&host.0, request);
    verdict.faults.into_iter().for_each(|fault| cx.report(refusal(fault)));
    verdict.warnings.into_iter().for_each(|one| cx.report(warning(one)));
    requests.sum(cx.id(), &host).iter().for_each(|one| cx.report(warning(one.clone())));
}

/// The page size that the request comes to, once the host may be asked.
pub(super) fn page_size(request: &AnonymousRequest, around: Option<&Surroundings<'_>>) -> Option<u64> {
    let host = around?.service::<MemoryHost>();
    Some(foresee_anonymous(&host.0, request).ok()?.page_size)
}

/// Where there are huge pages, as there are none here.
pub(super) const HUGE_ELSEWHERE: &str =
    "take memory of huge pages: a memory-backend-memfd with hugetlb=on, or a file on a hugetlbfs";

pub(super) fn create(request: &AnonymousRequest, cx: &RealizeContext<'_>) -> Result<Opened> {
    create_anonymous(&cx.service::<MemoryHost>().0, request).map_err(refusal)
}
