//! What is measured over QMP, and what it should come to: each row for Qomet, QEMU and a bare server in turn.
//!
//! Targets and what limit or QEMU came to where they were set: `Target`'s numbers. Not here: what happens in process,
//! which `cargo bench -p qomet` measures.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use crate::client::{Client, Requests};
use crate::crowd;
use crate::memory;
use crate::server::{Kind, Server, on_one_cpu};
use crate::table::{Figures, Row, Target, Unit};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Qomet's server.
    pub ours: Kind,
    /// QEMU's, if there is one.
    pub peer: Option<Kind>,
    /// How many rounds there are where QEMU takes less than a second; where it takes longer, it has one.
    pub rounds: usize,
    /// Everything is divided by this: 1 measures in full, more shows quickly that it works.
    pub divisor: usize,
    /// The size of the object whose memory is allocated while another client asks.
    pub prealloc: u64,
}

/// A group of rows that are measured together.
pub type Measure = fn(&Plan) -> io::Result<Vec<Row>>;

/// All groups, by name.
pub const ALL: [(&str, Measure); 12] = [
    ("round-trip", round_trip),
    ("pipelined", pipelined),
    ("add-del", add_and_delete),
    ("many", many_objects),
    ("ram", small_backends),
    ("tree", whole_tree),
    ("introspection", introspection),
    ("clients", clients),
    ("prealloc", prealloc),
    ("populate", memory::populate),
    ("start", start_up),
    ("quit", quit),
];

const QUIT: &str = "{\"execute\":\"quit\"}\n";

impl Plan {
    fn count(&self, full: usize) -> usize {
        (full / self.divisor).max(4)
    }

    /// Measures Qomet, the peer and a bare server in turn, the peer at most so many times, a few figures each time.
    fn in_turn<const N: usize>(
        &self,
        limit: Option<&Kind>,
        peer_rounds: usize,
        mut measure: impl FnMut(&Kind) -> io::Result<[f64; N]>,
    ) -> io::Result<[Figures; N]> {
        let mut all: [Figures; N] = std::array::from_fn(|_| Figures::default());
        let mut note = |kind: &Kind, which: fn(&mut Figures) -> &mut Vec<f64>| -> io::Result<()> {
            let found = measure(kind)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", kind.name())))?;
            for (figures, value) in all.iter_mut().zip(found) {
                which(figures).push(value);
            }
            Ok(())
        };
        for round in 0..self.rounds {
            if let Some(kind) = limit {
                note(kind, |figures| &mut figures.limit)?;
            }
            note(&self.ours, |figures| &mut figures.ours)?;
            if let Some(kind) = self.peer.as_ref().filter(|_| round < peer_rounds) {
                note(kind, |figures| &mut figures.peer)?;
            }
        }
        Ok(all)
    }
}

fn row(what: impl Into<String>, unit: Unit, target: Target, figures: Figures) -> Row {
    Row { what: what.into(), unit, target, figures }
}

fn add(type_name: &str, id: &str) -> String {
    format!("{{\"execute\":\"object-add\",\"arguments\":{{\"qom-type\":\"{type_name}\",\"id\":\"{id}\"}}}}")
}

fn delete(id: &str) -> String {
    format!("{{\"execute\":\"object-del\",\"arguments\":{{\"id\":\"{id}\"}}}}")
}

fn get(id: &str, property: &str) -> String {
    let path = format!("/objects/{id}");
    format!("{{\"execute\":\"qom-get\",\"arguments\":{{\"path\":\"{path}\",\"property\":\"{property}\"}}}}")
}

fn list(path: &str) -> String {
    format!("{{\"execute\":\"qom-list\",\"arguments\":{{\"path\":\"{path}\"}}}}")
}

fn line(mut request: String) -> String {
    request.push('\n');
    request
}

