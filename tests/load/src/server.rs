//! Starting a server, what it costs, ending it.
//!
//! Each has a folder of its own for its socket. It never outlives its [`Server`].

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::client::Client;

/// How long anything may take that must happen.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a server that listens may take to greet.
const FIRST: Duration = Duration::from_secs(10);

/// Which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Qomet: the program.
    Qomet(PathBuf),
    /// QEMU's, if it is installed.
    Qemu,
    /// QEMU's storage daemon: the same protocol and another set of types.
    StorageDaemon,
    /// Ours that only echoes: a line for a line.
    Echo,
    /// Ours that also parses and looks up.
    Bare,
}

impl Kind {
    /// Its name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Qomet(_) => "qomet",
            Kind::Qemu => "qemu",
            Kind::StorageDaemon => "qemu-storage-daemon",
            Kind::Echo => "echo",
            Kind::Bare => "bare",
        }
    }

    /// QEMU or what there is of it on this machine.
    #[must_use]
    pub fn peer() -> Option<Self> {
        let runs = |program: &str| {
            let mut version = Command::new(program);
            version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            version.status().is_ok_and(|status| status.success())
        };
        if runs("qemu-system-x86_64") {
            Some(Kind::Qemu)
        } else if runs("qemu-storage-daemon") {
            Some(Kind::StorageDaemon)
        } else {
            None
        }
    }

    /// A type that needs nothing, and one of its properties.
    #[must_use]
    pub fn plain_type(&self) -> (&'static str, &'static str) {
        match self {
            Kind::StorageDaemon => ("throttle-group", "x-iops-total"),
            _ => ("rng-builtin", "opened"),
        }
    }

    fn command(&self, sockets: &[PathBuf], more: &[String]) -> io::Result<Command> {
        let paths = sockets.iter().map(|socket| socket.display());
        let mut command = match self {
            Kind::Qomet(program) => {
                let mut command = Command::new(program);
                command.arg("run").args(more);
                for path in paths {
                    command.arg("--qmp").arg(format!("unix:{path}"));
                }
                command
            }
            Kind::Qemu => {
                let mut command = Command::new("qemu-system-x86_64");
                command.args(["-machine", "none", "-nodefaults", "-display", "none"]).args(more);
                for path in paths {
                    command.arg("-qmp").arg(format!("unix:{path},server=on,wait=off"));
                }
                command
            }
            Kind::StorageDaemon => {
                let mut command = Command::new("qemu-storage-daemon");
                command.args(more);
                for (index, path) in paths.enumerate() {
                    command.arg("--chardev");
                    command.arg(format!("socket,path={path},server=on,wait=off,id=c{index}"));
                    command.arg("--monitor").arg(format!("chardev=c{index}"));
                }
                command
            }
            Kind::Echo | Kind::Bare => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg(self.name()).args(sockets);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    sockets: Vec<PathBuf>,
    _folder: TempDir,
    /// From the start of the process until it had answered its first client.
    pub starting: Duration,
    /// Its first client, until somebody takes it: QEMU has one at a time.
    first: Option<Client>,
}

impl Server {
    /// Starts it with these further arguments.
    ///
    /// # Errors
    /// It cannot be started, or it ends at once.
    pub fn start(kind: &Kind, more: &[String]) -> io::Result<Self> {
        Self::with_sockets(kind, more, 1)
    }

    /// Starts it with so many sockets.
    ///
    /// # Errors
    /// It cannot be started, or it ends at once.
    pub fn with_sockets(kind: &Kind, more: &[String], sockets: usize) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("qomet-load-").tempdir()?;
        let sockets: Vec<_> = (0..sockets).map(|index| folder.path().join(format!("{index}"))).collect();
        let mut command = kind.command(&sockets, more)?;
        let begin = Instant::now();
        let child = command.spawn().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot start {:?}: {error}", command.get_program()))
        })?;
        let mut server = Server { child, sockets, _folder: folder, starting: Duration::ZERO, first: None };
        while server.first.is_none() {
            // The last socket is made last.
            match Client::try_connect(&server.sockets[server.sockets.len() - 1], FIRST) {
                Ok(client) => server.first = Some(client),
                // QEMU may forget a client that comes as soon as there is a socket.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::UnexpectedEof) => {}
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {}
                Err(error) => return Err(error),
            }
            server.starting = begin.elapsed();
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at once: {status}")));
            }
            if server.starting > PATIENCE {
                return Err(ErrorKind::TimedOut.into());
            }
            if server.first.is_none() {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        Ok(server)
    }

    /// A client.
    ///
    /// # Errors
    /// It is not served.
    pub fn client(&mut self) -> io::Result<Client> {
        self.first.take().map_or_else(|| Client::connect(self.socket()), Ok)
    }

    /// Its first socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.sockets[0]
    }

    /// All its sockets.
    #[must_use]
    pub fn sockets(&self) -> &[PathBuf] {
        &self.sockets
    }

    /// Its resident memory, in bytes.
    ///
    /// # Errors
    /// It is gone.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<u64> = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// How many descriptors it has open.
    ///
    /// # Errors
    /// It is gone.
    pub fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// How many threads it has.
    ///
    /// # Errors
    /// It is gone.
    pub fn threads(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/task", self.child.id()))?.count())
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// The host does not tell.
    pub fn is_alive(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begin.elapsed() > PATIENCE {
                return Err(ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does `work` with this thread, and every process it starts, on one CPU.
///
/// # Errors
/// The host does not let us, or what `work` says.
pub fn on_one_cpu<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this)?;
    let mut one = CpuSet::new();
    let first = (0..CpuSet::count()).find(|cpu| all.is_set(*cpu).unwrap_or(false)).unwrap_or(0);
    one.set(first)?;
    sched_setaffinity(this, &one)?;
    let done = work();
    sched_setaffinity(this, &all)?;
    done
}
