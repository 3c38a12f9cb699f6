//! Every call of this crate that the operating system may refuse.
//!
//! The server reaches the kernel only through a [`Host`] value, so that a test can refuse the n-th call, or every call
//! of one kind, without global state. It does not interpret a refusal; the callers do.
//!
//! Ringing a bell (`eventfd`) is not among the calls that can be refused: it fails only when its counter is full, and
//! then it rings.

use std::io::{self, BufRead, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{FileStat, Mode};
use rustix::io::{Errno, FdFlags};
use rustix::net::sockopt::Timeout;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketAddrAny, SocketFlags,
};

use crate::faults::Call;

/// At most so many descriptors are taken from one message, as QEMU does; the kernel closes the others.
pub(crate) const DESCRIPTORS: usize = 16;

/// So many the kernel carries in one message (`SCM_MAX_FD`).
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// A way to the operating system: the real one, or one that refuses by plan. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    #[cfg(test)]
    plan: Option<std::sync::Arc<(crate::faults::Faults, std::sync::atomic::AtomicU64)>>,
}

impl Host {
    /// The machine this runs on.
    pub(crate) fn real() -> Self {
        Self::default()
    }

    /// The machine this runs on, except for what `faults` says.
    #[cfg(test)]
    pub(crate) fn with(faults: crate::faults::Faults) -> Self {
        Host { plan: Some(std::sync::Arc::new((faults, std::sync::atomic::AtomicU64::new(0)))) }
    }

    /// How many calls this host and its clones were asked for; always 0 for [`Host::real`].
    #[cfg(test)]
    pub(crate) fn calls(&self) -> u64 {
        self.plan.as_ref().map_or(0, |plan| plan.1.load(std::sync::atomic::Ordering::Relaxed))
    }

