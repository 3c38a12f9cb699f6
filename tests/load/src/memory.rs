//! How fast memory is made present and given back: Qomet's and QEMU's backends, and a bare program in C, in turn.
//!
//! Servers and program stay, and take their turns without a pause: memory that was free for seconds may be the host's
//! again, and then it is the host that is measured. A figure is the best of a few tries that follow each other, for the
//! same reason.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;
use crate::rows::Plan;
use crate::server::{Kind, PATIENCE, Server};
use crate::table::{Figures, Row, Target, Unit};

/// Where files of tmpfs are made.
const SHARED: &str = "/dev/shm";

/// How many tries a figure is the best of.
const TRIES: usize = 3;

/// The pool of huge pages that rows in hugetlbfs take theirs from.
const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

/// A kind of memory.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// What the bare program calls it.
    limit: &'static str,
    qom_type: &'static str,
    /// More properties, in JSON.
    properties: &'static str,
    target: Target,
}

const OF_LIMIT: Target = Target::Both { limit: 0.95, peer: 0.95 };
const OF_PEER: Target = Target::Both { limit: 0.0, peer: 2.4 };

const CASES: [Case; 4] = [
    Case {
        name: "anonymous",
        limit: "anonymous",
        qom_type: "memory-backend-ram",
        properties: "",
        target: OF_LIMIT,
    },
    Case {
        name: "memfd",
        limit: "memfd",
        qom_type: "memory-backend-memfd",
        properties: ",\"share\":true",
        target: OF_PEER,
    },
    Case {
        name: "file on tmpfs",
        limit: "file",
        qom_type: "memory-backend-file",
        properties: ",\"share\":true,\"mem-path\":\"PATH\"",
        target: OF_PEER,
    },
    Case {
        name: "hugetlb",
        limit: "hugetlb",
        qom_type: "memory-backend-memfd",
        properties: ",\"share\":true,\"hugetlb\":true",
        target: Target::Both { limit: 0.95, peer: 0.0 },
    },
];

/// What a try took: making present, giving back, and until the reply that it is given back.
type Times = [f64; 3];

/// How much memory of this kind is used on this machine, in bytes.
fn used(case: &Case) -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let number = |name: &str| -> io::Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
        number.ok_or_else(|| io::Error::other(format!("no {name} in /proc/meminfo")))
    };
    Ok(match case.limit {
        "anonymous" => number("AnonPages")? << 10,
        // Its pages are of 2 MiB, as the pool's.
        "hugetlb" => (number("HugePages_Total")? - number("HugePages_Free")?) << 21,
        _ => number("Shmem")? << 10,
    })
}

/// The bare program.
struct Limit {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Limit {
    fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (source, program) = (folder.path().join("limit.c"), folder.path().join("limit"));
        std::fs::write(&source, include_str!("limit.c"))?;
        let built = Command::new("cc").args(["-O2", "-pthread", "-o"]).arg(&program).arg(&source).status()?;
        if !built.success() {
            return Err(io::Error::other("cc cannot build the bare program"));
        }
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes to the bare program"));
        };
        Ok(Limit { child, to, from: BufReader::new(from), _folder: folder })
    }

    fn try_once(&mut self, case: &Case, threads: u32, size: u64, path: &Path) -> io::Result<Times> {
        writeln!(self.to, "{} {threads} {size} {}", case.limit, path.display())?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(present)), Some(Ok(back))) => Ok([present / 1e9, back / 1e9, back / 1e9]),
            _ => Err(io::Error::other(format!("the bare program: {}", line.trim()))),
        }
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server, and a client of it.
struct Served {
    _server: Server,
    client: Client,
}

impl Served {
    fn start(kind: &Kind) -> io::Result<Self> {
        let mut server = Server::start(kind, &[])?;
        let client = server.client()?;
        Ok(Served { _server: server, client })
    }

