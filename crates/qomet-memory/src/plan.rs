//! A batch of file requests, judged together and opened one by one.
//!
//! Whoever creates objects makes one [`Plan`] per transaction ([`FileLedger::plan`], which only looks), shows its
//! verdicts, and then opens each request while realizing its object. Requests for one file, by whatever names, share
//! a group: its first opening makes or grows the file once, to the largest end of all (memory rule A5), so the
//! order of requests never matters. A plan does not populate memory and does not undo: effects go to the sink.
//!
//! Growing as each request comes, the obvious alternative, would make the outcome depend on the order: the second
//! request would find a file that is not empty and too short.
//!
//! Judging claims nothing: a file that another transaction made may be gone again when a request on it is opened,
//! which is then refused. From its first opening on, a group has a claim on its file (`ledger`), and nobody of the
//! same model takes the file away.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use parking_lot::Mutex;

use crate::check::{self, Company, Verdict};
use crate::error::{MAX_END, MemoryError};
use crate::faults::Call;
use crate::host::{Host, Place};
use crate::ledger::{Before, Claim, FileLedger, Origin, Turn};
use crate::open::{self, Opened};
use crate::overlap::{Other, overlaps};
use crate::pages::PageUnit;
use crate::probe::{FileId, Key, Kind, Probe, host_error, length, probe, quoted};
use crate::request::FileRequest;
use crate::undo::{Effect, Undo};
use crate::warning::MemoryWarning;

/// So many windows that overlap with others are told where they would not: each looks at all of their file.
const GAPS: usize = 100;

/// The first place before `end` where a window of so many bytes overlaps with none of the others, which are in the order
/// of their starts.
fn gap<'r>(
    others: impl Iterator<Item = &'r Range<u64>>,
    length: u64,
    unit: PageUnit,
    end: u64,
) -> Option<u64> {
    let mut at = 0_u64;
    for other in others {
        if other.start >= at.checked_add(length)? {
            break;
        }
        at = at.max(unit.up(other.end));
    }
    (at.checked_add(length)? <= end).then_some(at)
}

/// Requests that are judged, and if need be grow a file, together.
#[derive(Debug)]
pub struct Plan {
    host: Host,
    ledger: FileLedger,
    members: Vec<Member>,
    /// The first member of each name.
    by_owner: HashMap<String, usize>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Member {
    owner: String,
    request: FileRequest,
    /// `None` where the path leads nowhere.
    group: Option<usize>,
    verdict: Verdict,
}

/// The requests for one file.
#[derive(Debug)]
struct Group {
    key: Key,
    /// The largest end of all windows.
    end: u64,
    /// Somebody opens the file for writing.
    writer: bool,
    /// Of its claim on the file: one, whichever requests are opened.
    number: u64,
    /// The file once it has its length. Keeping it open keeps its identity from being reused.
    ready: Mutex<Option<(FileId, Arc<OwnedFd>)>>,
}

impl Group {
    fn claim(&self) -> Claim {
        Claim { number: self.number, end: self.end }
    }
}

impl FileLedger {
    /// Judges requests together; each comes with the name of the object that makes it, unique in the batch. Only
    /// looks: no file is made or changed. Waits while a transaction of the model makes, cuts or grows one of the files.
    pub fn plan(&self, host: &Host, requests: impl IntoIterator<Item = (String, FileRequest)>) -> Plan {
        let mut plan = Plan {
            host: host.clone(),
            ledger: self.clone(),
            members: Vec::new(),
            by_owner: HashMap::new(),
            groups: Vec::new(),
        };
        let (mut probes, mut by_key) = (Vec::new(), HashMap::new());
        for (owner, request) in requests {
            let found = probe(host, request.place());
            let group = found.as_ref().ok().map(|probe| plan.join(&request, probe, &mut by_key));
            plan.by_owner.entry(owner.clone()).or_insert(plan.members.len());
            plan.members.push(Member { owner, request, group, verdict: Verdict::default() });
            probes.push(found);
        }
        let judge = |(member, found): (&Member, _)| plan.judge(member, found);
        let judged: Vec<_> = plan.members.iter().zip(probes).map(judge).collect();
        let (verdicts, probes): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
        for (member, verdict) in plan.members.iter_mut().zip(verdicts) {
            member.verdict = verdict;
        }
        plan.warn_of_overlaps(&probes);
        plan.warn_of_space(&probes);
        plan
    }
}

impl Plan {
    /// What there is to say about each request, in their order.
    pub fn verdicts(&self) -> impl Iterator<Item = (&str, &Verdict)> {
        self.members.iter().map(|member| (member.owner.as_str(), &member.verdict))
    }