fn quantile(sorted: &[Duration], part: f64) -> f64 {
    let at = (sorted.len() as f64 * part) as usize;
    sorted.get(at.min(sorted.len() - 1)).map_or(0.0, Duration::as_secs_f64)
}

fn seconds(work: impl FnOnce() -> io::Result<()>) -> io::Result<f64> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Half of the tries take less, half more.
fn p50(client: &mut Client, request: &str, count: usize) -> io::Result<f64> {
    let mut times = client.round_trips(request, count)?;
    times.sort_unstable();
    Ok(quantile(&times, 0.5))
}

/// Whether it is QEMU's or its storage daemon.
fn is_slow(kind: &Kind) -> bool {
    matches!(kind, Kind::Qemu | Kind::StorageDaemon)
}

/// Adds objects of the plain type, `o0` and so on.
fn populate(kind: &Kind, client: &mut Client, count: usize) -> io::Result<()> {
    let (type_name, _) = kind.plain_type();
    let requests: Requests = (0..count).map(|index| add(type_name, &format!("o{index}"))).collect();
    client.pipeline(&requests, 100).map(drop)
}

fn round_trip(plan: &Plan) -> io::Result<Vec<Row>> {
    let measure = |kind: &Kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        let (type_name, property) = kind.plain_type();
        client.call(&line(add(type_name, "o0")))?;
        let request = line(get("o0", property));
        client.round_trips(&request, 200)?;
        let count = plan.count(if is_slow(kind) { 2_000 } else { 20_000 });
        let mut times = client.round_trips(&request, count)?;
        times.sort_unstable();
        Ok([quantile(&times, 0.5), quantile(&times, 0.99)])
    };
    let [p50, p99] = plan.in_turn(Some(&Kind::Echo), plan.rounds, |kind| on_one_cpu(|| measure(kind)))?;
    let [free50, free99] = plan.in_turn(Some(&Kind::Echo), plan.rounds, measure)?;
    Ok(vec![
        row("qom-get round trip, one CPU, p50", Unit::Time, Target::TimesLimit(2.0), p50),
        row("  p99", Unit::Time, Target::WhereLimit(20e-6, 4.8e-6), p99),
        row("qom-get round trip, free, p50", Unit::Time, Target::TimesLimit(1.15), free50),
        row("  p99", Unit::Time, Target::None, free99),
    ])
}

fn pipelined(plan: &Plan) -> io::Result<Vec<Row>> {
    let [rate] = plan.in_turn(Some(&Kind::Bare), plan.rounds, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        let (type_name, property) = kind.plain_type();
        client.call(&line(add(type_name, "o0")))?;
        let count = plan.count(if is_slow(kind) { 4_000 } else { 500_000 });
        let requests: Requests = (0..count).map(|_| get("o0", property)).collect();
        let taken = seconds(|| client.pipeline(&requests, 1_000).map(drop))?;
        Ok([count as f64 / taken])
    })?;
    Ok(vec![row("qom-get, 1,000 in flight", Unit::Rate, Target::WhereLimit(1e6, 2.6e6), rate)])
}

fn add_and_delete(plan: &Plan) -> io::Result<Vec<Row>> {
    let [rate] = plan.in_turn(Some(&Kind::Bare), plan.rounds, |kind| {
        on_one_cpu(|| {
            let mut server = Server::start(kind, &[])?;
            let mut client = server.client()?;
            let (type_name, _) = kind.plain_type();
            let (add, delete) = (line(add(type_name, "o0")), line(delete("o0")));
            let count = plan.count(if is_slow(kind) { 1_000 } else { 20_000 });
            let taken = seconds(|| {
                for _ in 0..count {
                    client.call(&add)?;
                    client.call(&delete)?;
                }
                Ok(())
            })?;
            Ok([count as f64 / taken])
        })
    })?;
    let target = Target::WhereLimit(40_000.0, 74_600.0);
    Ok(vec![row("object-add + object-del, pairs, one CPU", Unit::Rate, target, rate)])
}

