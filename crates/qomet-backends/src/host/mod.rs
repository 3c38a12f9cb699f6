//! Every call of this crate that the operating system may refuse; those about memory are in `qomet-memory`.
//!
//! The types reach the kernel only through the [`Host`] of their model, which they get as a service, so a test can put
//! one in its place that refuses calls of one kind while all others are real. It is a value with a plan, not a trait
//! with a mock: a mock would have to imitate devices and file systems. It interprets nothing: the types turn an error into words.

mod events;
mod near;
mod secret;
#[cfg(feature = "authz-file")]
mod watch;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use qomet::Service;

#[cfg(feature = "authz-file")]
pub(crate) use watch::Watch;

pub(crate) use near::near;

/// The kinds of call that a [`Host`] can be made to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostCall {
    /// `getrandom`.
    Random,
    /// `open` of a file or device for reading.
    Open,
    /// `read` of an open file or device.
    Read,
    /// `poll` until there is something to read.
    Wait,
    /// Reading a whole file.
    ReadFile,
    /// `inotify`: watching a folder.
    Watch,
    /// `epoll` and `eventfd`: what an event loop waits with.
    EventLoop,
    /// `epoll_ctl`: waiting for one more descriptor.
    EventLoopWatch,
    /// `keyctl`: reading a key of the kernel.
    Key,
}

/// A way to the operating system: the real one, or one that refuses by plan.
///
/// A test puts one into its model: `model.services().put(Host::refusing(HostCall::Read, 5))`.
#[derive(Clone, Debug, Default)]
pub struct Host {
    refused: Option<(HostCall, i32)>,
}

impl Service for Host {}

impl Host {
    /// The machine this runs on, except that each `call` fails with the number `errno`.
    #[must_use]
    pub fn refusing(call: HostCall, errno: i32) -> Self {
        Host { refused: Some((call, errno)) }
    }

    fn gate(&self, call: HostCall) -> io::Result<()> {
        match self.refused {
            Some((refused, errno)) if refused == call => Err(io::Error::from_raw_os_error(errno)),
            _ => Ok(()),
        }
    }

    /// Fills the buffer with the kernel's random numbers.
    pub(crate) fn random(&self, buffer: &mut [u8]) -> io::Result<()> {
        self.gate(HostCall::Random)?;
        getrandom::fill(buffer).map_err(|error| {
            error
                .raw_os_error()
                .map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error)
        })
    }

    /// Opens for reading. It never waits: neither for the other end of a pipe, nor do reads of what it returns.
    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        self.gate(HostCall::Open)?;
        OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
    }

    /// Reads what there is; 0 at the end. Starts anew when a signal interrupts it.
    pub(crate) fn read(&self, mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
        self.gate(HostCall::Read)?;
        loop {
            match file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Waits until there is something to read, or the end.
    pub(crate) fn wait_readable(&self, file: &File) -> io::Result<()> {
        self.gate(HostCall::Wait)?;
        loop {
            let mut wanted = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
            match poll(&mut wanted, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(_) => return Ok(()),
            }
        }
    }
}
