//! Work that takes long, as clients see it: QEMU's jobs.
//!
//! A command that takes long calls [`Call::job`](crate::dispatch::Call::job), the one way to become a job: it is listed
//! by `query-jobs` from then on, `job-cancel` cancels it, and a worker of the server does it while others are served.
//! The client that asked gets its reply when it is done, as in QEMU; the job is gone by then. So a job never waits to
//! be dismissed, and `job-dismiss`, `job-finalize` and the like have no place here.
//!
//! `JOB_STATUS_CHANGE` tells all clients of a job in QEMU's order (created, running, waiting, pending, concluded, null;
//! after a failure aborting instead of waiting and pending). Most work that might take long does not: a job is told of
//! only once it has something to show, which is when it has said how much there is to do, or when somebody has listed
//! it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use qomet::{Progress, Value};

use crate::peer::{Event, Peers};

/// What a job does. Its `type` is the word of QEMU that comes next to it, so that a client that knows only those
/// reads the list; `x-command` says it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// `object-add`, `x-apply`
    Create,
    /// `qom-set`
    Change,
    /// `object-del`, which cannot be cancelled
    Delete,
}

/// The types of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "JobType")]
pub(crate) enum JobType {
    /// Objects are created
    Create,
    /// A property is set
    Amend,
    /// An object is deleted
    #[value(rename = "x-delete")]
    Delete,
}

/// The states of a job, as far as a client finds a job in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Value)]
#[value(name = "JobStatus")]
pub(crate) enum JobStatus {
    /// It waits for a thread
    Created,
    /// It is done now
    Running,
    /// It was done and is about to be concluded
    Waiting,
    /// The same, a moment later
    Pending,
    /// It was cancelled or failed, and what it did is being undone
    Aborting,
    /// It has ended
    Concluded,
    /// It is gone
    Null,
}

/// A job, as `query-jobs` tells it.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) struct JobInfo {
    /// The id
    pub(crate) id: String,
    /// What it does
    #[value(rename = "type")]
    pub(crate) job_type: JobType,
    /// Its state
    pub(crate) status: JobStatus,
    /// How much is done, in bytes
    pub(crate) current_progress: u64,
    /// How much there is to do, in bytes, as far as is known
    pub(crate) total_progress: u64,
    /// Why it failed
    pub(crate) error: Option<String>,
    /// How many bytes were done per second, since it began
    pub(crate) x_rate: Option<u64>,
    /// In how many seconds it is done if it goes on as before, rounded up
    pub(crate) x_eta: Option<u64>,
    /// The object it is about, or of several the one that is worked on
    pub(crate) x_object: Option<String>,
    /// The command it was started by
    pub(crate) x_command: String,
}

/// What the event `JOB_STATUS_CHANGE` tells.
#[derive(Clone, Debug, PartialEq, Value)]
pub(crate) struct JobStatusChange {
    /// The id of the job
    id: String,
    /// Its state from now on
    status: JobStatus,
}

/// The name of that event.
pub(crate) const STATUS_CHANGE: &str = "JOB_STATUS_CHANGE";

/// Why a job is not cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotCancelled {
    /// There is none of this id.
    Unknown,
    /// Its task cannot be stopped half-way.
    Impossible,
}

/// What is told of a job, and in which state it is.
struct State {
    status: JobStatus,
    /// Whether clients have been told that it exists.
    told: bool,
}

impl State {
    fn has_ended(&self) -> bool {
        matches!(self.status, JobStatus::Concluded | JobStatus::Null)
    }
}

struct Entry {
    id: String,
    task: Task,
    command: &'static str,
    object: Option<String>,
    progress: Arc<Progress>,
    peers: Arc<Peers>,
    /// Events are posted under this lock, so that they come in order; posting never waits.
    state: Mutex<State>,
}

/// The jobs of a server.
#[derive(Default)]
pub(crate) struct Jobs {
    list: Mutex<VecDeque<Arc<Entry>>>,
    /// Whether nothing may be begun any more.
    ended: AtomicBool,
}

/// A job that was accepted. It ends when this is dropped, whatever happens to the work.
pub(crate) struct Job {
    jobs: Arc<Jobs>,
    entry: Arc<Entry>,
    succeeded: bool,
}

impl Jobs {
    /// Accepts a job about `object`, which is an id or empty.
    pub(crate) fn start(
        self: &Arc<Self>,
        peers: &Arc<Peers>,
        task: Task,
        command: &'static str,
        object: &str,
    ) -> Job {
        let mut list = self.list.lock();
        let wanted = if qomet::is_id(object) { object } else { command };
        let is_taken = |id: &str| list.iter().any(|entry| entry.id == id);
        let mut id = wanted.to_owned();
        let mut number = 2_u64;
        while is_taken(&id) {
            id = format!("{wanted}-{number}");
            number += 1;
        }
        let entry = Arc::new(Entry {
            id,
            task,
            command,
            object: (!object.is_empty()).then(|| object.to_owned()),
            progress: Arc::default(),
            peers: Arc::clone(peers),
            state: Mutex::new(State { status: JobStatus::Created, told: false }),
        });
        let shown = Arc::downgrade(&entry);
        entry.progress.when_expected(move || {
            if let Some(entry) = shown.upgrade() {
                entry.tell();
            }
        });
        list.push_back(Arc::clone(&entry));
        drop(list);
        if self.ended.load(Ordering::SeqCst) {
            entry.progress.cancel();
        }
        Job { jobs: Arc::clone(self), entry, succeeded: false }
    }