fn many_objects(plan: &Plan) -> io::Result<Vec<Row>> {
    let count = plan.count(100_000);
    let [adding, deleting, idle, each] = plan.in_turn(Some(&Kind::Bare), 1, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        let idle = server.resident()?;
        let adding = seconds(|| populate(kind, &mut client, count))?;
        let grown = server.resident()?.saturating_sub(idle) as f64;
        let deletions = plan.count(if is_slow(kind) { 200 } else { 5_000 }).min(count);
        // Not the last ones: those are easy to find.
        let requests: Requests =
            (0..deletions).map(|index| delete(&format!("o{}", index * 7 % count))).collect();
        let deleting = seconds(|| client.pipeline(&requests, 100).map(drop))?;
        Ok([adding, deleting / deletions as f64, idle as f64, grown / count as f64])
    })?;
    let part = 1.0 / plan.divisor as f64;
    Ok(vec![
        row(
            format!("{count} × object-add, window 100"),
            Unit::Time,
            Target::WhereLimit(0.3 * part, 0.12 * part),
            adding,
        ),
        row(format!("object-del with {count} present"), Unit::Time, Target::WhereLimit(3e-6, 1e-6), deleting),
        row("memory of an idle server", Unit::Bytes, Target::Fixed(5e6), idle),
        row("memory for an object", Unit::Bytes, Target::Fixed(260.0), each),
    ])
}

fn small_backends(plan: &Plan) -> io::Result<Vec<Row>> {
    let count = plan.count(2_000);
    let plan = without_storage_daemon(plan);
    let [taken] = plan.in_turn(None, 1, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        let requests: Requests = (0..count)
            .map(|index| add("memory-backend-ram", &format!("m{index}")).replace("}}", ",\"size\":4096}}"))
            .collect();
        Ok([seconds(|| client.pipeline(&requests, 100).map(drop))?])
    })?;
    let target = Target::Fixed(80e-3 / plan.divisor as f64);
    Ok(vec![row(format!("{count} × memory-backend-ram of 4 KiB"), Unit::Time, target, taken)])
}

/// The storage daemon has no memory backends.
fn without_storage_daemon(plan: &Plan) -> Plan {
    let peer = plan.peer.clone().filter(|peer| *peer != Kind::StorageDaemon);
    Plan { peer, ..plan.clone() }
}

fn whole_tree(plan: &Plan) -> io::Result<Vec<Row>> {
    let count = plan.count(10_000);
    let part = 1.0 / plan.divisor as f64;
    let [pipelined] = plan.in_turn(None, 1, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        populate(kind, &mut client, count)?;
        let (_, property) = kind.plain_type();
        let mut requests = Requests::default();
        requests.push(&list("/"));
        requests.push(&list("/objects"));
        for index in 0..count {
            let id = format!("o{index}");
            requests.push(&list(&format!("/objects/{id}")));
            requests.push(&get(&id, "type"));
            requests.push(&get(&id, property));
        }
        Ok([seconds(|| client.pipeline(&requests, 1_000).map(drop))?])
    })?;
    let what = format!("whole tree of {count} objects, {} commands", 3 * count + 2);
    let mut rows =
        vec![row(what, Unit::Time, Target::WherePeer(60e-3 * part, 8.5 * part), pipelined.clone())];
    let ours = Plan { peer: None, ..plan.clone() };
    let at_once = ours.in_turn(None, 0, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        populate(kind, &mut client, count)?;
        let request = "{\"execute\":\"x-tree\",\"arguments\":{\"path\":\"/\"}}\n";
        let length = client.call(request)?.len();
        if length < count * 20 {
            return Err(io::Error::other(format!("x-tree told {length} bytes of {count} objects")));
        }
        Ok([p50(&mut client, request, 20)?])
    });
    match at_once {
        Ok([mut figures]) => {
            figures.peer = pipelined.peer;
            let target = Target::WherePeer(15e-3 * part, 8.5 * part);
            rows.push(row("  by x-tree", Unit::Time, target, figures));
        }
        Err(error) => println!("not measured: x-tree: {error}"),
    }
    Ok(rows)
}