    /// What there is to say about the request of `owner`.
    pub fn verdict(&self, owner: &str) -> Option<&Verdict> {
        self.member(owner).map(|member| &member.verdict)
    }

    /// Opens, and maps, the request of `owner`. Every effect on a file is handed to `sink` as soon as it happened,
    /// also when opening fails afterwards: undo them in reverse to leave everything as it was. Using a file that
    /// another transaction, which may still fail, made or grew is an effect too.
    ///
    /// The order of work is grow, open, map, advise, bind (memory rule C8); with `prealloc`,
    /// [`crate::Region::allocate`] and [`crate::Region::populate`] come after it.
    ///
    /// # Errors
    ///
    /// The first fault of the verdict; what changed between judging and opening; what the host refuses.
    pub fn open(&self, owner: &str, sink: &mut dyn FnMut(Undo)) -> Result<Opened, MemoryError> {
        let member = self.member(owner).ok_or_else(|| MemoryError::NotPlanned { owner: owner.to_owned() })?;
        if let Some(fault) = member.verdict.faults.first() {
            return Err(fault.clone());
        }
        let group = member.group.and_then(|group| self.groups.get(group));
        let group = group.ok_or_else(|| MemoryError::NotPlanned { owner: owner.to_owned() })?;
        let mut effects = Vec::new();
        let ready = self.prepare(member, group, &mut effects);
        effects.into_iter().for_each(sink);
        open::file(&self.host, &self.ledger, &member.owner, &member.request, &ready?)
    }

    fn member(&self, owner: &str) -> Option<&Member> {
        self.members.get(*self.by_owner.get(owner)?)
    }

    /// Adds a request to the group of its file, and tells which that is.
    fn join(&mut self, request: &FileRequest, probe: &Probe, by_key: &mut HashMap<Key, usize>) -> usize {
        let end = request.end().unwrap_or(0);
        let next = self.groups.len();
        let index = match &probe.key {
            Key::Own => next,
            key => *by_key.entry(key.clone()).or_insert(next),
        };
        match self.groups.get_mut(index) {
            Some(group) => {
                group.end = group.end.max(end);
                group.writer |= !request.readonly;
            }
            None => {
                let (key, writer, number) = (probe.key.clone(), !request.readonly, self.ledger.number());
                self.groups.push(Group { key, end, writer, number, ready: Mutex::new(None) });
            }
        }
        index
    }

    /// Returns what was found at last, too.
    fn judge(
        &self,
        member: &Member,
        found: Result<Probe, MemoryError>,
    ) -> (Verdict, Result<Probe, MemoryError>) {
        let found = found.and_then(|found| self.in_turn(member.request.place(), found));
        match (found, member.group.and_then(|group| self.groups.get(group))) {
            (Ok((found, _turn)), Some(group)) => {
                let company = self.company(group, &found);
                (check::check_file(&self.host, &member.request, &found, company), Ok(found))
            }
            (Err(why), _) => (check::check_without_file(&self.host, &member.request, why.clone()), Err(why)),
            (Ok((found, _)), None) => (Verdict::default(), Ok(found)),
        }
    }

