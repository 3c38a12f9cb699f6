//! `qomet-load`: the table of figures over QMP, the long soak, the long comparison of streams.
#![forbid(unsafe_code)]

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, Subcommand};
use qomet_load::server::{Kind, Server};
use qomet_load::{bare, crowd, rows, soak, stream, table};

/// Load, soak and garbage for QMP servers
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// Qomet's program [default: built now, in release mode]
    #[arg(long, global = true, value_name = "PATH")]
    qomet: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure Qomet, QEMU and a bare server in turn, and print the table
    Table {
        /// Which groups of rows [default: all]
        #[arg(value_name = "GROUP")]
        groups: Vec<String>,
        /// How often each is measured
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Divide every count by this: to see that it works
        #[arg(long, default_value_t = 1)]
        divide: usize,
        /// Leave QEMU out
        #[arg(long)]
        alone: bool,
    },
    /// Idle, busy and misbehaving clients; nothing may be lost, nothing may leak
    Soak {
        /// How many idle clients
        #[arg(long, default_value_t = 1000)]
        idle: usize,
        /// How many clients that check every reply
        #[arg(long, default_value_t = 50)]
        busy: usize,
        /// For so many seconds
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// What decides everything that is random
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Send Qomet and QEMU the same damaged streams, and compare the kinds of their replies
    Streams {
        /// How many
        #[arg(long, default_value_t = 5000)]
        count: usize,
        /// What decides them
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The bare server that echoes
    #[command(hide = true)]
    Echo {
        /// Its socket
        socket: PathBuf,
    },
    /// The bare server that parses and looks up
    #[command(hide = true)]
    Bare {
        /// Its socket
        socket: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> io::Result<ExitCode> {
    let qomet = || arguments.qomet.clone().map_or_else(build, Ok).map(Kind::Qomet);
    match arguments.task {
        Task::Echo { socket } => bare::echo(socket).map(|()| ExitCode::SUCCESS),
        Task::Bare { socket } => bare::parse(socket).map(|()| ExitCode::SUCCESS),
        Task::Table { groups, rounds, divide, alone } => {
            let peer = Kind::peer().filter(|_| !alone);
            let plan = rows::Plan { ours: qomet()?, peer, rounds, divisor: divide.max(1), prealloc: 4 << 30 };
            measure(&plan, &groups)
        }
        Task::Soak { idle, busy, seconds, seed } => {
            crowd::raise_descriptors()?;
            let vandals = 10;
            let kind = qomet()?;
            let options = rows::more_clients(&kind, idle + busy + vandals);
            let plan = soak::Plan { idle, busy, vandals, long: Duration::from_secs(seconds), seed };
            let outcome = soak::run(Server::start(&kind, &options)?, &plan)?;
            println!("{outcome}");
            Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Task::Streams { count, seed } => {
            let Some(peer) = Kind::peer() else {
                println!("skipped: neither qemu-system-x86_64 nor qemu-storage-daemon is installed");
                return Ok(ExitCode::SUCCESS);
            };
            let compared = stream::Pair::start(&qomet()?, &peer)?.compare(seed, count)?;
            println!("{compared}");
            Ok(if compared.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// Builds the program as it is released; Cargo says where it is.
fn build() -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "-p", "qomet-cli", "--message-format", "json-render-diagnostics"];
    let built = Command::new(cargo).args(arguments).stderr(std::process::Stdio::inherit()).output()?;
    let said = String::from_utf8_lossy(&built.stdout).into_owned();
    let mut program = said.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    program.next_back().ok_or_else(|| io::Error::other("the program could not be built"))
}

fn measure(plan: &rows::Plan, groups: &[String]) -> io::Result<ExitCode> {
    if let Some(unknown) = groups.iter().find(|group| rows::ALL.iter().all(|(name, _)| name != group)) {
        let known: Vec<_> = rows::ALL.iter().map(|(name, _)| *name).collect();
        return Err(io::Error::other(format!(
            "there is no group '{unknown}': expected {}",
            known.join(", ")
        )));
    }
    let load = || std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("beside {}; load before: {}", plan.peer.as_ref().map_or("nobody", Kind::name), load().trim());
    let mut all = Vec::new();
    for (name, measure) in rows::ALL {
        if groups.is_empty() || groups.iter().any(|group| group == name) {
            eprintln!("measuring {name}");
            match measure(plan) {
                Ok(rows) => all.extend(rows),
                Err(error) => println!("not measured: {name}: {error}"),
            }
        }
    }
    println!("load after: {}\n\n{}", load().trim(), table::render(&all));
    let missed = all.iter().filter(|row| row.missed_by().is_some_and(|by| by > 1.0)).count();
    println!("{missed} of {} rows miss their target", all.len());
    Ok(ExitCode::SUCCESS)
}
