//! Files whose changes the kernel notes.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::{Host, HostCall};

/// The longest file that is read as a whole.
const LONGEST: u64 = 16 << 20;

/// A folder whose changes the kernel notes.
pub(crate) struct Watch(Option<Inotify>);

impl Watch {
    /// A folder that is not there: something in it may have changed at any time.
    pub(crate) fn lost() -> Self {
        Watch(None)
    }

    /// Whether the folder went.
    pub(crate) fn is_lost(&self) -> bool {
        self.0.is_none()
    }
}

impl Host {
    /// Reads all of a file. One that does not end, such as a device, is too large.
    pub(crate) fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.gate(HostCall::ReadFile)?;
        let mut all = Vec::new();
        std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut all)?;
        match u64::try_from(all.len()).is_ok_and(|length| length <= LONGEST) {
            true => Ok(all),
            false => Err(io::Error::from_raw_os_error(nix::libc::EFBIG)),
        }
    }

    /// Has the kernel note what changes in a folder from now on.
    pub(crate) fn watch(&self, folder: &Path) -> io::Result<Watch> {
        self.gate(HostCall::Watch)?;
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let wanted = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        inotify.add_watch(folder, wanted)?;
        Ok(Watch(Some(inotify)))
    }

    /// Whether the file `name` of the folder may have changed since this was asked last. Never waits.
    pub(crate) fn has_changed(&self, watch: &mut Watch, name: &OsStr) -> bool {
        let Some(inotify) = &watch.0 else { return true };
        let gone = AddWatchFlags::IN_IGNORED
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_Q_OVERFLOW;
        let mut changed = false;
        loop {
            match inotify.read_events() {
                Ok(events) if !events.iter().any(|event| event.mask.intersects(gone)) => {
                    changed |= events.iter().any(|event| event.name.as_deref() == Some(name));
                }
                Err(Errno::EAGAIN) => return changed,
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => {
                    *watch = Watch::lost();
                    return true;
                }
            }
        }
    }
}
