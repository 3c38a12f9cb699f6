//! Figures measured in turn, and whether they meet their targets.
//!
//! A machine's speed changes for minutes, so a target that was set where the limit was L stands for target ÷ L, with
//! the limit measured again in the same run; where there is no limit, QEMU takes its place. A figure is the median of
//! the rounds.

use std::fmt::Write as _;

/// What is measured: how it is written, and which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds; less is better.
    Time,
    /// Things a second; more is better.
    Rate,
    /// Bytes; fewer are better.
    Bytes,
    /// Bytes a second; more is better.
    Bandwidth,
    /// How many; more is better.
    Count,
    /// One for another; less is better.
    Ratio,
}

impl Unit {
    fn more_is_better(self) -> bool {
        matches!(self, Unit::Rate | Unit::Bandwidth | Unit::Count)
    }

    fn show(self, value: f64) -> String {
        match self {
            Unit::Time if value >= 1.0 => format!("{value:.2} s"),
            Unit::Time if value >= 1e-3 => format!("{:.2} ms", value * 1e3),
            Unit::Time => format!("{:.1} µs", value * 1e6),
            Unit::Rate if value >= 1e6 => format!("{:.2} M/s", value / 1e6),
            Unit::Rate => format!("{value:.0} /s"),
            Unit::Bandwidth => format!("{:.2} GiB/s", value / f64::from(1 << 30)),
            Unit::Bytes if value >= 1e6 => format!("{:.1} MB", value / 1e6),
            Unit::Bytes => format!("{value:.0} B"),
            Unit::Count => format!("{value:.0}"),
            Unit::Ratio => format!("{value:.2}×"),
        }
    }
}

/// What a row should come to.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// So much, wherever it is measured.
    Fixed(f64),
    /// So many times what the limit comes to.
    TimesLimit(f64),
    /// So much where the limit came to that.
    WhereLimit(f64, f64),
    /// So much where QEMU came to that.
    WherePeer(f64, f64),
    /// So many times what the limit and what QEMU come to, whichever is more.
    Both {
        /// Of the limit.
        limit: f64,
        /// Of QEMU.
        peer: f64,
    },
    /// Nothing: it is only told.
    None,
}

/// The figures of a row, one a round.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Qomet's.
    pub ours: Vec<f64>,
    /// QEMU's.
    pub peer: Vec<f64>,
    /// The bare server's.
    pub limit: Vec<f64>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// In which unit.
    pub unit: Unit,
    /// What it should come to.
    pub target: Target,
    /// What it came to.
    pub figures: Figures,
}

/// The middle one; of an even number the one behind the middle. `None` where there is none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

impl Row {
    /// What it has to come to in this run.
    #[must_use]
    pub fn wanted(&self) -> Option<f64> {
        let scaled = |target: f64, then: f64, now: Option<f64>| now.map_or(target, |now| target / then * now);
        match self.target {
            Target::Fixed(target) => Some(target),
            Target::TimesLimit(times) => median(&self.figures.limit).map(|limit| times * limit),
            Target::WhereLimit(target, then) => Some(scaled(target, then, median(&self.figures.limit))),
            Target::WherePeer(target, then) => Some(scaled(target, then, median(&self.figures.peer))),
            Target::Both { limit, peer } => {
                let limit = median(&self.figures.limit).map(|now| limit * now);
                let peer = median(&self.figures.peer).map(|now| peer * now);
                [limit, peer].into_iter().flatten().max_by(f64::total_cmp).filter(|wanted| *wanted > 0.0)
            }
            Target::None => None,
        }
    }

    /// By how much the target is missed: up to 1 it is met.
    #[must_use]
    pub fn missed_by(&self) -> Option<f64> {
        let (ours, wanted) = (median(&self.figures.ours)?, self.wanted()?);
        Some(if self.unit.more_is_better() { wanted / ours } else { ours / wanted })
    }
}

/// The rows as a table of text.
#[must_use]
pub fn render(rows: &[Row]) -> String {
    let mut lines =
        vec![["", "qomet", "QEMU", "limit", "÷ limit", "QEMU ÷", "wanted now", ""].map(String::from)];
    for row in rows {
        let [ours, peer, limit] =
            [&row.figures.ours, &row.figures.peer, &row.figures.limit].map(|all| median(all));
        let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| row.unit.show(value));
        // How many times better or worse, so that less is always better.
        let over = |one: Option<f64>, other: Option<f64>| match one.zip(other) {
            Some((one, other)) if row.unit.more_is_better() => format!("{:.2}", other / one),
            Some((one, other)) => format!("{:.2}", one / other),
            None => "–".to_owned(),
        };
        let verdict = match row.missed_by() {
            Some(by) if by <= 1.0 => "met".to_owned(),
            Some(by) => format!("MISSED by {by:.2}×"),
            None => String::new(),
        };
        let wanted = show(row.wanted());
        let ratios = [over(ours, limit), over(peer, ours)];
        let [to_limit, to_peer] = ratios;
        lines.push([
            row.what.clone(),
            show(ours),
            show(peer),
            show(limit),
            to_limit,
            to_peer,
            wanted,
            verdict,
        ]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..8).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            // Writing to a String cannot fail.
            let _ = if matches!(column, 0 | 7) {
                write!(text, "{cell:<width$}  ")
            } else {
                write!(text, "{cell:>width$}  ")
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: Unit, target: Target, ours: f64, limit: f64) -> Row {
        let figures = Figures { ours: vec![ours], peer: Vec::new(), limit: vec![limit] };
        Row { what: "row".to_owned(), unit, target, figures }
    }

    #[test]
    fn a_target_moves_with_its_limit() {
        let slow_machine = row(Unit::Time, Target::WhereLimit(2.0, 1.0), 3.9, 2.0);

        assert_eq!(slow_machine.wanted(), Some(4.0));
        assert!(slow_machine.missed_by().unwrap() < 1.0);
    }

    #[test]
    fn a_rate_misses_its_target_from_below() {
        let half = row(Unit::Rate, Target::Fixed(100.0), 50.0, 1.0);

        assert_eq!(half.missed_by(), Some(2.0));
        assert!(render(&[half]).contains("MISSED by 2.00×"));
    }

    #[test]
    fn one_round_that_is_disturbed_does_not_count() {
        assert_eq!(median(&[1.0, 900.0, 2.0]), Some(2.0));
    }
}
