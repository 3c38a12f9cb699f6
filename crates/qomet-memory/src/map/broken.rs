//! Pages that look broken, without breaking any: for the tests of [`crate::Region::replace_page`].
//!
//! `UFFDIO_POISON` (Linux 6.6) leaves the mark in a page table that an error of the hardware leaves, and nothing else:
//! `MADV_HWPOISON` would take a page from the machine until it restarts.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;

use super::Mapping;

/// From `linux/userfaultfd.h`.
const UFFD_API: u64 = 0xaa;
const UFFD_FEATURE_POISON: u64 = 1 << 14;
const UFFDIO_REGISTER_MODE_MISSING: u64 = 1;

#[repr(C)]
struct Api {
    api: u64,
    features: u64,
    ioctls: u64,
}

#[repr(C)]
struct RangeAnd {
    start: u64,
    length: u64,
    mode: u64,
    /// What the kernel answers.
    answer: u64,
}

nix::ioctl_readwrite!(uffdio_api, 0xaa, 0x3f, Api);
nix::ioctl_readwrite!(uffdio_register, 0xaa, 0x00, RangeAnd);
nix::ioctl_readwrite!(uffdio_poison, 0xaa, 0x08, RangeAnd);

impl Mapping {
    /// Makes a range that has no pages yet look broken. Refused where the kernel has no such thing.
    pub(crate) fn break_pages(&self, start: u64, length: u64) -> Result<(), Errno> {
        let at = self.inside(start, usize::try_from(length).unwrap())?.get();
        // SAFETY: the call takes no address and returns a descriptor that nobody else owns.
        let file = unsafe {
            let file = libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | libc::O_NONBLOCK);
            OwnedFd::from_raw_fd(i32::try_from(Errno::result(file)?).unwrap())
        };
        let mut api = Api { api: UFFD_API, features: UFFD_FEATURE_POISON, ioctls: 0 };
        let mut range = RangeAnd {
            start: u64::try_from(at).unwrap(),
            length,
            mode: UFFDIO_REGISTER_MODE_MISSING,
            answer: 0,
        };
        // SAFETY: the structures are those of the kernel and live until the calls return. The range is inside the window,
        // where nobody holds a reference; a touch of it is a signal from now on, and tests only copy through the kernel.
        unsafe {
            uffdio_api(file.as_raw_fd(), &raw mut api)?;
            uffdio_register(file.as_raw_fd(), &raw mut range)?;
            range.mode = 0;
            uffdio_poison(file.as_raw_fd(), &raw mut range)?;
        }
        Ok(())
    }
}
