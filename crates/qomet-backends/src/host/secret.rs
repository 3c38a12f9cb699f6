//! Where secrets are read from: files, and the kernel's keyrings.

use std::fs::File;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Host, HostCall};

/// The longest secret: reading a device that does not end must.
const LONGEST: usize = 64 << 20;

impl Host {
    /// Reads all of a file into memory that is wiped, and leaves no other copy of it.
    pub(crate) fn read_secret(&self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
        self.gate(HostCall::ReadFile)?;
        let file = File::open(path)?;
        let mut all = Zeroizing::new(Vec::new());
        let mut part = Zeroizing::new([0; 4096]);
        loop {
            let count = self.read(&file, &mut part[..])?;
            if count == 0 {
                return Ok(all);
            }
            if all.len() + count > LONGEST {
                return Err(io::Error::from_raw_os_error(nix::libc::EFBIG));
            }
            if all.len() + count > all.capacity() {
                // A vector that grows by itself leaves its old contents behind.
                let mut larger = Zeroizing::new(Vec::with_capacity((all.len() + count) * 2));
                larger.extend_from_slice(&all);
                all = larger;
            }
            all.extend_from_slice(part.get(..count).unwrap_or_default());
        }
    }

    /// Whether reading the file takes out what is in it, as with a pipe. A folder gives nothing, and can be asked for it.
    pub(crate) fn gives_once(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
    }

    /// Reads a key of the kernel.
    #[cfg(feature = "keyring")]
    pub(crate) fn key(&self, serial: i32) -> io::Result<Zeroizing<Vec<u8>>> {
        self.gate(HostCall::Key)?;
        let key = linux_keyutils::Key::from_id(linux_keyutils::KeySerialId(serial));
        let mut buffer = Zeroizing::new(vec![0; 1 << 16]);
        loop {
            // The crate's error leaves out what it does not know; the number is still there.
            let length = key.read(&mut *buffer).map_err(|_| io::Error::last_os_error())?;
            if length <= buffer.len() {
                buffer.truncate(length);
                return Ok(buffer);
            }
            if length > LONGEST {
                return Err(io::Error::from_raw_os_error(nix::libc::EFBIG));
            }
            buffer = Zeroizing::new(vec![0; length]);
        }
    }
}
