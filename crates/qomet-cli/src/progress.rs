//! How far long work has come: a bar on the terminal, or lines of JSON for programs.
//!
//! `run` follows the [`Progress`] of what it creates, `apply` the job of the server. A thread looks ten times a second and
//! draws on standard error, which nobody else writes to meanwhile; where that is no terminal and no JSON is wanted,
//! there is no thread. Work that has nothing to count (most of it) shows nothing.
//!
//! A line of JSON is `{"progress": {"id": …, "done": …, "total": …, "rate": …, "eta": …}}`: the object that is worked on,
//! bytes, bytes per second, and seconds. `rate` and `eta` are absent while they are not known. The last line of a piece
//! of work that came to its end has `done` equal to `total`.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use qomet::Progress;
use serde_json::{Map, Value};

use crate::console::Console;
use crate::text::shown;

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(100);

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Bar,
    Lines,
}

impl Look {
    /// What fits; `None` where nobody looks.
    pub(crate) fn of(console: &Console, json: bool) -> Option<Self> {
        if json { Some(Look::Lines) } else { console.is_watched().then_some(Look::Bar) }
    }
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The object that is worked on.
    pub(crate) object: Option<String>,
    /// In bytes.
    pub(crate) done: u64,
    /// In bytes.
    pub(crate) total: u64,
    /// In bytes per second.
    pub(crate) rate: Option<u64>,
    pub(crate) eta: Option<Duration>,
}

impl Report {
    /// What a progress tells.
    pub(crate) fn of(progress: &Progress) -> Self {
        // In this order: what is done is never more than the total.
        let done = progress.done();
        Report {
            object: progress.object().map(|id| id.to_string()),
            done,
            total: progress.total(),
            rate: progress.rate(),
            eta: progress.eta(),
        }
    }

    fn line(&self) -> String {
        let mut members = Map::new();
        let mut add =
            |name: &str, value: Option<Value>| value.map(|value| members.insert(name.to_owned(), value));
        add("id", self.object.clone().map(Value::from));
        add("done", Some(self.done.into()));
        add("total", Some(self.total.into()));
        add("rate", self.rate.map(Value::from));
        add("eta", self.eta.map(|eta| Value::from(eta.as_secs_f64())));
        format!("{}\n", Value::Object(Map::from_iter([("progress".to_owned(), Value::Object(members))])))
    }
}

/// Shows how far something is, until it is dropped.
pub(crate) struct Shown {
    /// Nothing is sent: that it is closed is the end.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Shows a progress of this process.
    pub(crate) fn of(look: Option<Look>, progress: &Arc<Progress>) -> Self {
        let progress = Arc::clone(progress);
        Self::follow(look, move || Some(Report::of(&progress)))
    }

    /// Shows what `ask` tells whenever it is asked, if it tells something.
    pub(crate) fn follow(look: Option<Look>, ask: impl FnMut() -> Option<Report> + Send + 'static) -> Self {
        let Some(look) = look else { return Shown { end: None, thread: None } };
        let (end, ended) = channel::<()>();
        let work = move || {
            let (mut ask, mut view) = (ask, View::new(look));
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                view.show(ask());
            }
            view.show(ask());
            view.end();
        };
        // Without a thread there is nothing to see, and the work goes on.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(work).ok();
        Shown { end: Some(end), thread }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is on the screen.
struct View {
    look: Look,
    bar: Option<ProgressBar>,
    /// What was shown last.
    last: Report,
}

impl View {
    fn new(look: Look) -> Self {
        View { look, bar: None, last: Report::default() }
    }

    fn show(&mut self, report: Option<Report>) {
        let Some(report) = report.filter(|report| report.total > 0 && *report != self.last) else { return };
        match self.look {
            Look::Lines => {
                // A reader that went away ends the lines, not the work.
                let _ = std::io::stderr().lock().write_all(report.line().as_bytes());
            }
            Look::Bar => {
                let bar = self.bar.get_or_insert_with(|| bar(report.total));
                bar.set_length(report.total);
                bar.set_position(report.done);
                bar.set_prefix(report.object.as_deref().map(|id| shown(id).to_string()).unwrap_or_default());
                bar.set_message(rest(&report));
                bar.tick();
            }
        }
        self.last = report;
    }

    /// The bar goes: what follows has the screen for itself.
    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = "{prefix} [{wide_bar}] {binary_bytes} of {binary_total_bytes}{msg}";
    // The template is right; if it were not, the usual bar would do.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// Rate and remaining time in words.
fn rest(report: &Report) -> String {
    let Some(rate) = report.rate.filter(|rate| *rate > 0) else { return String::new() };
    let mut text = format!(", {}/s", indicatif::BinaryBytes(rate));
    if let Some(eta) = report.eta {
        text.push_str(&format!(", {} s left", eta.as_millis().div_ceil(1000)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_is_known() {
        let report = Report { done: 1 << 20, total: 4 << 20, ..Report::default() };
        assert_eq!(report.line(), "{\"progress\":{\"done\":1048576,\"total\":4194304}}\n");
        let report = Report {
            object: Some("ram0".to_owned()),
            rate: Some(2 << 20),
            eta: Some(Duration::from_millis(1500)),
            ..report
        };
        let line = "{\"progress\":{\"id\":\"ram0\",\"done\":1048576,\"total\":4194304,\"rate\":2097152,\"eta\":1.5}}\n";
        assert_eq!(report.line(), line);
    }

    #[test]
    fn the_rest_is_told_in_whole_seconds_once_there_is_a_rate() {
        let report = Report { done: 1, total: 4 << 20, rate: Some(0), ..Report::default() };
        assert_eq!(rest(&report), "");
        let report = Report { rate: Some(2 << 20), eta: Some(Duration::from_millis(1500)), ..report };
        assert_eq!(rest(&report), ", 2.00 MiB/s, 2 s left");
    }

    #[test]
    fn nobody_who_looks_is_no_thread() {
        let shown = Shown::follow(None, || unreachable!("nobody asks"));
        assert!(shown.thread.is_none());
    }
}
