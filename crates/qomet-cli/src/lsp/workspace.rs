//! The documents that are open, what is checked together, and what is known to be wrong.
//!
//! What is known is about one state of the texts. It is forgotten with the first change, and what a check finds that began
//! before is not taken over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::TextDocumentContentChangeEvent;
use qomet::Level;
use serde_json::Value;

use super::address::{Address, Key};
use super::check::{Checked, Finding};
use super::sets::Sets;
use super::shape::Opened;
use super::text::Text;
use crate::host;

/// When the host is asked whether it can do what a document wants; it is only read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum HostChecks {
    Never,
    #[default]
    OnSave,
    OnChange,
}

/// A document that is open in the editor.
#[derive(Debug)]
struct Open {
    address: Address,
    version: i32,
    text: Arc<Text>,
    /// Whether the text is as the last save left it.
    is_saved: bool,
    /// Another one for every state.
    revision: u64,
}

/// Documents that are checked together: mostly one.
#[derive(Debug)]
struct Unit {
    members: Vec<Member>,
    known: Option<Known>,
}

#[derive(Debug)]
struct Member {
    address: Address,
    key: Key,
    /// The text of a document that is not open.
    on_disk: Option<Arc<Text>>,
}

/// What is wrong with each member, in one state of them.
#[derive(Debug)]
struct Known {
    state: Vec<u64>,
    findings: Vec<Vec<Finding>>,
}

/// A check that is to be made.
#[derive(Debug)]
pub(super) struct Job {
    unit: usize,
    /// Of which units that is the number.
    generation: u64,
    state: Vec<u64>,
    pub(super) documents: Vec<Checked>,
    pub(super) level: Level,
}

/// What an editor is to show of a document.
#[derive(Debug)]
pub(super) struct News {
    pub(super) address: Address,
    /// Of an open document, which state of it is meant.
    pub(super) version: Option<i32>,
    pub(super) findings: Vec<Finding>,
}

/// Everything that is open.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    open: BTreeMap<Key, Open>,
    sets: Sets,
    host_checks: HostChecks,
    units: Vec<Unit>,
    generation: u64,
    last_revision: u64,
    /// Of what the editor shows something.
    shown: BTreeMap<Key, Address>,
}

impl Workspace {
    /// Paths in settings are relative to `root`.
    pub(super) fn new(root: &Path) -> Self {
        Workspace { sets: Sets::new(root), ..Workspace::default() }
    }

