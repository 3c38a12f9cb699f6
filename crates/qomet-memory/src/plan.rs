//! A batch of file requests, judged together and opened one by one.
//!
//! Whoever creates objects makes one [`Plan`] per transaction ([`FileLedger::plan`], which only looks), shows its
//! verdicts, and then opens each request while realizing its object. Requests for one file, by whatever names, share
//! a group: its first opening makes or grows the file once, to the largest end of all (memory rule A5), so the
//! order of requests never matters. A plan does not populate memory and does not undo: effects go to the sink.
//!
//! Growing as each request comes, the obvious alternative, would make the outcome depend on the order: the second
//! request would find a file that is not empty and too short.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use parking_lot::Mutex;

use crate::check::{self, Company, Verdict};
use crate::error::MemoryError;
use crate::faults::Call;
use crate::host::Host;
use crate::ledger::FileLedger;
use crate::open::{self, Opened};
use crate::probe::{FileId, Key, Kind, Probe, host_error, length, probe, quoted};
use crate::request::FileRequest;
use crate::undo::Undo;
use crate::warning::MemoryWarning;

/// Requests that are judged, and if need be grow a file, together.
#[derive(Debug)]
pub struct Plan {
    host: Host,
    ledger: FileLedger,
    members: Vec<Member>,
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
    /// The file once it has its length. Keeping it open keeps its identity from being reused.
    ready: Mutex<Option<(FileId, Arc<OwnedFd>)>>,
}

impl FileLedger {
    /// Judges requests together; each comes with the name of the object that makes it, unique in the batch. Only looks: no file is made
    /// or changed.
    pub fn plan(&self, host: &Host, requests: impl IntoIterator<Item = (String, FileRequest)>) -> Plan {
        let mut plan =
            Plan { host: host.clone(), ledger: self.clone(), members: Vec::new(), groups: Vec::new() };
        let mut probes = Vec::new();
        for (owner, request) in requests {
            let found = probe(host, &request.path);
            let group = found.as_ref().ok().map(|probe| plan.join(&request, probe));
            plan.members.push(Member { owner, request, group, verdict: Verdict::default() });
            probes.push(found);
        }
        let verdicts: Vec<_> =
            plan.members.iter().zip(&probes).map(|(member, found)| plan.judge(member, found)).collect();
        for (member, verdict) in plan.members.iter_mut().zip(verdicts) {
            member.verdict = verdict;
        }
        plan.warn_of_overlaps();
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
    /// also when opening fails afterwards: undo them in reverse to leave everything as it was.
    ///
    /// The order of work is grow, open, map, advise, bind, allocate (memory rule C8);
    /// [`crate::Region::populate`] comes after it.
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
        self.members.iter().find(|member| member.owner == owner)
    }

    /// Adds a request to the group of its file, and tells which that is.
    fn join(&mut self, request: &FileRequest, probe: &Probe) -> usize {
        let end = request.end().unwrap_or(0);
        let same = |group: &Group| probe.key != Key::Own && group.key == probe.key;
        let index = self.groups.iter().position(same).unwrap_or(self.groups.len());
        match self.groups.get_mut(index) {
            Some(group) => {
                group.end = group.end.max(end);
                group.writer |= !request.readonly;
            }
            None => {
                let (key, writer) = (probe.key.clone(), !request.readonly);
                self.groups.push(Group { key, end, writer, ready: Mutex::new(None) });
            }
        }
        index
    }

    fn judge(&self, member: &Member, found: &Result<Probe, MemoryError>) -> Verdict {
        match (found, member.group.and_then(|group| self.groups.get(group))) {
            (Ok(probe), Some(group)) => {
                check::check_file(&self.host, &member.request, probe, self.company(group, probe))
            }
            (Err(why), _) => check::check_without_file(&self.host, &member.request, why.clone()),
            (Ok(_), None) => Verdict::default(),
        }
    }

    fn company(&self, group: &Group, probe: &Probe) -> Company {
        let made = probe.id().and_then(|id| self.ledger.made_length(id));
        let ours = matches!(probe.kind, Kind::Regular { length } if made == Some(length));
        Company { writer: group.writer, ours }
    }

