//! The kinds of call to the operating system, and plans that refuse them.
//!
//! [`crate::host::Host`] asks a plan before each call. Only tests write plans. A plan is data: it refuses the same
//! calls each time, so a test can go through all of them one by one.

/// The kinds of call that a plan can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// `epoll_create1`.
    Epoll,
    /// `epoll_ctl`: a socket is waited for from now on.
    Watch,
    /// `epoll_ctl`: something else of it is waited for.
    Rewatch,
    /// `epoll_wait`.
    Wait,
    /// `eventfd`.
    Bell,
    /// `pthread_create`.
    Thread,
    /// The number of CPUs that this process may use.
    Cpus,
    /// `lstat` of the place of a socket.
    StatName,
    /// `open` and `flock` of the folder of a socket.
    Folder,
    /// `connect` to a socket, to see whether anybody listens.
    Connect,
    /// `unlink` of the file of a socket.
    Unlink,
    /// `socket`.
    Socket,
    /// `fchmod` of a socket that has no name yet.
    Mode,
    /// `bind`.
    Bind,
    /// `listen`.
    Listen,
    /// `accept4`.
    Accept,
    /// `getsockopt(SO_PEERCRED)`.
    Peer,
    /// `ioctl(FIONBIO)` and `setsockopt(SO_SNDTIMEO)`: how long a call may wait.
    Blocking,
    /// `setsockopt(TCP_NODELAY)`.
    NoDelay,
    /// `getaddrinfo`.
    Resolve,
    /// `getsockname`.
    Name,
    /// `socketpair`.
    Pair,
    /// The descriptors that systemd passes.
    Passed,
    /// `send` to systemd.
    Notify,
    /// `getrlimit` and `setrlimit`.
    Limit,
    /// `read` of standard input.
    Input,
    /// `write` to standard output.
    Output,
    /// `recvmsg`.
    Receive,
    /// `fcntl(F_GETFL)` of a descriptor that was passed.
    Access,
    /// `send`.
    Send,
}

/// Which calls a host refuses.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) nth: Option<(u64, nix::errno::Errno)>,
    pub(crate) calls: Vec<(Call, nix::errno::Errno)>,
    pub(crate) cpus: Option<usize>,
    pub(crate) patience: Option<std::time::Duration>,
}

#[cfg(test)]
impl Faults {
    /// A plan that refuses nothing; the host still counts.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Refuses the `n`-th call (the first is 0), whatever it is.
    pub(crate) fn nth(mut self, n: u64, errno: nix::errno::Errno) -> Self {
        self.nth = Some((n, errno));
        self
    }

    /// Pretends that this many CPUs may be used.
    pub(crate) fn cpus(mut self, cpus: usize) -> Self {
        self.cpus = Some(cpus);
        self
    }

    /// Waits so long for clients at the end, instead of a moment.
    pub(crate) fn patience(mut self, patience: std::time::Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Refuses every call of this kind.
    pub(crate) fn call(mut self, call: Call, errno: nix::errno::Errno) -> Self {
        self.calls.push((call, errno));
        self
    }
}
