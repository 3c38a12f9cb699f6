//! Where text goes: standard output for results, standard error for diagnostics.
//!
//! Every command writes through a [`Console`], and tests give one that keeps the text. Colours appear only on a
//! terminal and never if `NO_COLOR` is set.
//!
//! A reader that goes away (`qomet types | head -1`) ends the output, not the command: `run` keeps its objects, and
//! the exit code stays that of the command. Any other failure to write is told at the end, because results are lost.

use std::io::{self, ErrorKind, IsTerminal, Read, Write};

use clap::builder::styling::{AnsiColor, Style};

use crate::outcome::{Outcome, Trouble};
use crate::text::reason;

/// Columns where there is no terminal.
const WIDTH: usize = 100;

/// Standard input, output and error, or what stands in for them.
pub(crate) struct Console {
    input: Box<dyn Read>,
    out: Stream,
    err: Stream,
    /// Whether results go where diagnostics go.
    diverted: bool,
    width: usize,
    /// Whether somebody types and looks.
    #[cfg_attr(not(feature = "shell"), allow(dead_code, reason = "only the shell asks"))]
    interactive: bool,
    /// Whether somebody looks at standard error.
    watched: bool,
}

struct Stream {
    writer: Box<dyn Write>,
    colour: bool,
    failed: Option<io::Error>,
}

impl Stream {
    fn new(writer: impl Write + 'static, colour: bool) -> Self {
        Stream { writer: Box::new(writer), colour, failed: None }
    }

    /// Writes all of `text`, so that what follows (a pause, another stream) comes after it.
    fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            let done = self.writer.write_all(bytes).and_then(|()| self.writer.flush());
            self.failed = done.err();
        }
    }
}

impl Console {
    /// Those of the process.
    pub(crate) fn standard() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let colours = set("NO_COLOR").is_none() && set("TERM").is_none_or(|terminal| terminal != "dumb");
        let (out, err) = (io::stdout(), io::stderr());
        let width = terminal_size::terminal_size_of(&out)
            .map_or(WIDTH, |(terminal_size::Width(width), _)| usize::from(width));
        Console {
            interactive: io::stdin().is_terminal() && out.is_terminal(),
            watched: err.is_terminal() && set("TERM").is_none_or(|terminal| terminal != "dumb"),
            input: Box::new(io::stdin()),
            width,
            diverted: false,
            out: {
                let colour = colours && out.is_terminal();
                Stream::new(out, colour)
            },
            err: {
                let colour = colours && err.is_terminal();
                Stream::new(err, colour)
            },
        }
    }

    /// One that reads `input` and writes to `out` and `err` without colours.
    #[cfg(test)]
    pub(crate) fn of(
        input: impl Read + 'static,
        out: impl Write + 'static,
        err: impl Write + 'static,
        width: usize,
    ) -> Self {
        Console {
            input: Box::new(input),
            out: Stream::new(out, false),
            err: Stream::new(err, false),
            diverted: false,
            width,
            interactive: false,
            watched: false,
        }
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        // What is narrower, or says 0, is not for reading.
        self.width.clamp(40, 200)
    }

    /// Whether input and output are a terminal.
    #[cfg(feature = "shell")]
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether a line on standard error that is drawn again and again is seen as it is meant.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Standard input.
    pub(crate) fn input(&mut self) -> &mut dyn Read {
        &mut self.input
    }

    /// Writes a part of the result.
    pub(crate) fn print(&mut self, text: &str) {
        if self.diverted { self.err.write(text) } else { self.out.write(text) }
    }

    /// Writes to standard output whatever else goes there.
    pub(crate) fn pass_on(&mut self, bytes: &[u8]) {
        self.out.write_bytes(bytes);
    }

    /// Asks a question that is answered with yes or no; whatever is not yes is no.
    pub(crate) fn confirm(&mut self, question: &str) -> bool {
        self.complain(&format!("{question} [y/N] "));
        let (mut answer, mut byte) = (Vec::new(), [0]);
        // What stands behind the line belongs to somebody else.
        while let Ok(1) = self.input.read(&mut byte) {
            match byte {
                [b'\n'] => break,
                [other] => answer.push(other),
            }
        }
        let answer = String::from_utf8_lossy(&answer).trim().to_ascii_lowercase();
        matches!(answer.as_str(), "y" | "yes")
    }

    /// From now on results go to standard error: standard output is needed for something else.
    pub(crate) fn divert(&mut self) {
        self.diverted = true;
    }

    /// Writes for people what is wrong.
    pub(crate) fn complain(&mut self, text: &str) {
        self.err.write(text);
    }

    /// Whether diagnostics may have colours.
    pub(crate) fn colours_complaints(&self) -> bool {
        self.err.colour
    }

    /// The styles of results.
    pub(crate) fn paint(&self) -> Paint {
        Paint { colour: if self.diverted { self.err.colour } else { self.out.colour } }
    }

    /// The styles of diagnostics.
    pub(crate) fn paint_complaints(&self) -> Paint {
        Paint { colour: self.err.colour }
    }

    /// Shows a help text or what is wrong with the command line.
    pub(crate) fn clap(&mut self, message: &clap::Error) -> Outcome {
        let text = message.render();
        let stream = if message.use_stderr() { &mut self.err } else { &mut self.out };
        stream.write(&if stream.colour { text.ansi().to_string() } else { text.to_string() });
        if message.use_stderr() { Outcome::Usage } else { Outcome::Fine }
    }

    /// Says whether all results were written, or were not wanted any more.
    pub(crate) fn finish(&mut self) -> Result<(), Trouble> {
        match self.out.failed.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Trouble(format!("cannot write to standard output: {}", reason(&error))))
            }
            _ => Ok(()),
        }
    }
}

/// Adds colours to results, or not.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    fn apply(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Whether there are no colours.
    #[cfg(feature = "shell")]
    pub(crate) fn is_plain(self) -> bool {
        !self.colour
    }

    /// Names of types, objects and properties.
    pub(crate) fn name(self, text: &str) -> String {
        self.apply(AnsiColor::Cyan.on_default(), text)
    }

    /// Headings.
    pub(crate) fn heading(self, text: &str) -> String {
        self.apply(Style::new().bold(), text)
    }

    /// What one may skip.
    pub(crate) fn faint(self, text: &str) -> String {
        self.apply(Style::new().dimmed(), text)
    }

    /// A line that goes.
    pub(crate) fn removed(self, text: &str) -> String {
        self.apply(AnsiColor::Red.on_default(), text)
    }

    /// A line that comes.
    pub(crate) fn added(self, text: &str) -> String {
        self.apply(AnsiColor::Green.on_default(), text)
    }

    /// That something is wrong.
    pub(crate) fn error(self, text: &str) -> String {
        self.apply(AnsiColor::BrightRed.on_default().bold(), text)
    }

    /// What one must not miss.
    pub(crate) fn alert(self, text: &str) -> String {
        self.apply(AnsiColor::Yellow.on_default().bold(), text)
    }
}
