//! What is there under a name that is near to one under which nothing is.
//!
//! For help lines alone, when something was refused already: it looks at the folder's names and opens nothing. Where the
//! folder cannot be read there is no answer.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// So many names of a folder are looked at.
const MOST: usize = 4096;

/// The path with the first part that is not there put right, as far as that part.
pub(crate) fn near(path: &Path) -> Option<PathBuf> {
    let missing =
        path.ancestors().take_while(|part| !part.as_os_str().is_empty() && !part.exists()).last()?;
    let folder = missing.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let mut names: Vec<OsString> =
        entries.take(MOST).filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    // Of two that are as near it is always the same.
    names.sort_unstable();
    let nearest =
        qomet::nearest(missing.file_name()?.to_str()?, names.iter().filter_map(|name| name.to_str()))?;
    Some(missing.with_file_name(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_that_is_not_there_is_put_right() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("images")).unwrap();
        std::fs::write(folder.path().join("images/guest.img"), "").unwrap();

        let near = |name: &str| near(&folder.path().join(name));

        assert_eq!(near("images/gest.img"), Some(folder.path().join("images/guest.img")));
        assert_eq!(near("imgaes/guest.img"), Some(folder.path().join("images")));
        assert_eq!(near("images/other"), None);
        assert_eq!(near("images/guest.img"), None);
    }
}