    /// Looks at a regular file again once it is its turn: what was seen before may be no more.
    fn in_turn(
        &self,
        place: Place<'_>,
        mut found: Probe,
    ) -> Result<(Probe, Option<(FileId, Turn<'_>)>), MemoryError> {
        while let (Kind::Regular { .. }, Some(id)) = (&found.kind, found.id()) {
            let turn = self.ledger.turn(id);
            found = probe(&self.host, place)?;
            if found.id() == Some(id) {
                if found.kind == (Kind::Regular { length: 0 }) {
                    drop(self.ledger.making());
                }
                return Ok((found, Some((id, turn))));
            }
        }
        Ok((found, None))
    }

    fn company(&self, group: &Group, probe: &Probe) -> Company {
        let made = probe.id().and_then(|id| self.ledger.made_length(id));
        let ours = matches!(probe.kind, Kind::Regular { length } if made == Some(length));
        Company { writer: group.writer, ours }
    }

    /// Memory rule A22: the windows of this batch against each other, and against those that the model holds.
    fn warn_of_overlaps(&mut self, probes: &[Result<Probe, MemoryError>]) {
        let mut gaps_left = GAPS;
        let mut asked: Vec<Vec<(usize, Range<u64>)>> = vec![Vec::new(); self.groups.len()];
        for (index, member) in self.members.iter().enumerate() {
            if let Some(group) = member.group.and_then(|group| asked.get_mut(group))
                && let Some(end) = member.request.end()
            {
                group.push((index, member.request.offset..end));
            }
        }
        for (group, asked) in self.groups.iter().zip(asked) {
            let held = match &group.key {
                Key::File(id) => self.ledger.windows(*id),
                Key::Name(..) | Key::Own => Vec::new(),
            };
            let ranges = asked.iter().map(|(_, range)| range.clone());
            // All windows in the order of their starts, each with the place of those that are asked for.
            let mut windows: Vec<(Range<u64>, Option<usize>)> = Vec::new();
            let mut gap_of: Option<(usize, Option<u64>)> = None;
            for (own, other) in overlaps(ranges, held.iter().map(|window| window.range.clone())) {
                let place = own;
                let Some((own, range)) = asked.get(own) else { continue };
                let free = match gap_of {
                    Some((of, free)) if of == place => free,
                    _ if gaps_left == 0 => None,
                    _ => {
                        gaps_left -= 1;
                        if windows.is_empty() {
                            let asked = asked.iter().enumerate();
                            windows.extend(asked.map(|(place, (_, range))| (range.clone(), Some(place))));
                            windows.extend(held.iter().map(|window| (window.range.clone(), None)));
                            windows.sort_unstable_by_key(|(range, _)| range.start);
                        }
                        let others = windows.iter().filter(|(_, of)| *of != Some(place));
                        let others = others.map(|(range, _)| range);
                        let probe = probes.get(*own).and_then(|probe| probe.as_ref().ok());
                        probe.and_then(|probe| {
                            let end = self.reach(group, probe);
                            gap(others, range.end - range.start, probe.unit, end)
                        })
                    }
                };
                gap_of = Some((place, free));
                let other = match other {
                    Other::Held(place) => held.get(place).map(|window| {
                        (window.owner.clone(), window.range.clone(), window.shared_and_writable)
                    }),
                    Other::Asked(place) => asked.get(place).and_then(|(index, range)| {
                        let other = self.members.get(*index)?;
                        Some((other.owner.clone(), range.clone(), other.request.writes_reach_the_file()))
                    }),
                };
                let (Some(member), Some((other, others, shared))) = (self.members.get_mut(*own), other)
                else {
                    continue;
                };
                member.verdict.warnings.push(MemoryWarning::FileRangesOverlap {
                    path: member.request.path.clone(),
                    owner: member.owner.clone(),
                    own: range.clone(),
                    other,
                    others,
                    free,
                    both_shared_and_writable: shared && member.request.writes_reach_the_file(),
                });
            }
        }
    }

    /// Where windows of a file have to end.
    fn reach(&self, group: &Group, probe: &Probe) -> u64 {
        match probe.kind {
            Kind::Regular { length: 0 } | Kind::Missing { .. } | Kind::Folder | Kind::Char => MAX_END,
            Kind::Regular { length } => {
                let company = self.company(group, probe);
                if company.ours && company.writer { MAX_END } else { length }
            }
            Kind::Block { length } | Kind::Dax { length, .. } => length,
        }
    }

    /// Memory rule A14: what the batch may need of each file system, against what that has. The warning goes to the
    /// request with which it is no longer enough.
    fn warn_of_space(&mut self, probes: &[Result<Probe, MemoryError>]) {
        let mut asked: HashMap<u64, (u64, Option<u64>)> = HashMap::new();
        for (member, found) in self.members.iter_mut().zip(probes) {
            let Ok(probe) = found else { continue };
            let needed = check::space_needed(&member.request, probe);
            if needed == 0 {
                continue;
            }
            let (sum, free) = match asked.entry(probe.device) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let place = match &probe.kind {
                        Kind::Missing { folder, .. } => folder.into(),
                        _ => member.request.place(),
                    };
                    match self.host.free_space_for(place, needed) {
                        Ok(free) => new.insert((0, free)),
                        // It went away after it was judged: opening it will tell.
                        Err(Errno::ENOENT) => continue,
                        Err(errno) => {
                            member.verdict.faults.push(host_error(Call::FreeSpace, place.path, errno));
                            continue;
                        }
                    }
                }
            };
            let Some(free) = free else { continue };
            let before = *sum;
            *sum = sum.saturating_add(needed);
            if *sum > *free && before <= *free {
                let (path, prealloc) = (member.request.path.clone(), member.request.memory.prealloc);
                member.verdict.warnings.push(MemoryWarning::BackingMayRunOut {
                    path,
                    needed: *sum,
                    free: *free,
                    prealloc,
                });
            }
        }
    }

