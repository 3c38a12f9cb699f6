//! `authz-list-file`: the rules of a list, in a file that may change.
//!
//! The file is looked at when somebody asks: the kernel notes changes of its folder (inotify), so that asking costs one
//! system call while nothing changed. There is no thread that reloads: with one, an answer could be older than a change
//! that was made before the question.
//!
//! A file that cannot be read, or is no list of rules any more, allows nobody until it is mended; `x-problem` says why.
//! Where the name is a symbolic link, the folder of the link is watched, not that of the file it leads to.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use qomet::prelude::*;
use qomet::{Instance, Native, NativeInput, ProbeContext, Result, Value as _};

use super::list::decide;
use super::{Authorizer, Authz, ListPolicy, ListRule};
use crate::host::{Host, Watch};
use crate::problem::BackendErrorKind;

/// What stands in the file: the properties of an `authz-list`.
#[derive(Clone, Debug, PartialEq, Value)]
struct Contents {
    /// What becomes of an identity that no rule is about
    #[value(default = ListPolicy::Deny)]
    policy: ListPolicy,
    /// The rules; the first that matches decides
    #[value(default = Vec::new())]
    rules: Vec<ListRule>,
}

/// Allows and denies identities by the rules in a file, which may change.
///
/// The file holds what an `authz-list` has, as JSON.
///
/// ```
/// use qomet::prelude::*;
/// use qomet_backends::authz::Authorizer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("rules.json");
/// # let filename = path.to_str().expect("a path of text");
/// std::fs::write(&path, r#"{ "rules": [{ "match": "fred", "policy": "allow" }], "policy": "deny" }"#)?;
/// let model = Model::new(TypeRegistry::builder().add(qomet_backends::types()).build().expect("types that fit"));
/// let mut draft = model.draft("authz-list-file")?;
/// draft.set_id("auth0");
/// draft.set("filename", filename)?;
/// let object = model.create(draft)?;
///
/// let authorizer = object.interface::<dyn Authorizer>().expect("every authz decides");
/// assert!(authorizer.is_allowed("fred") && !authorizer.is_allowed("bob"));
/// std::fs::write(&path, r#"{ "rules": [{ "match": "bob", "policy": "allow" }], "policy": "deny" }"#)?;
/// assert!(authorizer.is_allowed("bob") && !authorizer.is_allowed("fred"));
/// # Ok(())
/// # }
/// ```
#[derive(Object)]
#[object(name = "authz-list-file", user_creatable, state = ListFile, interfaces(Authorizer))]
pub struct AuthzListFile {
    #[object(parent)]
    base: Authz,
    /// The file with the rules
    #[property(required, example = "/etc/rules.json")]
    filename: PathBuf,
    /// Whether the rules are read again when the file changes
    #[property(default = true)]
    refresh: bool,
    /// Why nobody is allowed, where the file cannot be read or is no list of rules
    #[property(computed = AuthzListFile::problem)]
    x_problem: Computed<Option<String>>,
}

/// The rules of an `authz-list-file` as they were last read.
pub struct ListFile {
    host: Arc<Host>,
    path: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    contents: Result<Contents, BackendErrorKind>,
    /// None: the file is read once.
    watch: Option<Watch>,
}

impl std::borrow::Borrow<()> for ListFile {
    fn borrow(&self) -> &() {
        &()
    }
}

impl ListFile {
    fn open(host: Arc<Host>, path: &Path, refresh: bool) -> Result<Self, BackendErrorKind> {
        // Watched first, so that no change between reading and watching is missed.
        let watch = match refresh {
            true => Some(watch(&host, path)?),
            false => None,
        };
        let contents = Ok(read(&host, path)?);
        Ok(ListFile { host, path: path.to_owned(), current: Mutex::new(Current { contents, watch }) })
    }

    /// Shows the rules as they are now.
    fn with<R>(&self, show: impl FnOnce(&Result<Contents, BackendErrorKind>) -> R) -> R {
        let mut current = self.current.lock();
        let name = self.path.file_name().unwrap_or_default();
        if current.watch.as_mut().is_some_and(|watch| self.host.has_changed(watch, name)) {
            if current.watch.as_ref().is_some_and(Watch::is_lost) {
                // The folder itself went. The next question tries again if there is none yet.
                current.watch = Some(watch(&self.host, &self.path).unwrap_or_else(|_| Watch::lost()));
            }
            current.contents = read(&self.host, &self.path);
        }
        show(&current.contents)
    }
}

fn watch(host: &Host, path: &Path) -> Result<Watch, BackendErrorKind> {
    let folder = match path.parent() {
        Some(folder) if folder != OsStr::new("") => folder,
        _ => Path::new("."),
    };
    host.watch(folder).map_err(|error| BackendErrorKind::not_watched(folder, &error))
}

fn read(host: &Host, path: &Path) -> Result<Contents, BackendErrorKind> {
    let bytes = host.read_file(path).map_err(|error| BackendErrorKind::not_read(path, &error))?;
    let invalid = |reason: String| BackendErrorKind::NoRules { path: path.to_owned(), reason };
    let json: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    let native = native(&json);
    let mut report = Diagnostics::new();
    let contents = Contents::read(&mut NativeInput::new(&native, &mut report));
    match (contents, report.first_error()) {
        (Ok(contents), Ok(_)) => Ok(contents),
        (_, Err(problem)) => Err(invalid(problem.to_string())),
        (Err(_), Ok(_)) => Err(invalid("it cannot be read".to_owned())),
    }
}