    /// Memory rule A22: the windows of this batch against each other, and against those that the model holds.
    fn warn_of_overlaps(&mut self) {
        let mut warnings = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let Some(group) = member.group.and_then(|group| self.groups.get(group)) else { continue };
            let Some(end) = member.request.end() else { continue };
            let own = member.request.offset..end;
            let shared = member.request.writes_reach_the_file();
            let overlap = |other: &str, others: std::ops::Range<u64>, other_shared: bool| {
                let both = own.start < others.end && others.start < own.end;
                both.then(|| MemoryWarning::FileRangesOverlap {
                    path: member.request.path.clone(),
                    owner: member.owner.clone(),
                    own: own.clone(),
                    other: other.to_owned(),
                    others,
                    both_shared_and_writable: shared && other_shared,
                })
            };
            if let Key::File(id) = &group.key {
                for window in self.ledger.windows(*id) {
                    let found = overlap(&window.owner, window.range, window.shared_and_writable);
                    warnings.extend(found.map(|warning| (index, warning)));
                }
            }
            for other in self.members.iter().take(index).filter(|other| other.group == member.group) {
                let Some(end) = other.request.end() else { continue };
                let range = other.request.offset..end;
                let found = overlap(&other.owner, range, other.request.writes_reach_the_file());
                warnings.extend(found.map(|warning| (index, warning)));
            }
        }
        for (index, warning) in warnings {
            if let Some(member) = self.members.get_mut(index) {
                member.verdict.warnings.push(warning);
            }
        }
    }

    /// Memory rule A14: what the batch may need of each file system, against what that has. The warning goes to the
    /// request with which it is no longer enough.
    fn warn_of_space(&mut self, probes: &[Result<Probe, MemoryError>]) {
        let mut asked: Vec<(u64, u64, Option<u64>)> = Vec::new();
        for (member, found) in self.members.iter_mut().zip(probes) {
            let Ok(probe) = found else { continue };
            let needed = check::space_needed(&member.request, probe);
            if needed == 0 {
                continue;
            }
            let index = asked.iter().position(|(device, ..)| *device == probe.device).unwrap_or(asked.len());
            if index == asked.len() {
                let path = match &probe.kind {
                    Kind::Missing { folder, .. } => folder,
                    _ => &member.request.path,
                };
                match self.host.free_space(path) {
                    Ok(free) => asked.push((probe.device, 0, free)),
                    Err(errno) => {
                        member.verdict.faults.push(host_error(Call::FreeSpace, path, errno));
                        continue;
                    }
                }
            }
            let Some((_, sum, Some(free))) = asked.get_mut(index) else { continue };
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
        let path = &member.request.path;
        let mut found = probe(&self.host, path)?;
        let expected = match (&ready, &group.key) {
            (Some((id, _)), _) => Some(*id),
            (None, Key::File(id)) => Some(*id),
            (None, Key::Name(..) | Key::Own) => None,
        };
        if expected.is_some() && expected != found.id() {
            return Err(MemoryError::Replaced { path: path.clone() });
        }
        let company = self.company(group, &found);
        if let Some(fault) =
            check::check_file(&self.host, &member.request, &found, company).faults.into_iter().next()
        {
            return Err(fault);
        }
        match found.kind.clone() {
            Kind::Missing { .. } => *ready = Some(self.create(member, group, &mut found, effects)?),
            Kind::Regular { length } if self.grows(group, company, length) => {
                *ready = Some(self.grow(member, group, &mut found, length, effects)?);
            }
            _ => {}
        }
        Ok(found)
    }

    fn grows(&self, group: &Group, company: Company, length: u64) -> bool {
        group.writer && group.end > length && (length == 0 || company.ours)
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
        let place = (folder, name);
        effects.push(Undo::created(&self.host, &self.ledger, path.clone(), id, Arc::clone(&file), place));
        self.set_length(member, &file, group.end)?;
        self.ledger.set_made(id, group.end);
        found.kind = Kind::Regular { length: group.end };
        found.key = Key::File(id);
        Ok((id, file))
    }

    fn grow(
        &self,
        member: &Member,
        group: &Group,
        found: &mut Probe,
        from: u64,
        effects: &mut Vec<Undo>,
    ) -> Result<(FileId, Arc<OwnedFd>), MemoryError> {
        let path = &member.request.path;
        let file = self
            .host
            .open(path, true)
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
        let undo =
            Undo::grown(&self.host, &self.ledger, path.clone(), id, Arc::clone(&file), (from, group.end));
        self.host.set_length(&file, group.end).map_err(|errno| host_error(Call::SetLength, path, errno))?;
        effects.push(undo);
        self.check_length(member, file.as_fd(), group.end)?;
        self.ledger.correct_made(id, group.end);
        found.kind = Kind::Regular { length: group.end };
        Ok((id, file))
    }

    fn set_length(&self, member: &Member, file: &OwnedFd, to: u64) -> Result<(), MemoryError> {
        let path = &member.request.path;
        self.host.set_length(file, to).map_err(|errno| host_error(Call::SetLength, path, errno))?;
        self.check_length(member, file.as_fd(), to)
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
