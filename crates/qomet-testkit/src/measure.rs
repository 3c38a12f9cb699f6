//! Measuring against an anchor: ours and the anchor in turn, the best of several rounds, one table at the end.
//!
//! Machines speed up and slow down for minutes, so only the ratio of what one run measured in turn says anything.
//! The anchor of a row is a bare program that does only what cannot be avoided. Why not criterion or divan: they
//! measure one thing after the other.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How often ours and the anchor are measured in turn.
pub const ROUNDS: usize = 9;

/// What a row should come to.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Nanoseconds.
    pub target: f64,
    /// What the anchor took where the target was set, in nanoseconds: the goal is also met by the same ratio.
    pub limit: Option<f64>,
}

impl Goal {
    /// So many nanoseconds, where nobody knows what is unavoidable.
    #[must_use]
    pub const fn at_most(target: f64) -> Self {
        Goal { target, limit: None }
    }

    /// So many nanoseconds where the anchor took `limit`.
    #[must_use]
    pub const fn of_limit(target: f64, limit: f64) -> Self {
        Goal { target, limit: Some(limit) }
    }

    /// So many times the anchor, however long that takes.
    #[must_use]
    pub const fn times(ratio: f64) -> Self {
        Goal { target: 0.0, limit: Some(-ratio) }
    }

    fn ratio(self) -> Option<f64> {
        self.limit.map(|limit| if limit < 0.0 { -limit } else { self.target / limit })
    }
}

struct Row {
    name: String,
    ours: String,
    anchor: String,
    ratio: String,
    goal: String,
    met: Option<bool>,
}

/// The table.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

fn nanoseconds(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.2} s", v / 1e9),
        v if v >= 1e6 => format!("{:.2} ms", v / 1e6),
        v if v >= 1e4 => format!("{:.1} µs", v / 1e3),
        v if v >= 100.0 => format!("{v:.0} ns"),
        v => format!("{v:.2} ns"),
    }
}

fn time(mut step: impl FnMut(), count: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        step();
    }
    start.elapsed()
}

/// So many calls that a round takes about two milliseconds.
fn calibrate(mut step: impl FnMut()) -> u32 {
    let mut count = 16;
    loop {
        let took = time(&mut step, count);
        if took >= Duration::from_micros(500) || count >= 1 << 22 {
            return count.saturating_mul(4);
        }
        count *= 2;
    }
}

fn per(took: Duration, count: f64) -> f64 {
    took.as_secs_f64() * 1e9 / count
}

impl Report {
    /// Measures a short operation and its anchor.
    pub fn compare(
        &mut self,
        name: &str,
        goal: Goal,
        mut ours: impl FnMut(),
        mut anchor: impl FnMut(),
    ) -> f64 {
        let (mut best, mut least) = (f64::MAX, f64::MAX);
        let (count, times) = (calibrate(&mut ours), calibrate(&mut anchor));
        for _ in 0..ROUNDS {
            best = best.min(per(time(&mut ours, count), count.into()));
            least = least.min(per(time(&mut anchor, times), times.into()));
        }
        self.row(name, goal, best, least);
        best
    }

    /// Measures something that needs preparing: both return how long one round took; `count` items are in a round.
    pub fn rounds(
        &mut self,
        name: &str,
        goal: Goal,
        count: f64,
        rounds: usize,
        mut ours: impl FnMut() -> Duration,
        mut anchor: impl FnMut() -> Duration,
    ) -> f64 {
        let (mut best, mut least) = (f64::MAX, f64::MAX);
        for _ in 0..rounds {
            best = best.min(per(ours(), count));
            least = least.min(per(anchor(), count));
        }
        self.row(name, goal, best, least);
        best
    }

    fn row(&mut self, name: &str, goal: Goal, ours: f64, anchor: f64) {
        let ratio = ours / anchor;
        let wanted = match (goal.ratio(), goal.target) {
            (Some(ratio), 0.0) => format!("≤ {ratio:.2}×"),
            (Some(ratio), target) => format!("≤ {} or {ratio:.2}×", nanoseconds(target)),
            (None, target) => format!("≤ {}", nanoseconds(target)),
        };
        let met = ours <= goal.target || goal.ratio().is_some_and(|wanted| ratio <= wanted);
        let ratio = format!("{ratio:.2}×");
        self.push(name, nanoseconds(ours), nanoseconds(anchor), ratio, wanted, Some(met));
    }

    /// Adds a row of anything; `met` is absent where nothing is asked for.
    pub fn push(
        &mut self,
        name: &str,
        ours: impl Into<String>,
        anchor: impl Into<String>,
        ratio: impl Into<String>,
        goal: impl Into<String>,
        met: Option<bool>,
    ) {
        let (ours, anchor, ratio, goal) = (ours.into(), anchor.into(), ratio.into(), goal.into());
        self.rows.push(Row { name: name.to_owned(), ours, anchor, ratio, goal, met });
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> String {
        let head = ["what", "ours", "anchor", "ratio", "target", ""].map(str::to_owned);
        let mut lines = vec![head];
        for row in &self.rows {
            let met = match row.met {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            let cells = [&row.name, &row.ours, &row.anchor, &row.ratio, &row.goal].map(String::clone);
            let [name, ours, anchor, ratio, goal] = cells;
            lines.push([name, ours, anchor, ratio, goal, met.to_owned()]);
        }
        let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..6).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            for (at, cell) in line.iter().enumerate() {
                let pad = " ".repeat(widths[at] - cell.chars().count());
                let _ = if at == 0 || at >= 4 {
                    write!(text, "{cell}{pad}  ")
                } else {
                    write!(text, "{pad}{cell}  ")
                };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}