    /// Takes over settings: `{"hostChecks": "never" | "onSave" | "onChange", "together": [[PATH…]…]}`. What is not given
    /// stays.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub(super) fn configure(&mut self, settings: &Value) -> Result<(), String> {
        let checks = match settings.get("hostChecks") {
            None | Some(Value::Null) => Ok(()),
            Some(setting) => self.set_host_checks(setting),
        };
        let together = match settings.get("together") {
            None | Some(Value::Null) => Ok(()),
            Some(setting) => self.sets.configure(setting),
        };
        self.open.values_mut().for_each(|open| next(&mut self.last_revision, open));
        self.regroup();
        checks.and(together)
    }

    fn set_host_checks(&mut self, setting: &Value) -> Result<(), String> {
        self.host_checks = match setting.as_str() {
            Some("never") => HostChecks::Never,
            Some("onSave") => HostChecks::OnSave,
            Some("onChange") => HostChecks::OnChange,
            _ => {
                return Err(format!(
                    "the setting 'hostChecks' is \"never\", \"onSave\" or \"onChange\", not {setting}"
                ));
            }
        };
        Ok(())
    }

    /// What an editor that watches files should watch.
    pub(super) fn watched(&self) -> Vec<String> {
        self.sets.patterns().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    pub(super) fn open(&mut self, document: Opened) {
        let address = Address::new(document.uri);
        let text = Arc::new(Text::new(document.text));
        let version = document.version;
        let mut open = Open { address, version, text, is_saved: false, revision: 0 };
        next(&mut self.last_revision, &mut open);
        self.open.insert(open.address.key(), open);
        self.regroup();
    }

    pub(super) fn change(&mut self, key: &Key, version: i32, changes: &[TextDocumentContentChangeEvent]) {
        let Some(open) = self.open.get_mut(key) else { return };
        // A check that is being made may still read the old text.
        let text = Arc::make_mut(&mut open.text);
        for change in changes {
            text.change(change.range, &change.text);
        }
        open.version = version;
        open.is_saved = false;
        next(&mut self.last_revision, open);
    }

    pub(super) fn save(&mut self, key: &Key) {
        if let Some(open) = self.open.get_mut(key) {
            open.is_saved = true;
            next(&mut self.last_revision, open);
        }
        self.files_changed();
    }

    pub(super) fn close(&mut self, key: &Key) {
        self.open.remove(key);
        self.regroup();
    }

    /// Files may not be what they were.
    pub(super) fn files_changed(&mut self) {
        if self.sets.patterns().next().is_some() {
            self.regroup();
        }
    }

    /// Finds out anew what is checked together.
    fn regroup(&mut self) {
        self.generation += 1;
        let paths: Vec<PathBuf> = self.open.values().filter_map(|open| open.address.path()).collect();
        let sets = self.sets.files(&paths).into_iter();
        let sets = sets.map(|files| files.iter().filter_map(|file| self.member(file)).collect());
        let is_open = |members: &Vec<Member>| members.iter().any(|one| one.on_disk.is_none());
        let mut units: Vec<Vec<Member>> = sets.filter(is_open).collect();
        for (key, open) in &self.open {
            if !units.iter().flatten().any(|member| member.key == *key) {
                let member = Member { address: open.address.clone(), key: key.clone(), on_disk: None };
                units.push(vec![member]);
            }
        }
        let mut old = std::mem::take(&mut self.units);
        let unit = |members: Vec<Member>| {
            // What was found out stays true, unless it is about files that may have changed.
            let keys = |unit: &Vec<Member>| unit.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
            let is_all_open = members.iter().all(|one| one.on_disk.is_none());
            let same = old.iter_mut().find(|one| is_all_open && keys(&one.members) == keys(&members));
            let known = same.and_then(|same| same.known.take());
            Unit { members, known }
        };
        self.units = units.into_iter().map(unit).collect();
    }

    /// A file of a set; none if it is neither open nor can be read.
    fn member(&self, file: &Path) -> Option<Member> {
        let address = Address::of_file(file);
        let key = address.key();
        if let Some(open) = self.open.get(&key) {
            return Some(Member { address: open.address.clone(), key, on_disk: None });
        }
        let bytes = host::read_file(file).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(Member { address, key, on_disk: Some(Arc::new(Text::new(text))) })
    }

    /// The revisions of the members that are open; the others are what they are as long as the unit is there.
    fn state(&self, unit: &Unit) -> Vec<u64> {
        let open = unit.members.iter().filter_map(|member| self.open.get(&member.key));
        open.map(|open| open.revision).collect()
    }

    fn documents(&self, unit: &Unit) -> Vec<Checked> {
        let document = |member: &Member| {
            let text = match &member.on_disk {
                Some(text) => Arc::clone(text),
                None => Arc::clone(&self.open.get(&member.key)?.text),
            };
            Some(Checked { address: member.address.clone(), text })
        };
        unit.members.iter().filter_map(document).collect()
    }

    fn is_known(&self, unit: &Unit) -> bool {
        unit.known.as_ref().is_some_and(|known| known.state == self.state(unit))
    }

    /// The next check that is to be made, if one is.
    pub(super) fn next_job(&self) -> Option<Job> {
        let (number, unit) = self.units.iter().enumerate().find(|(_, unit)| !self.is_known(unit))?;
        let is_saved = |member: &Member| self.open.get(&member.key).is_none_or(|open| open.is_saved);
        let level = match self.host_checks {
            HostChecks::OnChange => Level::Host,
            HostChecks::OnSave if unit.members.iter().all(is_saved) => Level::Host,
            HostChecks::OnSave | HostChecks::Never => Level::Graph,
        };
        Some(Job {
            unit: number,
            generation: self.generation,
            state: self.state(unit),
            documents: self.documents(unit),
            level,
        })
    }

    /// Takes over what a check has found, unless a text has changed since; and says what to show.
    pub(super) fn finish(&mut self, job: &Job, findings: Vec<Vec<Finding>>) -> Vec<News> {
        let is_current = |unit: &&Unit| job.generation == self.generation && job.state == self.state(unit);
        if !self.units.get(job.unit).is_some_and(|unit| is_current(&unit)) {
            return Vec::new();
        }
        let Some(unit) = self.units.get_mut(job.unit) else { return Vec::new() };
        unit.known = Some(Known { state: job.state.clone(), findings });
        let members = self.units.get(job.unit).map(|unit| &*unit.members).unwrap_or_default();
        let news = members.iter().filter_map(|member| {
            let findings = self.findings(&member.key)?;
            let version = self.open.get(&member.key).map(|open| open.version);
            Some((member.key.clone(), News { address: member.address.clone(), version, findings }))
        });
        let news: Vec<_> = news.collect();
        self.shown.extend(news.iter().map(|(key, news)| (key.clone(), news.address.clone())));
        news.into_iter().map(|(_, news)| news).collect()
    }

    /// What the editor shows of documents that are nobody's concern any more: nothing is to be shown of them.
    pub(super) fn forget(&mut self) -> Vec<News> {
        let units = &self.units;
        let is_gone =
            |key: &Key| !units.iter().flat_map(|unit| &unit.members).any(|member| member.key == *key);
        let gone: Vec<Key> = self.shown.keys().filter(|key| is_gone(key)).cloned().collect();
        let gone = gone.into_iter().filter_map(|key| self.shown.remove(&key));
        gone.map(|address| News { address, version: None, findings: Vec::new() }).collect()
    }

    /// What is wrong with a document; none while that is not known. Of a document in several sets it is what is wrong in
    /// any of them.
    pub(super) fn findings(&self, key: &Key) -> Option<Vec<Finding>> {
        let mut all: Vec<Finding> = Vec::new();
        for unit in &self.units {
            for (number, _) in unit.members.iter().enumerate().filter(|(_, member)| member.key == *key) {
                let known = unit.known.as_ref().filter(|_| self.is_known(unit))?;
                for finding in known.findings.get(number).into_iter().flatten() {
                    let is_same = |one: &Finding| {
                        (one.shown.range, &one.shown.message) == (finding.shown.range, &finding.shown.message)
                    };
                    // Mistakes of one check are all told, however much alike they are.
                    if self.units.len() == 1 || !all.iter().any(is_same) {
                        all.push(finding.clone());
                    }
                }
            }
        }
        Some(all)
    }

    /// A document that is open.
    pub(super) fn document(&self, key: &Key) -> Option<Checked> {
        let open = self.open.get(key)?;
        Some(Checked { address: open.address.clone(), text: Arc::clone(&open.text) })
    }

    /// The documents that belong to it.
    pub(super) fn others(&self, key: &Key) -> Vec<Checked> {
        let is_of = |unit: &&Unit| unit.members.iter().any(|member| member.key == *key);
        let mut others: BTreeMap<Key, Checked> = BTreeMap::new();
        for document in self.units.iter().filter(is_of).flat_map(|unit| self.documents(unit)) {
            others.insert(document.address.key(), document);
        }
        others.remove(key);
        others.into_values().collect()
    }
}

fn next(last: &mut u64, open: &mut Open) {
    *last += 1;
    open.revision = *last;
}