    /// All there are, the oldest first.
    pub(crate) fn list(&self) -> Vec<JobInfo> {
        let all: Vec<_> = self.list.lock().iter().cloned().collect();
        all.iter().map(|entry| entry.info()).filter(|job| job.status != JobStatus::Null).collect()
    }

    /// Cancels the job of this id.
    ///
    /// # Errors
    /// There is none, or it cannot be.
    pub(crate) fn cancel(&self, id: &str) -> Result<(), NotCancelled> {
        let entry = self.list.lock().iter().find(|entry| entry.id == id).cloned();
        let entry = entry.ok_or(NotCancelled::Unknown)?;
        if entry.task == Task::Delete {
            return Err(NotCancelled::Impossible);
        }
        entry.progress.cancel();
        entry.change(&[JobStatus::Aborting]);
        Ok(())
    }

    /// Cancels all, and what is begun from now on.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        let all: Vec<_> = self.list.lock().iter().cloned().collect();
        all.iter().for_each(|entry| entry.progress.cancel());
    }
}

impl Entry {
    /// Tells clients that the job exists, once.
    fn tell(&self) {
        let mut state = self.state.lock();
        // Of what has ended nobody would hear the end.
        if state.has_ended() || std::mem::replace(&mut state.told, true) {
            return;
        }
        self.post(JobStatus::Created);
        if state.status != JobStatus::Created {
            self.post(JobStatus::Running);
        }
        if state.status == JobStatus::Aborting {
            self.post(JobStatus::Aborting);
        }
    }

    /// Goes from state to state; what it is in already, and what cannot follow, is left out.
    fn change(&self, states: &[JobStatus]) {
        let mut state = self.state.lock();
        for next in states {
            let aborts = state.status == JobStatus::Aborting;
            // Whoever cancels may have found the job just before it ended.
            let ended = state.has_ended();
            let possible = match next {
                JobStatus::Created => false,
                JobStatus::Running => state.status == JobStatus::Created,
                JobStatus::Aborting | JobStatus::Waiting | JobStatus::Pending => !aborts && !ended,
                JobStatus::Concluded | JobStatus::Null => true,
            };
            if possible {
                state.status = *next;
                if state.told {
                    self.post(*next);
                }
            }
        }
    }

    fn post(&self, status: JobStatus) {
        let data = JobStatusChange { id: self.id.clone(), status };
        self.peers.post(&Event::new(STATUS_CHANGE, |out| data.write(out)));
    }

    fn info(&self) -> JobInfo {
        self.tell();
        // In this order: what is done is never more than the total.
        let current_progress = self.progress.done();
        JobInfo {
            id: self.id.clone(),
            job_type: match self.task {
                Task::Create => JobType::Create,
                Task::Change => JobType::Amend,
                Task::Delete => JobType::Delete,
            },
            status: self.state.lock().status,
            current_progress,
            total_progress: self.progress.total(),
            error: None,
            x_rate: self.progress.rate(),
            x_eta: self
                .progress
                .eta()
                .map(|eta| eta.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)),
            x_object: self.object.clone().or_else(|| self.progress.object().as_deref().map(str::to_owned)),
            x_command: self.command.to_owned(),
        }
    }
}

impl Job {
    /// Does the work, which succeeded if it returns `Ok`.
    pub(crate) fn run<E>(mut self, work: impl FnOnce(&Arc<Progress>) -> Result<(), E>) -> Result<(), E> {
        self.entry.change(&[JobStatus::Running]);
        let done = work(&self.entry.progress);
        self.succeeded = done.is_ok();
        done
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        use JobStatus::{Aborting, Concluded, Null, Pending, Waiting};
        let entry = &self.entry;
        self.jobs.list.lock().retain(|other| !Arc::ptr_eq(other, entry));
        entry.change(if self.succeeded {
            &[Waiting, Pending, Concluded, Null]
        } else {
            &[Aborting, Concluded, Null]
        });
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jobs({})", self.list.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Peer;

    #[test]
    fn nothing_is_told_of_a_job_after_its_end() {
        let (jobs, peers) = (Arc::<Jobs>::default(), Arc::<Peers>::default());
        let client = Arc::new(Peer::new(1, false, |_| ()));
        client.open();
        peers.enter(&client);
        let heard = || {
            let mut text = String::new();
            client.deliver(&mut text, usize::MAX);
            text
        };
        let (listed, unlisted) = (
            jobs.start(&peers, Task::Create, "object-add", "a"),
            jobs.start(&peers, Task::Create, "object-add", "b"),
        );
        let (known, unknown) = (Arc::clone(&listed.entry), Arc::clone(&unlisted.entry));
        known.tell();
        drop((listed, unlisted));
        assert!(heard().trim_end().ends_with(r#""data":{"id":"a","status":"null"}}"#));

        // What those do who found the jobs just before.
        known.change(&[JobStatus::Aborting]);
        unknown.tell();
        assert_eq!(heard(), "");
    }
}