    fn add(&mut self, case: &Case, threads: Option<u32>, size: u64, path: &Path) -> io::Result<String> {
        let threads = threads.map_or_else(String::new, |count| format!(",\"prealloc-threads\":{count}"));
        let more = case.properties.replace("PATH", &path.display().to_string());
        Ok(format!(
            "{{\"execute\":\"object-add\",\"arguments\":{{\"qom-type\":\"{}\",\"id\":\"m\",\"size\":{size},\"prealloc\":true{threads}{more}}}}}\n",
            case.qom_type
        ))
    }

    fn try_once(&mut self, case: &Case, threads: Option<u32>, size: u64, path: &Path) -> io::Result<Times> {
        let add = self.add(case, threads, size, path)?;
        let begin = Instant::now();
        self.client.call(&add)?;
        let present = begin.elapsed();
        let full = used(case)?;
        let begin = Instant::now();
        self.client.call("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"m\"}}\n")?;
        let replied = begin.elapsed();
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Memory may be given back after the reply. Others use some, too.
        while used(case)? > full.saturating_sub(size / 8 * 7) {
            if begin.elapsed() > PATIENCE {
                return Err(io::Error::other("the memory is not given back"));
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        let back = begin.elapsed();
        Ok([present.as_secs_f64(), back.as_secs_f64(), replied.as_secs_f64()])
    }
}

/// The best of a few tries.
fn best(mut measure: impl FnMut() -> io::Result<Times>) -> io::Result<Times> {
    let mut least = [f64::MAX; 3];
    for _ in 0..TRIES {
        for (least, took) in least.iter_mut().zip(measure()?) {
            *least = least.min(took);
        }
    }
    Ok(least)
}

/// Huge pages in the pool, as long as it lives. No test of this repository uses the pool meanwhile.
struct Pool {
    before: String,
    _lock: std::fs::File,
}

impl Pool {
    fn of(pages: u64) -> io::Result<Self> {
        let path = std::env::temp_dir().join("qomet-test-huge-pages.lock");
        let lock = std::fs::File::options().create(true).append(true).open(path)?;
        lock.lock()?;
        let before = std::fs::read_to_string(POOL)?;
        std::fs::write(POOL, pages.to_string())?;
        let pool = Pool { before, _lock: lock };
        if std::fs::read_to_string(POOL)?.trim() != pages.to_string() {
            return Err(io::Error::other(format!("there are no {pages} huge pages")));
        }
        Ok(pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = std::fs::write(POOL, self.before.trim());
    }
}

/// The rows of making memory present, and of giving it back.
pub(crate) fn populate(plan: &Plan) -> io::Result<Vec<Row>> {
    let size = (plan.prealloc / 4 / plan.divisor as u64).next_multiple_of(2 << 20);
    let peer = plan.peer.as_ref().filter(|peer| **peer != Kind::StorageDaemon);
    let mut limit = Limit::start()?;
    let mut ours = Served::start(&plan.ours)?;
    let mut peer = peer.map(Served::start).transpose()?;
    let folder = tempfile::tempdir_in(SHARED)?;
    let path = folder.path().join("ram");
    let cpus = u32::try_from(std::thread::available_parallelism()?.get()).unwrap_or(1);
    let mut rows = Vec::new();
    for case in &CASES {
        let _pool = match (case.limit == "hugetlb").then(|| Pool::of(size >> 20)).transpose() {
            Ok(pool) => pool,
            Err(error) => {
                println!("not measured: {}: {error}", case.name);
                continue;
            }
        };
        let mut measure = |what: String, threads: Option<u32>, target: Target| -> io::Result<[Row; 3]> {
            let [mut present, mut back, mut reply] = [(); 3].map(|()| Figures::default());
            for _ in 0..plan.rounds {
                let worth_while = threads.unwrap_or(cpus.min((size >> 28).max(1) as u32));
                let mut note = |took: Times, which: fn(&mut Figures) -> &mut Vec<f64>| {
                    which(&mut present).push(size as f64 / took[0]);
                    which(&mut back).push(took[1]);
                    which(&mut reply).push(took[2]);
                };
                note(best(|| limit.try_once(case, worth_while, size, &path))?, |f| &mut f.limit);
                note(best(|| ours.try_once(case, threads, size, &path))?, |f| &mut f.ours);
                if let Some(peer) = &mut peer {
                    note(best(|| peer.try_once(case, threads, size, &path))?, |f| &mut f.peer);
                }
            }
            let present = Row { what, unit: Unit::Bandwidth, target, figures: present };
            let what = format!("  given back, {:.1} GiB", size as f64 / f64::from(1 << 30));
            let time = |what: String, target, figures| Row { what, unit: Unit::Time, target, figures };
            // 20 ms for 2 GiB where the limit came to 6 ms.
            let part = size as f64 / 2_147_483_648.0;
            let back = time(what, Target::WhereLimit(20e-3 * part, 6e-3 * part), back);
            Ok([present, back, time("  until the reply".to_owned(), Target::None, reply)])
        };
        let mut add = |found: io::Result<[Row; 3]>, count: usize| match found {
            Ok(found) => rows.extend(found.into_iter().take(count)),
            Err(error) => println!("not measured: {}: {error}", case.name),
        };
        let name = case.name;
        // A pool's pages are back when the reply comes; those of a file with a name go with the name.
        let count = if matches!(case.limit, "hugetlb" | "file") { 1 } else { 3 };
        add(measure(format!("{name}, one thread"), Some(1), case.target), count);
        add(measure(format!("{name}, two threads"), Some(2), case.target), 1);
        if case.limit == "anonymous" {
            let target = Target::Both { limit: 0.0, peer: 1.7 };
            add(measure(format!("{name}, default threads"), None, target), 1);
        }
    }
    match cancel(plan, &folder.path().join("ram"), size) {
        Ok(found) => rows.extend(found),
        Err(error) => println!("not measured: cancelling: {error}"),
    }
    Ok(rows)
}

/// How long after `job-cancel` the command that is cancelled is answered, with all given back that was present.
fn cancel(plan: &Plan, path: &Path, size: u64) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for case in &CASES[..2] {
        let mut figures = Figures::default();
        for _ in 0..plan.rounds {
            let mut server = Server::start(&plan.ours, &[])?;
            let (mut worker, mut other) = (server.client()?, Client::connect(server.socket())?);
            let mut served = Served { client: Client::connect(server.socket())?, _server: server };
            let add = served.add(case, Some(1), size * 8, path)?;
            worker.send(add.as_bytes())?;
            let begin = Instant::now();
            // Once a part of it is there.
            loop {
                let jobs =
                    String::from_utf8_lossy(other.call("{\"execute\":\"query-jobs\"}\n")?).into_owned();
                let progress = jobs.split("\"current-progress\":").nth(1);
                let done = progress.map(|rest| !rest.trim_start().starts_with("0,"));
                if done == Some(true) {
                    break;
                }
                if begin.elapsed() > PATIENCE {
                    return Err(io::Error::other("no job is listed"));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(20));
            let begin = Instant::now();
            other.call("{\"execute\":\"job-cancel\",\"arguments\":{\"id\":\"m\"}}\n")?;
            let reply = String::from_utf8_lossy(worker.reply()?).into_owned();
            figures.ours.push(begin.elapsed().as_secs_f64());
            if !reply.contains("cancelled") {
                return Err(io::Error::other(format!("not cancelled: {reply}")));
            }
        }
        let what = format!("cancelling {}, until the answer", case.name);
        rows.push(Row { what, unit: Unit::Time, target: Target::Fixed(50e-3), figures });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_program_makes_memory_present_and_removes_its_file() {
        let Ok(mut limit) = Limit::start() else {
            println!("skipped: there is no C compiler");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ram");
        for case in &CASES[..3] {
            let [present, back, _] = limit.try_once(case, 2, 8 << 20, &path).unwrap();
            assert!(present > 0.0 && back > 0.0, "{}", case.name);
        }
        assert!(!path.exists());
    }
}