fn introspection(plan: &Plan) -> io::Result<Vec<Row>> {
    let count = plan.count(100);
    let [schema, types, properties] = plan.in_turn(None, plan.rounds, |kind| {
        on_one_cpu(|| {
            let mut server = Server::start(kind, &[])?;
            let mut client = server.client()?;
            let (type_name, _) = kind.plain_type();
            let type_name = if *kind == Kind::StorageDaemon { type_name } else { "memory-backend-file" };
            let properties = format!(
                "{{\"execute\":\"qom-list-properties\",\"arguments\":{{\"typename\":\"{type_name}\"}}}}\n"
            );
            let schema = "{\"execute\":\"query-qmp-schema\"}\n";
            client.call(schema)?;
            Ok([
                p50(&mut client, schema, count.div_ceil(10))?,
                p50(&mut client, "{\"execute\":\"qom-list-types\"}\n", count)?,
                p50(&mut client, &properties, count)?,
            ])
        })
    })?;
    Ok(vec![
        row("query-qmp-schema", Unit::Time, Target::WherePeer(0.5e-3, 47e-3), schema),
        row("qom-list-types", Unit::Time, Target::WherePeer(40e-6, 2.0e-3), types),
        row("qom-list-properties", Unit::Time, Target::WherePeer(12e-6, 278e-6), properties),
    ])
}

fn clients(plan: &Plan) -> io::Result<Vec<Row>> {
    crowd::raise_descriptors()?;
    let crowd = plan.count(1_000);
    let long = Duration::from_millis(3_000 / plan.divisor.min(10) as u64);
    let [rate, p99, unfairness] = plan.in_turn(Some(&Kind::Bare), 1, |kind| {
        let sockets = if is_slow(kind) { crowd } else { 1 };
        let mut server = Server::with_sockets(kind, &[], sockets)?;
        let (type_name, property) = kind.plain_type();
        let mut client = server.client()?;
        client.call(&line(add(type_name, "o0")))?;
        drop(client);
        let served = crowd::serve(server.sockets(), crowd, &line(get("o0", property)), long)?;
        Ok([served.rate, quantile(&served.times, 0.99), served.unfairness])
    })?;
    let mut rows = vec![
        row(format!("{crowd} busy clients"), Unit::Rate, Target::WhereLimit(150e3, 218e3), rate),
        row("  p99", Unit::Time, Target::Fixed(15e-3), p99),
        row("  most served ÷ least served", Unit::Ratio, Target::Fixed(1.3), unfairness),
    ];
    let request = "{\"execute\":\"query-status\"}\n";
    let many = plan.count(8_000);
    let options = more_clients(&plan.ours, many);
    let mut figures = Figures::default();
    let server = Server::start(&plan.ours, &options)?;
    figures.ours.push(crowd::accepted(server.socket(), many, request)? as f64);
    rows.push(row(format!("clients at once, of {many}"), Unit::Count, Target::Fixed(many as f64), figures));
    Ok(rows)
}

/// The option that lets so many clients in.
#[must_use]
pub fn more_clients(kind: &Kind, count: usize) -> Vec<String> {
    match kind {
        Kind::Qomet(_) => vec!["--max-clients".to_owned(), (count + 100).to_string()],
        _ => Vec::new(),
    }
}

