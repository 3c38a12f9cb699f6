//! What an event loop waits with.

use std::io;
use std::os::fd::AsFd;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::{Host, HostCall};
use crate::thread::Readiness;

impl Host {
    /// What waits for descriptors, and a bell to wake it.
    pub(crate) fn event_loop(&self) -> io::Result<(Epoll, EventFd)> {
        self.gate(HostCall::EventLoop)?;
        let bell = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok((Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, bell))
    }

    /// Waits for one more descriptor, which is told of by its number.
    pub(crate) fn watch_ready(
        &self,
        epoll: &Epoll,
        file: impl AsFd,
        when: Readiness,
        number: u64,
    ) -> io::Result<()> {
        self.gate(HostCall::EventLoopWatch)?;
        let flags = match when {
            Readiness::Readable => EpollFlags::EPOLLIN,
            Readiness::Writable => EpollFlags::EPOLLOUT,
        };
        Ok(epoll.add(file, EpollEvent::new(flags, number))?)
    }
}
