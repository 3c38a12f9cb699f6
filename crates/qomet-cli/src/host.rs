//! Everything the commands do to the host, but for the console: files, signals, the environment.
//!
//! The types do the rest when objects are created; that is theirs.

use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use qomet::{Access, Size};
use qomet_config::TEXT_LIMIT;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::outcome::Trouble;
use crate::text::{reason, shown};

/// Whether there is a file of that name.
pub(crate) fn is_there(path: &Path) -> bool {
    path.exists()
}

/// What is in a folder, in any order; nothing where it cannot be read.
#[cfg(feature = "lsp")]
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| !path.is_dir()).collect()
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read, or is too large to be a document.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    let name = named(path);
    let opened = fs::File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|error| cannot("read", &name, &error))?;
    if metadata.is_dir() {
        return Err(Trouble(format!("cannot read {name}: it is a directory")));
    }
    // Only regular files say how long they are; pipes and devices are read as far as they may go.
    if metadata.is_file() && metadata.len() >= limit().bytes() {
        let length = Size(metadata.len());
        return Err(Trouble(format!("cannot read {name}: it has {length}, the limit is {}", limit())));
    }
    read_all(file, &name)
}

/// All that `source`, called `name`, gives.
///
/// # Errors
/// It cannot be read, or is too much to be a document.
pub(crate) fn read_all(source: impl Read, name: &str) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    source.take(limit().bytes()).read_to_end(&mut bytes).map_err(|error| cannot("read", name, &error))?;
    if bytes.len() >= TEXT_LIMIT {
        return Err(Trouble(format!("cannot read {name}: it does not end within {}", limit())));
    }
    Ok(bytes)
}

/// Writes a file and the folders above it. What is there is replaced.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Trouble> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, text)).map_err(|error| cannot("write", &named(path), &error))
}

/// Puts `new` in place of what a file holds, at once: whoever reads it sees the old text or the new one. Mode, owner and
/// extended attributes stay. A file that has other names (hard links), or attributes that a new one cannot be given, is
/// written over in place instead, so that it stays one file. One that holds `new` already is left as it is: it may have
/// been named twice.
///
/// # Errors
/// The file holds something else than `old`, or cannot be written; then it is as it was. What may not be written is not
/// replaced either, though its folder would allow that.
pub(crate) fn replace_file(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Trouble> {
    use std::io::Write as _;
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
    let name = named(path);
    let refused = |error: io::Error| cannot("write", &name, &error);
    // What the path leads to is replaced, and not a symbolic link on the way.
    let target = fs::canonicalize(path).map_err(refused)?;
    let kept = fs::metadata(&target).map_err(refused)?;
    if kept.permissions().readonly() {
        return Err(Trouble(format!("cannot write {name}: it is read-only")));
    }
    fs::OpenOptions::new().write(true).open(&target).map_err(refused)?;
    if fs::read(&target).map_err(refused)? == new {
        return Ok(());
    }
    let left_alone = || Trouble(format!("{name} has changed since it was read: it was left alone"));
    if kept.nlink() > 1 {
        return if write_over(&target, old, new).map_err(refused)? { Ok(()) } else { Err(left_alone()) };
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    // Short, whatever the file is called: names have a limit.
    let beside = folder.join(format!(".{}.qomet", std::process::id()));
    let written: io::Result<Written> = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(new)?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (kept.uid(), kept.gid()) {
            fchown(&file, Some(kept.uid()), Some(kept.gid()))?;
        }
        file.set_permissions(kept.permissions())?;
        if copy_attributes(&target, &file).is_err() {
            return Ok(Written::NotAlike);
        }
        file.sync_all()?;
        if fs::read(&target)? != old {
            return Ok(Written::Changed);
        }
        fs::rename(&beside, &target)?;
        Ok(Written::Replaced)
    })();
    match written {
        Ok(Written::Replaced) => Ok(()),
        other => {
            // Made here, unless somebody else had the name.
            if !matches!(&other, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
                let _ = fs::remove_file(&beside);
            }
            let is_not_alike = other.map_err(refused)? == Written::NotAlike;
            if is_not_alike && write_over(&target, old, new).map_err(refused)? {
                return Ok(());
            }
            Err(left_alone())
        }
    }
}

/// What became of a file that was to be replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Replaced,
    /// It held something else.
    Changed,
    /// A new file cannot be like the old one.
    NotAlike,
}

/// Gives a file the extended attributes of another one.
fn copy_attributes(from: &Path, to: &fs::File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    let mut names = vec![0; 64 << 10];
    let length = match listxattr(from, &mut names) {
        Err(rustix::io::Errno::NOTSUP) => return Ok(()),
        listed => listed?,
    };
    let mut value = vec![0; 64 << 10];
    for attribute in names.get(..length).unwrap_or_default().split(|byte| *byte == 0) {
        if !attribute.is_empty() {
            let length = getxattr(from, attribute, &mut value)?;
            fsetxattr(to, attribute, value.get(..length).unwrap_or_default(), XattrFlags::empty())?;
        }
    }
    Ok(())
}

/// Writes `new` over `old` in the file itself; false if something else was there. What fails half-way is put back.
fn write_over(target: &Path, old: &[u8], new: &[u8]) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    if fs::read(target)? != old {
        return Ok(false);
    }
    let file = fs::OpenOptions::new().write(true).open(target)?;
    let put = |bytes: &[u8]| {
        file.write_all_at(bytes, 0)?;
        file.set_len(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        file.sync_all()
    };
    put(new).inspect_err(|_| drop(put(old)))?;
    Ok(true)
}

/// A variable of the environment, unless it is empty.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
}

/// Whether both names lead to one file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