fn prealloc(plan: &Plan) -> io::Result<Vec<Row>> {
    let size = plan.prealloc / plan.divisor as u64;
    let plan = without_storage_daemon(plan);
    let plan = Plan { rounds: plan.rounds.min(3), ..plan };
    let [slowest, taken] = plan.in_turn(None, 1, |kind| {
        let mut server = Server::with_sockets(kind, &[], 2)?;
        let (mut other, mut worker) = (server.client()?, Client::connect(server.socket())?);
        let request = format!(
            "{{\"execute\":\"object-add\",\"arguments\":{{\"qom-type\":\"memory-backend-ram\",\"id\":\"big\",\"size\":{size},\"prealloc\":true}}}}\n"
        );
        let ask = "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/objects\",\"property\":\"type\"}}\n";
        other.round_trips(ask, 100)?;
        let begin = Instant::now();
        worker.send(request.as_bytes())?;
        let mut slowest = Duration::ZERO;
        let waiting = std::thread::scope(|scope| -> io::Result<f64> {
            let waiter = scope.spawn(|| -> io::Result<f64> {
                let reply = worker.reply()?;
                if !reply.starts_with(b"{\"return\"") {
                    return Err(io::Error::other(String::from_utf8_lossy(reply).into_owned()));
                }
                Ok(begin.elapsed().as_secs_f64())
            });
            while !waiter.is_finished() {
                for time in other.round_trips(ask, 1)? {
                    slowest = slowest.max(time);
                }
            }
            waiter.join().map_err(|_| io::Error::other("the waiting thread panicked"))?
        })?;
        Ok([slowest.as_secs_f64(), waiting])
    })?;
    let size = format!("{:.1} GiB", size as f64 / f64::from(1 << 30));
    Ok(vec![
        row(
            format!("slowest qom-get while {size} are preallocated"),
            Unit::Time,
            Target::Fixed(5e-3),
            slowest,
        ),
        row("  the preallocation", Unit::Time, Target::None, taken),
    ])
}

fn start_up(plan: &Plan) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (full, target, limit, peer_rounds) in
        [(1, 3.5e-3, 1.7e-3, plan.rounds), (1_000, 5e-3, 2.0e-3, plan.rounds), (10_000, 20e-3, 2.4e-3, 1)]
    {
        let count = if full == 1 { 1 } else { plan.count(full) };
        let folder = tempfile::tempdir()?;
        let document = folder.path().join("objects.json");
        let mut text = String::from("[");
        for index in 0..count {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}\n  {{\"qom-type\": \"rng-builtin\", \"id\": \"o{index}\"}}");
        }
        text.push_str("\n]\n");
        std::fs::write(&document, text)?;
        let [figures] = plan.in_turn(Some(&Kind::Bare), peer_rounds, |kind| {
            let (type_name, _) = kind.plain_type();
            let option = if *kind == Kind::Qemu { "-object" } else { "--object" };
            let more: Vec<String> = match kind {
                Kind::Qomet(_) => vec![document.display().to_string()],
                Kind::Echo | Kind::Bare => Vec::new(),
                _ => (0..count)
                    .flat_map(|index| [option.to_owned(), format!("{type_name},id=o{index}")])
                    .collect(),
            };
            let mut server = Server::start(kind, &more)?;
            let starting = server.starting;
            if *kind != Kind::Bare {
                let last = get(&format!("o{}", count - 1), kind.plain_type().1);
                server.client()?.call(&line(last))?;
            }
            Ok([starting.as_secs_f64()])
        })?;
        let what = format!("start → first reply, {count} objects");
        rows.push(row(what, Unit::Time, Target::WhereLimit(target, limit), figures));
    }
    Ok(rows)
}

fn quit(plan: &Plan) -> io::Result<Vec<Row>> {
    let count = plan.count(10_000);
    let [taken] = plan.in_turn(None, 1, |kind| {
        let mut server = Server::start(kind, &[])?;
        let mut client = server.client()?;
        populate(kind, &mut client, count)?;
        Ok([seconds(|| {
            client.send(QUIT.as_bytes())?;
            server.wait().map(drop)
        })?])
    })?;
    Ok(vec![row(format!("quit with {count} objects"), Unit::Time, Target::Fixed(5e-3), taken)])
}
