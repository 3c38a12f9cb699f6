//! Starting the program, reading what it says, waiting for it.
//!
//! Nothing sleeps: a line of output, the end of it or the state of a file is waited for, and a deadline that only a
//! broken program reaches turns waiting into a failure.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the program said before it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with these arguments, by its own name, with pipes.
pub(crate) fn program<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qomet-under-test"));
    command.arg0("qomet").args(arguments).env_remove("NO_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Said {
    Running::start(program(arguments)).end()
}

/// Runs the program to its end, with this on standard input.
pub(crate) fn run_with_input<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, input: &str) -> Said {
    let mut command = program(arguments);
    let mut running = Running::start_child(command.stdin(Stdio::piped()).spawn().unwrap());
    running.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    running.end()
}

/// The program while it runs. It does not survive the test.
pub(crate) struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self::start_child(command.spawn().unwrap())
    }

    fn start_child(mut child: Child) -> Self {
        let (out, err) = (lines(child.stdout.take()), lines(child.stderr.take()));
        Running { child, out, err }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of output that contains `text`; returns all lines up to it.
    pub(crate) fn wait_for(&self, text: &str) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.out.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = line.contains(text);
                    seen.push(line);
                    if found {
                        return seen;
                    }
                }
                Err(_) => panic!("no '{text}' in {seen:#?}, but {:#?}", rest(&self.err)),
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for its end: its output ends then.
    pub(crate) fn end(mut self) -> Said {
        let (out, err) = (rest(&self.out), rest(&self.err));
        Said { code: self.status().code(), out: out.concat(), err: err.concat() }
    }

    fn status(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the program to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for something that nobody announces.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// The lines of a stream, with their ends, as they come. None if there is no stream.
fn lines(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            // A terminal ends with an error when its other side is closed.
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8(std::mem::take(&mut line)).expect("the program writes UTF-8");
                if send.send(text).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

fn rest(lines: &Receiver<String>) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => seen.push(line),
            Err(RecvTimeoutError::Disconnected) => return seen,
            Err(RecvTimeoutError::Timeout) => panic!("the output does not end: {seen:#?}"),
        }
    }
}

/// The program on a terminal, with somebody who types.
pub(crate) struct Terminal {
    running: Running,
    keys: std::fs::File,
    shown: Receiver<Vec<u8>>,
    /// What was shown and not yet waited for.
    seen: String,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let size = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = nix::pty::openpty(&size, None).unwrap();
        let (keys, mut screen) =
            (std::fs::File::from(terminal.master.try_clone().unwrap()), std::fs::File::from(terminal.master));
        let (send, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            // It ends with an error when the other side is closed.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let slave = || terminal.slave.try_clone().unwrap();
        command.stdin(slave()).stdout(slave()).stderr(slave()).env("TERM", "xterm");
        let running = Running::start(command);
        Terminal { running, keys, shown, seen: String::new() }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the program has shown `text` behind what was waited for last.
    pub(crate) fn shows(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            match self.shown.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no '{text}' in {:?}", self.seen),
            }
        }
    }

    /// Waits for its end; the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.running.status().code()
    }
}

/// What the program writes to a terminal that is its standard error.
pub(crate) fn run_on_a_terminal(mut command: Command) -> String {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let shown = lines(Some(std::fs::File::from(terminal.master)));
    command.stderr(terminal.slave);
    let mut running = Running::start(command);
    running.status();
    rest(&shown).concat()
}