    /// Judges a request once more, and gives its file the length that its group needs, once.
    fn prepare(&self, member: &Member, group: &Group, effects: &mut Vec<Undo>) -> Result<Probe, MemoryError> {
        let path = &member.request.path;
        let mut ready = group.ready.lock();
        match self.prepare_once(member, group, &mut ready, effects) {
            // Somebody else made the file between looking and making: it is judged as it is now.
            Err(MemoryError::Host { call: Call::Create, errno: Errno::EEXIST, .. }) => {
                match self.prepare_once(member, group, &mut ready, effects) {
                    Err(MemoryError::Host { call: Call::Create, errno: Errno::EEXIST, .. }) => {
                        Err(MemoryError::Replaced { path: path.clone() })
                    }
                    other => other,
                }
            }
            other => other,
        }
    }

    fn prepare_once(
        &self,
        member: &Member,
        group: &Group,
        ready: &mut Option<(FileId, Arc<OwnedFd>)>,
        effects: &mut Vec<Undo>,
    ) -> Result<Probe, MemoryError> {
        let expected = match (&ready, &group.key) {
            (Some((id, _)), _) => Some(*id),
            (None, Key::File(id)) => Some(*id),
            (None, Key::Name(..) | Key::Own) => None,
        };
        let path = &member.request.path;
        let (mut found, turn) =
            self.in_turn(member.request.place(), probe(&self.host, member.request.place())?)?;
        if expected.is_some() && expected != found.id() {
            return Err(MemoryError::Replaced { path: path.clone() });
        }
        let company = self.company(group, &found);
        if let Some(fault) =
            check::check_file(&self.host, &member.request, &found, company).faults.into_iter().next()
        {
            return Err(fault);
        }
        match (found.kind.clone(), turn) {
            (Kind::Missing { .. }, _) => *ready = Some(self.create(member, group, &mut found, effects)?),
            (Kind::Regular { length }, Some((id, turn))) => {
                if group.writer && group.end > length && (length == 0 || company.ours) {
                    *ready = Some(self.grow(member, group, &mut found, &turn, length, effects)?);
                } else if turn.join(group.claim()) {
                    effects.push(self.undo(member, group, id, Effect::Relied));
                }
            }
            _ => {}
        }
        Ok(found)
    }

