//! A folder of files for one test, and what is in it.

use std::fs::{self, File, FileType};
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;

/// A folder that goes away with it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Folder(tempfile::Builder::new().prefix("qomet-").tempdir().expect("a folder for temporary files"))
    }

    /// An empty one whose path is as long as `name`, which has six characters for chance at its end.
    pub(crate) fn named_like(name: &str) -> Self {
        let (parent, name) = name.rsplit_once('/').expect("a path");
        let prefix = &name[..name.len() - 6];
        Folder(tempfile::Builder::new().prefix(prefix).rand_bytes(6).tempdir_in(parent).expect("a folder"))
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Something in it, there or not.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a file of zeros, all of it a hole.
    pub(crate) fn file(&self, name: &str, length: u64) -> PathBuf {
        let path = self.join(name);
        File::create(&path).and_then(|file| file.set_len(length)).expect("a file");
        path
    }

    /// Makes a file with these bytes.
    pub(crate) fn text(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, name: &str) {
        fs::create_dir(self.join(name)).expect("a folder");
    }

    /// Makes a FIFO.
    pub(crate) fn fifo(&self, name: &str) {
        nix::unistd::mkfifo(&self.join(name), Mode::S_IRWXU).expect("a FIFO");
    }

    /// Makes a socket that nobody listens to any more.
    pub(crate) fn socket(&self, name: &str) {
        UnixListener::bind(self.join(name)).expect("a socket");
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, name: &str, target: &str) {
        symlink(target, self.join(name)).expect("a symbolic link");
    }

    /// Makes another name for a file.
    pub(crate) fn alias(&self, name: &str, of: &str) {
        fs::hard_link(self.join(of), self.join(name)).expect("a hard link");
    }

    /// What is in it, with all below: name, kind and length of each, sorted.
    pub(crate) fn contents(&self) -> Vec<String> {
        let mut found = Vec::new();
        list(self.path(), "", &mut found);
        found.sort();
        found
    }
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("its metadata");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let length = if metadata.is_file() { metadata.len() } else { 0 };
        found.push(format!("{name} {} {length}", kind(metadata.file_type())));
        if metadata.is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
        }
    }
}

fn kind(of: FileType) -> &'static str {
    match () {
        () if of.is_dir() => "folder",
        () if of.is_symlink() => "link",
        () if of.is_fifo() => "fifo",
        () if of.is_socket() => "socket",
        () => "file",
    }
}
