//! `rng-random`: random numbers from a device or file.
//!
//! The device is opened without waiting (a pipe whose other end is missing must not hold up a server), so waiting is
//! `poll`'s business. A source that ends has ended: reading it from its start again would give the same bytes twice.

use std::borrow::Borrow;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qomet::prelude::*;
use qomet::{Instance, ProbeContext, Result};

use super::{RandomSource, RngBackend};
use crate::host::Host;
use crate::problem::BackendErrorKind;

/// Random numbers from a device or file of the host.
///
/// ```
/// use qomet::prelude::*;
/// use qomet_backends::rng::RandomSource;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("rng-random")?;
/// draft.set_id("rng0");
/// draft.set("filename", "/dev/urandom")?;
/// let object = model.create(draft)?;
///
/// let source = object.interface::<dyn RandomSource>().expect("every rng is a source");
/// let (mut first, mut second) = ([0; 32], [0; 32]);
/// source.fill(&mut first)?;
/// source.fill(&mut second)?;
/// assert_ne!(first, second);
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "rng-random", user_creatable, state = RandomFile, interfaces(RandomSource))]
pub struct RngRandom {
    #[object(parent)]
    backend: RngBackend,
    /// The device or file the bytes come from
    #[property(default = PathBuf::from("/dev/urandom"), example = "/dev/hwrng")]
    filename: PathBuf,
}

/// The open device of an `rng-random`.
pub struct RandomFile {
    file: File,
    host: Arc<Host>,
}

impl Borrow<()> for RandomFile {
    fn borrow(&self) -> &() {
        &()
    }
}

impl RandomFile {
    /// What there is now; `None` at the end.
    fn read(&self, path: &Path, buffer: &mut [u8]) -> Result<Option<usize>, BackendErrorKind> {
        match self.host.read(&self.file, buffer) {
            Ok(0) if !buffer.is_empty() => Ok(None),
            Ok(count) => Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(0)),
            Err(error) => Err(BackendErrorKind::not_read(path, &error)),
        }
    }

    fn fill(&self, path: &Path, buffer: &mut [u8]) -> Result<(), BackendErrorKind> {
        let wanted = buffer.len();
        let mut rest = buffer;
        while !rest.is_empty() {
            match self.read(path, rest)? {
                None => {
                    let got = wanted - rest.len();
                    return Err(BackendErrorKind::RandomEnded { path: path.to_owned(), wanted, got });
                }
                Some(0) => self
                    .host
                    .wait_readable(&self.file)
                    .map_err(|error| BackendErrorKind::not_read(path, &error))?,
                Some(count) => rest = rest.get_mut(count..).unwrap_or_default(),
            }
        }
        Ok(())
    }
}

impl Realize for RngRandom {
    fn probe(&self, cx: &mut ProbeContext<'_>) {
        let opened = cx.service::<Host>().open(&self.filename);
        if let Err(error) = opened {
            cx.report(BackendErrorKind::not_opened(&self.filename, &error).about("filename"));
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<RandomFile> {
        let host = cx.service::<Host>();
        let opened = host.open(&self.filename);
        let file =
            opened.map_err(|error| BackendErrorKind::not_opened(&self.filename, &error).about("filename"))?;
        Ok(RandomFile { file, host })
    }
}

impl RandomSource for Instance<RngRandom> {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        self.state().fill(self.filename(), buffer).map_err(|problem| problem.of(self.name()))
    }

    fn fill_some(&self, buffer: &mut [u8]) -> Result<usize> {
        let path = self.filename();
        let wanted = buffer.len();
        match self.state().read(path, buffer) {
            Ok(Some(count)) => Ok(count),
            Ok(None) => {
                Err(BackendErrorKind::RandomEnded { path: path.clone(), wanted, got: 0 }.of(self.name()))
            }
            Err(problem) => Err(problem.of(self.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use qomet::ObjectRef;
    use tempfile::TempDir;

    use super::*;
    use crate::host::HostCall;
    use crate::testing::{create, model, text};

    fn source(path: &Path) -> (Model, ObjectRef) {
        let model = model();
        let object = create(&model, "rng-random", &[("filename", text(path))]).unwrap();
        (model, object)
    }

    fn ask(object: &ObjectRef) -> &dyn RandomSource {
        object.interface::<dyn RandomSource>().unwrap()
    }

    fn pipe() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        (folder, path)
    }

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed");
        fs::write(&path, b"0123456789").unwrap();
        let (_model, object) = source(&path);
        let mut buffer = [0; 4];

        ask(&object).fill(&mut buffer).unwrap();
        assert_eq!(&buffer, b"0123");
        ask(&object).fill(&mut buffer).unwrap();
        assert_eq!(&buffer, b"4567");
    }

    #[test]
    fn the_end_of_a_file_is_told_with_what_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed");
        fs::write(&path, b"012345").unwrap();
        let (_model, object) = source(&path);

        let refused = ask(&object).fill(&mut [0; 8]).unwrap_err();

        assert_eq!(refused.code(), "random-source-ended");
        assert_eq!(
            refused.to_string(),
            format!("object 'x0': '{}' has ended: 6 of 8 bytes were left", path.display())
        );
        assert_eq!(ask(&object).fill_some(&mut [0; 8]).unwrap_err().code(), "random-source-ended");
    }

    #[test]
    fn short_reads_add_up_and_an_empty_device_is_waited_for() {
        let (_folder, path) = pipe();
        let (_model, object) = source(&path);
        let mut writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
        writer.write_all(b"abc").unwrap();

        let (told, written) = std::sync::mpsc::channel();
        let filled = std::thread::scope(|scope| {
            scope.spawn(move || {
                // Once the reader has taken the first three, or before: either way they come in two parts.
                written.recv().unwrap();
                writer.write_all(b"def").unwrap();
            });
            let mut buffer = [0; 6];
            assert_eq!(ask(&object).fill_some(&mut buffer).unwrap(), 3);
            assert_eq!(ask(&object).fill_some(&mut buffer).unwrap(), 0);
            told.send(()).unwrap();
            ask(&object).fill(&mut buffer[3..]).unwrap();
            buffer
        });

        assert_eq!(&filled, b"abcdef");
    }

    #[test]
    fn a_missing_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no");
        let refused = create(&model(), "rng-random", &[("filename", text(&path))]).unwrap_err();
        assert_eq!(refused.code(), "not-opened");
        assert_eq!(refused.about().property.as_deref(), Some("filename"));
    }

    #[test]
    fn a_device_that_fails_is_told_with_the_reason() {
        let model = model();
        model.services().put(Host::refusing(HostCall::Read, nix::libc::EIO));
        let object = create(&model, "rng-random", &[]).unwrap();
        let refused = ask(&object).fill(&mut [0; 8]).unwrap_err();
        assert_eq!(refused.to_string(), "object 'x0': cannot read '/dev/urandom': I/O error");
    }
}
