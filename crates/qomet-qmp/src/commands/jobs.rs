//! `query-jobs` and `job-cancel`: what takes long, and stopping it. Both are allowed out of band.

use qomet::Value;

use crate::dispatch::{Call, Command, Done, Nothing, Shape};
use crate::jobs::{JobInfo, NotCancelled};
use crate::wire::Refusal;

/// The arguments of `job-cancel`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Cancel {
    /// The id of the job
    id: String,
}

pub(super) fn all() -> Vec<Command> {
    vec![
        Command::raw("query-jobs", Shape::Of(Nothing::TYPE), Shape::Of(<Vec<JobInfo>>::TYPE), |call| {
            call.read::<Nothing>()?;
            call.dispatcher.jobs.list().write(call.output);
            Ok(Done::Now)
        })
        .out_of_band()
        .read_only(),
        Command::raw("job-cancel", Shape::Of(Cancel::TYPE), Shape::Of(Nothing::TYPE), cancel).out_of_band(),
    ]
}

fn cancel(call: &mut Call<'_>) -> Result<Done, Refusal> {
    let Cancel { id } = call.read()?;
    call.dispatcher.jobs.cancel(&id).map_err(|why| match why {
        NotCancelled::Unknown => {
            let shown: String = id.chars().filter(|c| !c.is_control()).take(60).collect();
            Refusal::custom("job-not-found", format!("there is no job '{shown}'"))
        }
        NotCancelled::Impossible => Refusal::custom(
            "job-not-cancellable",
            format!("job '{id}' deletes an object and cannot be cancelled"),
        ),
    })?;
    Nothing.write(call.output);
    Ok(Done::Now)
}