    fn undo(&self, member: &Member, group: &Group, id: FileId, effect: Effect) -> Undo {
        Undo::new(&self.host, &self.ledger, member.request.path.clone(), id, group.number, effect)
    }

    fn create(
        &self,
        member: &Member,
        group: &Group,
        found: &mut Probe,
        effects: &mut Vec<Undo>,
    ) -> Result<(FileId, Arc<OwnedFd>), MemoryError> {
        let path = &member.request.path;
        let refused = |call| move |errno| host_error(call, path, errno);
        let Kind::Missing { folder, name } = found.kind.clone() else {
            return Err(MemoryError::Replaced { path: path.clone() });
        };
        check::check_limit(&self.host, || quoted(path), group.end)?;
        let folder = self.host.open_folder(&folder).map_err(refused(Call::OpenFolder))?;
        let making = self.ledger.making();
        let file = self.host.create(&folder, &name).map_err(refused(Call::Create))?;
        let stat = match self.host.stat_open(&file) {
            Ok(stat) => stat,
            Err(errno) => {
                // Without its identity no undo can be made; it is a moment old and ours.
                let _ = self.host.unlink(&folder, &name);
                return Err(host_error(Call::StatOpen, path, errno));
            }
        };
        let id = FileId::of(&stat);
        let file = Arc::new(file);
        let before = Before::Missing { folder, name };
        self.ledger.created(id, Arc::new(Origin { file: Arc::clone(&file), before }), group.claim());
        drop(making);
        effects.push(self.undo(member, group, id, Effect::Created));
        let turn = self.ledger.turn(id);
        // Somebody may have found and grown it already.
        let length = turn.length().max(group.end);
        if turn.length() < length {
            self.host.set_length(&file, length).map_err(refused(Call::SetLength))?;
            turn.set_length(length);
        }
        self.check_length(member, file.as_fd(), length)?;
        found.kind = Kind::Regular { length };
        found.key = Key::File(id);
        Ok((id, file))
    }

    fn grow(
        &self,
        member: &Member,
        group: &Group,
        found: &mut Probe,
        turn: &Turn<'_>,
        from: u64,
        effects: &mut Vec<Undo>,
    ) -> Result<(FileId, Arc<OwnedFd>), MemoryError> {
        let path = &member.request.path;
        let file = self
            .host
            .open(member.request.place(), true)
            .map_err(|errno| check::not_writable(&member.request, errno, path, false))?;
        let stat = self.host.stat_open(&file).map_err(|errno| host_error(Call::StatOpen, path, errno))?;
        let id = FileId::of(&stat);
        if !found.is(&stat) {
            return Err(MemoryError::Replaced { path: path.clone() });
        }
        let now = length(path, &stat)?;
        if now != from {
            return Err(MemoryError::LengthChanged { path: path.clone(), expected: from, found: now });
        }
        check::check_limit(&self.host, || quoted(path), group.end)?;
        let file = Arc::new(file);
        self.host.set_length(&file, group.end).map_err(|errno| host_error(Call::SetLength, path, errno))?;
        if turn.grown(from, group.end, &file, group.claim()) {
            effects.push(self.undo(member, group, id, Effect::Grown { from }));
        }
        self.check_length(member, file.as_fd(), group.end)?;
        found.kind = Kind::Regular { length: group.end };
        Ok((id, file))
    }

    fn check_length(
        &self,
        member: &Member,
        file: std::os::fd::BorrowedFd<'_>,
        expected: u64,
    ) -> Result<(), MemoryError> {
        let path = &member.request.path;
        let stat = self.host.stat_open(file).map_err(|errno| host_error(Call::StatOpen, path, errno))?;
        let found = length(path, &stat)?;
        if found == expected {
            Ok(())
        } else {
            Err(MemoryError::LengthChanged { path: path.clone(), expected, found })
        }
    }
}
