//! Fails on demand, and tells the model's [`Trace`] all that is done to it.

use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Content, ModelErrorKind, ProbeContext};

use crate::Trace;

/// What a step holds: it tells when that is dropped.
pub struct StepState {
    id: String,
    trace: Arc<Trace>,
}

impl Drop for StepState {
    fn drop(&mut self) {
        self.trace.note(format!("drop {}", self.id));
    }
}

/// Fails on demand and leaves traces
#[derive(Object)]
#[object(name = "step", user_creatable, state = StepState)]
pub struct Step {
    /// The host refuses when it is realized.
    #[property(default = false)]
    refuse: bool,
    /// The host refuses when it is the so-manieth of its model to be realized, counted from 1.
    #[property(default = 0)]
    refuse_at: u32,
    /// The host refuses when it is probed.
    #[property(default = false)]
    refuse_probe: bool,
    /// What it did cannot be undone.
    #[property(default = false)]
    stuck: bool,
    /// It warns while it is realized.
    #[property(default = false)]
    warn: bool,
    /// What it holds is lost when it goes.
    #[property(default = false)]
    loses: bool,
    /// Others that it holds.
    #[property(default = Vec::new())]
    needs: Vec<Link<Step>>,
    /// It vetoes its deletion.
    #[property(default = false)]
    stays: Live<bool>,
}

fn refusal(message: &str) -> Diagnostic {
    ModelErrorKind::Host { message: message.to_owned() }.into()
}

impl Realize for Step {
    fn announce(&self, cx: &mut ProbeContext<'_>) {
        cx.service::<Trace>().note(format!("announce {}", cx.id()));
    }

    fn probe(&self, cx: &mut ProbeContext<'_>) {
        cx.service::<Trace>().note(format!("probe {}", cx.id()));
        if self.refuse_probe {
            cx.report(refusal("no room"));
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> qomet::Result<StepState> {
        let (id, trace) = (cx.id().to_owned(), cx.service::<Trace>());
        let count = trace.realizing(&id);
        cx.check_cancelled()?;
        trace.note(format!("realize {id}"));
        let (undo, stuck) = ((id.clone(), trace.clone()), self.stuck);
        cx.journal().record(move || {
            undo.1.note(format!("undo {}", undo.0));
            if stuck { Err(Diagnostic::custom("stuck", "it cannot be undone")) } else { Ok(()) }
        });
        let done = (id.clone(), trace.clone());
        cx.journal().on_commit(move || done.1.note(format!("commit {}", done.0)));
        if self.warn {
            cx.warn(ModelErrorKind::Deprecated { since: "1.0", replaced_by: None });
        }
        if self.refuse || self.refuse_at == count {
            return Err(refusal("out of steps"));
        }
        Ok(StepState { id, trace })
    }

    fn content(&self, _: &StepState) -> Content {
        if self.loses { Content::Lost } else { Content::None }
    }

    fn can_be_deleted(&self, _: &StepState) -> qomet::Result<()> {
        if self.stays() { Err(ModelErrorKind::NotDeletable.into()) } else { Ok(()) }
    }
}
