//! Which documents belong together.
//!
//! `check` and `run` take several files as one: ids must differ, links may lead from one to the other. An editor knows
//! nothing of that, so a setting says it, `"together": [["host.json", "guests/*.json"], …]`: each list holds what one
//! command would be given. A document that is in no list is checked by itself, as `check` does with one file. One that is
//! in several is checked with each.
//!
//! Why a setting and not a member of the document, or whatever lies in one folder: the first would be ignored by every
//! other reader of the document, and the second is wrong for a folder of machines that have nothing to do with each other.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::host;

/// The sets of one workspace.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// What paths are relative to.
    root: PathBuf,
    /// Paths, of which the last part may hold `*`.
    sets: Vec<Vec<PathBuf>>,
}

impl Sets {
    /// No sets; relative paths are found below `root`.
    pub(super) fn new(root: &Path) -> Self {
        Sets { root: host::absolute(root), sets: Vec::new() }
    }

    /// Takes over the setting.
    ///
    /// # Errors
    /// It is no list of lists of paths; then what was set before stays.
    pub(super) fn configure(&mut self, setting: &Value) -> Result<(), String> {
        let parsed: Result<Vec<Vec<String>>, _> = serde_json::from_value(setting.clone());
        let wrong = |_| format!("the setting 'together' is a list of lists of paths, not {setting}");
        let path = |path: &String| lexical(&self.root.join(path));
        self.sets = parsed.map_err(wrong)?.iter().map(|set| set.iter().map(path).collect()).collect();
        Ok(())
    }

    /// The patterns of all sets, for whoever watches the files.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Path> {
        self.sets.iter().flatten().map(PathBuf::as_path)
    }

    /// The files of each set, those of `open` included that are nowhere but in the editor.
    pub(super) fn files(&self, open: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let files = |set: &Vec<PathBuf>| {
            let mut files: Vec<PathBuf> = Vec::new();
            for file in set.iter().flat_map(|pattern| matching(pattern, open)) {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
            files
        };
        self.sets.iter().map(files).collect()
    }
}

/// The files that a pattern names, in the order of their names.
fn matching(pattern: &Path, open: &[PathBuf]) -> Vec<PathBuf> {
    let name = pattern.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let is_there = |path: &PathBuf| host::is_there(path) || open.contains(path);
    if !name.contains(&b'*') {
        return Some(pattern.to_owned()).filter(is_there).into_iter().collect();
    }
    let folder = pattern.parent();
    let listed = folder.map(host::files_in).unwrap_or_default();
    let unsaved = open.iter().filter(|path| path.parent() == folder).cloned();
    let fits = |path: &PathBuf| {
        // As in a shell, a hidden file is not meant.
        let file = path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
        fits(name, file) && (name.starts_with(b".") || !file.starts_with(b"."))
    };
    let mut files: Vec<PathBuf> = listed.into_iter().chain(unsaved).filter(fits).collect();
    files.sort_unstable();
    files.dedup();
    files
}

/// Whether a name is what a pattern says, in which `*` is any text.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place will do: it leaves most for what comes behind.
        let Some(at) = memchr::memmem::find(rest, part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

/// The path without `.` and `..`, as editors write it; symbolic links are not looked at.
pub(super) fn lexical(path: &Path) -> PathBuf {
    let mut lexical = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                lexical.pop();
            }
            component => lexical.push(component),
        }
    }
    lexical
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_star_is_any_text_and_nothing_else_is_special() {
        let fit = |pattern: &str, name: &str| fits(pattern.as_bytes(), name.as_bytes());
        assert!(fit("*.json", "a.json") && fit("*", "") && fit("a*b*c", "aXbbYc") && fit("a*a", "aa"));
        assert!(fit("vm.json", "vm.json") && fit("[a]?.json", "[a]?.json"));
        assert!(
            !fit("*.json", "a.jsonx") && !fit("a*a", "a") && !fit("a*b*c", "acb") && !fit("vm", "vm.json")
        );
    }

    #[test]
    fn files_on_disk_and_in_the_editor_are_found_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", "c.txt", ".hidden.json"] {
            std::fs::write(folder.path().join(name), "[]").unwrap();
        }
        let mut sets = Sets::new(folder.path());
        sets.configure(&json!([["c.txt", "./x/../*.json", "a.json", "gone.json"]])).unwrap();

        let found = sets.files(&[folder.path().join("new.json"), folder.path().join("sub/other.json")]);

        assert_eq!(found.len(), 1);
        assert_eq!(names(&found[0]), ["c.txt", "a.json", "b.json", "new.json"]);
    }

    #[test]
    fn a_setting_that_is_none_changes_nothing() {
        let mut sets = Sets::new(Path::new("/w"));
        sets.configure(&json!([["a.json"]])).unwrap();
        let said = sets.configure(&json!(["b.json"])).unwrap_err();
        assert_eq!(said, r#"the setting 'together' is a list of lists of paths, not ["b.json"]"#);
        assert_eq!(sets.patterns().collect::<Vec<_>>(), [Path::new("/w/a.json")]);
    }
}