fn native(json: &serde_json::Value) -> Native<'_> {
    use serde_json::Value;
    match json {
        Value::Null => Native::Null,
        Value::Bool(value) => Native::Bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Native::Uint(number),
            (None, Some(number)) => Native::Int(number),
            (None, None) => Native::Number(number.as_f64().unwrap_or(f64::INFINITY)),
        },
        Value::String(text) => Native::Str(text.into()),
        Value::Array(elements) => Native::List(elements.iter().map(native).collect()),
        Value::Object(members) => {
            Native::Struct(members.iter().map(|(name, value)| (name.into(), native(value))).collect())
        }
    }
}

impl AuthzListFile {
    fn problem(&self, state: &ListFile) -> Option<String> {
        state.with(|contents| {
            contents.as_ref().err().map(|problem| Diagnostic::new(problem.clone()).to_string())
        })
    }
}

impl Realize for AuthzListFile {
    fn probe(&self, cx: &mut ProbeContext<'_>) {
        if let Err(problem) = read(&cx.service::<Host>(), &self.filename) {
            cx.report(problem.about("filename"));
        }
    }

    fn realize(&self, cx: &mut RealizeContext<'_>) -> Result<ListFile> {
        ListFile::open(cx.service(), &self.filename, self.refresh)
            .map_err(|problem| problem.about("filename"))
    }
}

impl Authorizer for Instance<AuthzListFile> {
    fn is_allowed(&self, identity: &str) -> bool {
        self.state()
            .with(|contents| contents.as_ref().is_ok_and(|list| decide(&list.rules, list.policy, identity)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use qomet::ObjectRef;
    use tempfile::TempDir;

    use super::*;
    use crate::host::HostCall;
    use crate::testing::{create, model, text};

    fn allow(who: &str) -> String {
        format!(r#"{{ "rules": [{{ "match": "{who}", "policy": "allow" }}] }}"#)
    }

    fn listed(refresh: bool) -> (TempDir, PathBuf, Model, ObjectRef) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.json");
        fs::write(&path, allow("fred")).unwrap();
        let model = model();
        let bag = [("filename", text(&path)), ("refresh", Native::Bool(refresh))];
        let object = create(&model, "authz-list-file", &bag).unwrap();
        (folder, path, model, object)
    }

    fn allows(object: &ObjectRef, who: &str) -> bool {
        object.interface::<dyn Authorizer>().unwrap().is_allowed(who)
    }

    fn problem(object: &ObjectRef) -> String {
        object.get("x-problem").unwrap()
    }

    #[test]
    fn a_device_that_does_not_end_is_refused() {
        let bag = [("filename", Native::Str("/dev/zero".into()))];

        let refused = create(&model(), "authz-list-file", &bag).unwrap_err();

        assert!(refused.to_string().contains("large"), "{refused}");
    }

    #[test]
    fn a_file_that_was_written_anew_decides_from_the_next_question_on() {
        let (_folder, path, _model, object) = listed(true);
        assert!(allows(&object, "fred") && !allows(&object, "bob"));

        fs::write(&path, allow("bob")).unwrap();

        assert!(allows(&object, "bob") && !allows(&object, "fred"));
    }

    #[test]
    fn a_file_that_takes_its_place_decides() {
        let (folder, path, _model, object) = listed(true);
        let new = folder.path().join("new");
        fs::write(&new, allow("bob")).unwrap();

        fs::rename(&new, &path).unwrap();

        assert!(allows(&object, "bob"));
    }

    #[test]
    fn without_refresh_the_file_is_read_once() {
        let (_folder, path, _model, object) = listed(false);

        fs::write(&path, allow("bob")).unwrap();

        assert!(allows(&object, "fred") && !allows(&object, "bob"));
    }

    #[test]
    fn a_file_that_is_broken_or_gone_allows_nobody_until_it_is_mended() {
        let (_folder, path, _model, object) = listed(true);
        fs::write(&path, "{ \"rules\": 1 }").unwrap();
        assert!(!allows(&object, "fred"));
        let said = problem(&object);
        assert!(said.contains("rules.json") && said.contains("a list"), "{said}");

        fs::remove_file(&path).unwrap();
        assert!(!allows(&object, "fred"));

        fs::write(&path, allow("fred")).unwrap();
        assert!(allows(&object, "fred"));
        assert_eq!(problem(&object), "");
    }

    #[test]
    fn a_folder_that_is_made_anew_is_watched_again() {
        let (folder, path, _model, object) = listed(true);
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(!allows(&object, "fred"));

        fs::create_dir(folder.path()).unwrap();
        fs::write(&path, allow("fred")).unwrap();
        assert!(allows(&object, "fred"));
        fs::write(&path, allow("bob")).unwrap();
        assert!(allows(&object, "bob"));
    }

    #[test]
    fn a_folder_that_cannot_be_watched_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.json");
        fs::write(&path, allow("fred")).unwrap();
        let model = model();
        model.services().put(Host::refusing(HostCall::Watch, nix::libc::EMFILE));
        let refused = create(&model, "authz-list-file", &[("filename", text(&path))]).unwrap_err();
        assert_eq!(refused.code(), "not-watched");
    }

    #[test]
    fn what_is_no_list_of_rules_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.json");
        let reasons: Vec<String> = ["", "[]", "{\"rule\": []}", "{\"rules\": [{\"match\": \"x\"}]}"]
            .into_iter()
            .map(|contents| {
                fs::write(&path, contents).unwrap();
                let refused = create(&model(), "authz-list-file", &[("filename", text(&path))]).unwrap_err();
                refused.to_string().split_once("no list of rules: ").unwrap().1.to_owned()
            })
            .collect();
        assert_eq!(
            reasons,
            [
                "EOF while parsing a value at line 1 column 0",
                "value takes an object, not a list",
                "there is no member 'rule'",
                "value lacks its member 'policy'",
            ]
        );
    }
}