/// The length of the file of that name; `None` for a device, and where there is none.
pub(crate) fn length_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// The length of an open file; `None` for a device.
pub(crate) fn file_length(file: &OwnedFd) -> Option<u64> {
    let file = fs::File::from(file.try_clone().ok()?);
    file.metadata().ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// Sets `flag` from now on when SIGINT comes, which ends the process no more.
///
/// # Errors
/// The host refuses.
#[cfg(feature = "shell")]
pub(crate) fn raise_on_interrupt(flag: &Arc<AtomicBool>) -> Result<(), Trouble> {
    signal_hook::flag::register(SIGINT, Arc::clone(flag)).map(drop).map_err(|error| signals(&error))
}

/// The path from the root on, without looking whether anything is there; as it is where the working folder is gone.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A file of ours for what is kept from one run to the next, in a folder that is there and for its owner only. None if
/// there is no such folder.
#[cfg(feature = "shell")]
pub(crate) fn state_file(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    // The XDG base directory specification: relative paths are to be ignored.
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let home = || absolute(environment("HOME")?.into()).map(|home| home.join(".local/state"));
    let folder =
        environment("XDG_STATE_HOME").and_then(|path| absolute(path.into())).or_else(home)?.join("qomet");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join(name))
}

/// A descriptor that the program inherited, and what it can do.
///
/// Rust gives no safe way from a number to a descriptor, because whoever has a number need not own what it means. The
/// kernel duplicates it for a process that asks for it as for one of another process (`pidfd_getfd`), which is safe.
/// Where a seccomp profile refuses that, the file is opened again. Whatever was opened since the start has
/// `FD_CLOEXEC`, so without that flag it was inherited; QEMU looks at the same.
///
/// # Errors
/// It is not open, was not inherited, or the host refuses.
pub(crate) fn inherit(number: i32) -> Result<(OwnedFd, Access), Trouble> {
    let name = format!("file descriptor {number}");
    let info =
        fs::read_to_string(format!("/proc/self/fdinfo/{number}")).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Trouble(format!("{name} is not open")),
            _ => cannot("look at", &name, &error),
        })?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).unwrap_or_default();
    let flags = rustix::fs::OFlags::from_bits_retain(flags);
    if flags.contains(rustix::fs::OFlags::CLOEXEC) {
        return Err(Trouble(format!("{name} was not inherited: this program opened it")));
    }
    let access = match flags & rustix::fs::OFlags::ACCMODE {
        rustix::fs::OFlags::WRONLY => Access::Write,
        rustix::fs::OFlags::RDWR => Access::Both,
        _ => Access::Read,
    };
    let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty());
    let copied = own
        .and_then(|own| rustix::process::pidfd_getfd(own, number, rustix::process::PidfdGetfdFlags::empty()));
    if let Ok(descriptor) = copied {
        return Ok((descriptor, access));
    }
    let again = fs::OpenOptions::new()
        .read(access != Access::Write)
        .write(access != Access::Read)
        .open(format!("/proc/self/fd/{number}"));
    again.map(|file| (file.into(), access)).map_err(|error| cannot("take over", &name, &error))
}

/// Closes a number that [`inherit`] has found to be inherited: nothing of this program owns it.
pub(crate) fn close_inherited(number: i32) {
    // A number that was given twice is closed already.
    let _ = nix::unistd::close(number);
}

/// SIGINT, SIGTERM and SIGHUP, from now on told to whoever waits and not fatal any more.
pub(crate) struct Stop(Signals);

impl Stop {
    /// Takes the signals over.
    ///
    /// # Errors
    /// The host refuses.
    pub(crate) fn install() -> Result<Self, Trouble> {
        Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Stop).map_err(|error| signals(&error))
    }

    /// Also sets `flag` when one of the first two comes, for work that asks now and then.
    ///
    /// # Errors
    /// The host refuses.
    pub(crate) fn raises(&self, flag: &Arc<AtomicBool>) -> Result<(), Trouble> {
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(flag)).map_err(|error| signals(&error))?;
        }
        Ok(())
    }

    /// Calls `then` on another thread once one of the first two comes, or has come, and `again` whenever SIGHUP comes
    /// before.
    ///
    /// # Errors
    /// The host has no thread.
    pub(crate) fn watch(
        mut self,
        again: impl FnMut() + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> io::Result<Watch> {
        let signals = self.0.handle();
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if self.end_comes(again) {
                then();
            }
        })?;
        Ok(Watch { signals, thread })
    }

    /// Waits until one of the first two comes, or has come; calls `again` whenever SIGHUP comes before.
    pub(crate) fn wait(&mut self, again: impl FnMut()) {
        let _ = self.end_comes(again);
    }

    /// Whether one of the first two came; else nobody waits for them any more.
    fn end_comes(&mut self, mut again: impl FnMut()) -> bool {
        for signal in self.0.forever() {
            match signal {
                SIGHUP => again(),
                _ => return true,
            }
        }
        false
    }
}

/// A thread that waits for a signal.
pub(crate) struct Watch {
    signals: Handle,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Stops waiting.
    pub(crate) fn end(self) {
        self.signals.close();
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

/// What a document is smaller than.
fn limit() -> Size {
    Size(u64::try_from(TEXT_LIMIT).unwrap_or(u64::MAX))
}

/// What messages call a file.
pub(crate) fn named(path: &Path) -> String {
    format!("'{}'", shown(&path.to_string_lossy()))
}

fn cannot(action: &str, name: &str, error: &io::Error) -> Trouble {
    Trouble(format!("cannot {action} {name}: {}", reason(error)))
}

fn signals(error: &io::Error) -> Trouble {
    Trouble(format!("cannot take over SIGINT and SIGTERM: {}", reason(error)))
}
