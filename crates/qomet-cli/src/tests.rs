//! Whole commands over a few types, with a console that keeps the text.

mod check;
mod client;
mod fix;
mod formats;
mod help;
mod languages;
mod run;

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::rc::Rc;

use qomet::prelude::*;
use qomet::{ModelErrorKind, Result};

use crate::console::Console;
use crate::execute;

/// Paper that goes in.
#[derive(Clone, Copy, Debug, Value)]
enum Paper {
    /// 210 by 297 mm
    A4,
    /// 8.5 by 11 inches
    Letter,
}

/// Something that is plugged in.
#[derive(Object)]
#[object(name = "device", abstract)]
struct Device {
    /// The power it takes
    #[property(default = 5, min = 1, max = 100, unit = "watts", since = "1.2")]
    power: u16,
}

/// Puts marks on paper.
#[derive(Object)]
#[object(name = "printer", user_creatable, check)]
struct Printer {
    #[object(parent)]
    device: Device,
    /// Room for waiting pages
    #[property(required, min = 1, max = i64::MAX, multiple_of = 512)]
    buffer: Size,
    /// Which paper goes in
    #[property(default = Paper::A4)]
    paper: Live<Paper>,
    /// Whether it prints on both sides; auto: if the paper is A4
    #[property(default = OnOffAuto::Auto, effective = Printer::effective_duplex)]
    duplex: OnOffAuto,
    /// The printer that takes over when this one is out of paper
    fallback: Option<Link<Printer>>,
    /// The key for its network
    #[property(default = "hunter2".to_owned(), sensitive)]
    key: String,
    /// Pages printed so far
    #[property(computed = Printer::pages)]
    pages: Computed<u64>,
}

impl Printer {
    fn effective_duplex(&self, _: &()) -> OnOffAuto {
        self.duplex.or(matches!(self.paper.get(), Paper::A4)).into()
    }

    fn pages(&self, _: &()) -> u64 {
        0
    }
}

impl Check for Printer {
    fn check(&self, report: &mut Diagnostics) {
        if self.duplex == OnOffAuto::On && matches!(self.paper.get(), Paper::Letter) {
            let _ = report.report(Diagnostic::new(Warned("letters jam")).with_property("duplex"));
        }
    }
}

impl Realize for Printer {
    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<()> {
        if self.buffer().bytes() > 1 << 30 {
            cx.warn(Warned("that is a lot of pages"));
        }
        Ok(())
    }
}

/// A warning.
#[derive(Debug)]
struct Warned(&'static str);

impl qomet::Problem for Warned {
    fn code(&self) -> &'static str {
        "warned"
    }
    fn message(&self, _: &qomet::About, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0)
    }
    fn severity(&self) -> qomet::Severity {
        qomet::Severity::Warning
    }
}

/// Something that this host does not have.
#[derive(Object)]
#[object(name = "moon", user_creatable)]
struct Moon {}

impl Realize for Moon {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Err(ModelErrorKind::Host { message: "no moon today".to_owned() }.into())
    }
}

/// Holds paper; only printers make it.
#[derive(Object)]
#[object(name = "tray")]
struct Tray {}

impl Realize for Tray {
    fn realize(&self, _: &mut RealizeContext<'_>) -> Result<()> {
        Ok(())
    }
}

types! {
    fn types = [Printer, Moon, Tray, Device];
}

/// What a command came to.
struct Ended {
    code: u8,
    out: String,
    err: String,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, out, err) = (self.code, &self.out, &self.err);
        write!(f, "{out}--- standard error ---\n{err}--- exit code {code} ---")
    }
}

#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

/// Refuses to take anything.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `qomet ARGUMENTS` with `input` as standard input.
fn qomet_with(arguments: &[&str], input: &str) -> Ended {
    let (out, err) = (Kept::default(), Kept::default());
    let input = io::Cursor::new(input.as_bytes().to_vec());
    let code = run_in(arguments, Console::of(input, out.clone(), err.clone(), 100));
    Ended { code, out: out.text(), err: err.text() }
}

fn qomet(arguments: &[&str]) -> Ended {
    qomet_with(arguments, "")
}

fn run_in(arguments: &[&str], mut console: Console) -> u8 {
    let registry = TypeRegistry::builder().add(types()).build().unwrap();
    let arguments = std::iter::once("qomet").chain(arguments.iter().copied()).map(OsString::from);
    execute(registry, arguments, &mut console).code()
}