    /// Counts a call, and refuses it where the plan says so.
    #[cfg(test)]
    fn gate(&self, call: Call) -> io::Result<()> {
        let Some(plan) = &self.plan else { return Ok(()) };
        let (faults, made) = &**plan;
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let nth = faults.nth.filter(|(n, _)| *n == number).map(|(_, errno)| errno);
        let kind = faults.calls.iter().find(|(kind, _)| *kind == call).map(|(_, errno)| *errno);
        nth.or(kind).map_or(Ok(()), |errno| Err(errno.into()))
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests have a plan")]
    #[inline(always)]
    fn gate(&self, _: Call) -> io::Result<()> {
        Ok(())
    }

    /// How long to wait for a client: as long as is usual.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests have a plan"))]
    pub(crate) fn patience(&self, usual: Duration) -> Duration {
        #[cfg(test)]
        if let Some(patience) = self.plan.as_ref().and_then(|plan| plan.0.patience) {
            return patience;
        }
        usual
    }

    pub(crate) fn epoll(&self) -> io::Result<Epoll> {
        self.gate(Call::Epoll)?;
        Ok(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?)
    }

    pub(crate) fn watch(
        &self,
        epoll: &Epoll,
        fd: impl AsFd,
        what: EpollFlags,
        number: u64,
    ) -> io::Result<()> {
        self.gate(Call::Watch)?;
        Ok(epoll.add(fd, EpollEvent::new(what, number))?)
    }

    pub(crate) fn rewatch(
        &self,
        epoll: &Epoll,
        fd: impl AsFd,
        what: EpollFlags,
        number: u64,
    ) -> io::Result<()> {
        self.gate(Call::Rewatch)?;
        Ok(epoll.modify(fd, &mut EpollEvent::new(what, number))?)
    }

    /// How many of `events` were filled; none if a signal came.
    pub(crate) fn wait(
        &self,
        epoll: &Epoll,
        events: &mut [EpollEvent],
        timeout: EpollTimeout,
    ) -> io::Result<usize> {
        self.gate(Call::Wait)?;
        match epoll.wait(events, timeout) {
            Err(nix::Error::EINTR) => Ok(0),
            other => Ok(other?),
        }
    }

    /// Waits until the bell rings.
    pub(crate) fn wait_for_bell(&self, bell: &EventFd) -> io::Result<()> {
        self.gate(Call::Wait)?;
        match poll(&mut [PollFd::new(bell.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn bell(&self) -> io::Result<EventFd> {
        self.gate(Call::Bell)?;
        Ok(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?)
    }

    pub(crate) fn thread(
        &self,
        name: String,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        self.gate(Call::Thread)?;
        std::thread::Builder::new().name(name).spawn(run)
    }

    pub(crate) fn cpus(&self) -> io::Result<usize> {
        self.gate(Call::Cpus)?;
        #[cfg(test)]
        if let Some(cpus) = self.plan.as_ref().and_then(|plan| plan.0.cpus) {
            return Ok(cpus);
        }
        std::thread::available_parallelism().map(usize::from)
    }

    /// What stands at `path`, without following a link; `None` if nothing does.
    pub(crate) fn stat_name(&self, path: &Path) -> io::Result<Option<FileStat>> {
        self.gate(Call::StatName)?;
        match nix::sys::stat::lstat(path) {
            Err(nix::Error::ENOENT) => Ok(None),
            other => Ok(Some(other?)),
        }
    }

    /// Keeps others of our kind from making sockets in a folder, as long as what is returned lives. A folder that
    /// somebody else holds is not waited for longer than this.
    pub(crate) fn hold_folder(&self, folder: &Path, patience: Duration) -> io::Result<OwnedFd> {
        use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
        self.gate(Call::Folder)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = open(folder, flags, Mode::empty())?;
        let until = Instant::now() + patience;
        loop {
            match flock(&held, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::AGAIN) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(held),
            }
        }
    }

    pub(crate) fn connect(&self, path: &Path) -> io::Result<UnixStream> {
        self.gate(Call::Connect)?;
        UnixStream::connect(path)
    }

    pub(crate) fn unlink(&self, path: &Path) -> io::Result<()> {
        self.gate(Call::Unlink)?;
        std::fs::remove_file(path)
    }

    /// A socket that listens at `path`. Its file is made with the mode 0600 (less the umask), so there is no moment at
    /// which it is open to others.
    pub(crate) fn listen_unix(&self, path: &Path, backlog: i32) -> io::Result<OwnedFd> {
        let address = UnixAddr::new(path)?;
        self.gate(Call::Socket)?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        self.gate(Call::Mode)?;
        nix::sys::stat::fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
        self.gate(Call::Bind)?;
        nix::sys::socket::bind(socket.as_raw_fd(), &address)?;
        let listening = self.gate(Call::Listen).and_then(|()| {
            let backlog = Backlog::new(backlog).unwrap_or(Backlog::MAXCONN);
            Ok(nix::sys::socket::listen(&socket, backlog)?)
        });
        if let Err(error) = listening {
            // Nobody else knows of the file yet.
            let _ = self.unlink(path);
            return Err(error);
        }
        Ok(socket)
    }

    /// A socket that listens at a TCP address.
    pub(crate) fn listen_tcp(&self, address: SocketAddr) -> io::Result<OwnedFd> {
        self.gate(Call::Socket)?;
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener.into())
    }

    /// The addresses of a machine.
    pub(crate) fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.gate(Call::Resolve)?;
        Ok((name, port).to_socket_addrs()?.collect())
    }

    /// Where a socket listens.
    pub(crate) fn name(&self, socket: BorrowedFd<'_>) -> io::Result<SocketAddrAny> {
        self.gate(Call::Name)?;
        Ok(rustix::net::getsockname(socket)?)
    }

    /// The next client; `None` when nobody waits.
    pub(crate) fn accept(&self, listener: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
        loop {
            self.gate(Call::Accept)?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            match rustix::net::accept_with(listener, flags) {
                Ok(client) => return Ok(Some(client)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The user at the other end of a unix socket.
    pub(crate) fn peer(&self, socket: BorrowedFd<'_>) -> io::Result<u32> {
        self.gate(Call::Peer)?;
        Ok(rustix::net::sockopt::socket_peercred(socket)?.uid.as_raw())
    }

    /// What is written is sent at once.
    pub(crate) fn set_nodelay(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        self.gate(Call::NoDelay)?;
        Ok(rustix::net::sockopt::set_tcp_nodelay(socket, true)?)
    }

    pub(crate) fn set_nonblocking(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        self.gate(Call::Blocking)?;
        Ok(rustix::io::ioctl_fionbio(socket, true)?)
    }

    /// From now on reading and writing wait, but each not longer than this.
    pub(crate) fn set_patience(
        &self,
        socket: BorrowedFd<'_>,
        reading: Duration,
        writing: Duration,
    ) -> io::Result<()> {
        self.gate(Call::Blocking)?;
        rustix::io::ioctl_fionbio(socket, false)?;
        rustix::net::sockopt::set_socket_timeout(socket, Timeout::Recv, Some(reading))?;
        Ok(rustix::net::sockopt::set_socket_timeout(socket, Timeout::Send, Some(writing))?)
    }

    /// Two sockets that are connected with each other; the first does not wait.
    pub(crate) fn pair(&self) -> io::Result<(OwnedFd, UnixStream)> {
        self.gate(Call::Pair)?;
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((ours.into(), theirs))
    }

    /// The descriptors that systemd passes, with their names. Call it once.
    pub(crate) fn passed(&self) -> io::Result<Vec<(Option<String>, OwnedFd)>> {
        self.gate(Call::Passed)?;
        let all = sd_listen_fds::get().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let all = all.into_iter().map(|(name, fd)| (name, fd.into_std()));
        all.map(|(name, fd)| {
            rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
            Ok((name, fd))
        })
        .collect()
    }

    /// Tells systemd something, where there is one.
    pub(crate) fn notify(&self, state: &str) -> io::Result<()> {
        let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
        self.gate(Call::Notify)?;
        let address = match place.as_bytes().split_first() {
            Some((b'@', name)) => std::os::unix::net::SocketAddr::from_abstract_name(name)?,
            _ => std::os::unix::net::SocketAddr::from_pathname(&place)?,
        };
        UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
    }

    /// Lets the process have as many descriptors as it may; returns how many.
    pub(crate) fn raise_descriptor_limit(&self) -> io::Result<u64> {
        self.gate(Call::Limit)?;
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok(hard)
    }

    /// The next bytes of standard input; none at its end.
    pub(crate) fn input(&self) -> io::Result<Vec<u8>> {
        self.gate(Call::Input)?;
        let mut input = io::stdin().lock();
        let bytes = input.fill_buf()?.to_vec();
        input.consume(bytes.len());
        Ok(bytes)
    }

    /// Writes to standard output.
    pub(crate) fn output(&self, bytes: &[u8]) -> io::Result<()> {
        self.gate(Call::Output)?;
        let mut output = io::stdout().lock();
        output.write_all(bytes)?;
        output.flush()
    }

    /// Receives bytes, and the descriptors that came with the last of them.
    pub(crate) fn receive(
        &self,
        socket: BorrowedFd<'_>,
        buffer: &mut [u8],
        descriptors: &mut Vec<OwnedFd>,
    ) -> io::Result<usize> {
        self.gate(Call::Receive)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(buffer)];
        let got = rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(all) = message {
                descriptors.extend(all);
            }
        }
        Ok(got.bytes)
    }

    /// What a descriptor can do.
    pub(crate) fn access(&self, descriptor: impl AsFd) -> io::Result<qomet::Access> {
        self.gate(Call::Access)?;
        let flags = rustix::fs::fcntl_getfl(descriptor)? & rustix::fs::OFlags::ACCMODE;
        Ok(match flags {
            rustix::fs::OFlags::WRONLY => qomet::Access::Write,
            rustix::fs::OFlags::RDWR => qomet::Access::Both,
            _ => qomet::Access::Read,
        })
    }

    pub(crate) fn send(&self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        self.gate(Call::Send)?;
        Ok(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL)?)
    }

    /// The same, with descriptors, which go with the first byte.
    pub(crate) fn send_with(
        &self,
        socket: BorrowedFd<'_>,
        bytes: &[u8],
        descriptors: &[std::sync::Arc<OwnedFd>],
    ) -> io::Result<usize> {
        self.gate(Call::Send)?;
        let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(|one| one.as_fd()).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let parts = [IoSlice::new(bytes)];
        Ok(rustix::net::sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?)
    }
}
