//! Secrets as objects: where they come from, how they are opened, and that nobody reads them.

use std::fs;

use qomet::{Action, Diagnostics, Level, Model, Native, ObjectRef, PlanOptions, TextOutput};

use super::SecretProvider;
use crate::host::{Host, HostCall};
use crate::testing::{create, create_as, model, text};

/// 32 bytes in base64, "key0" eight times.
const KEY: &str = "a2V5MGtleTBrZXkwa2V5MGtleTBrZXkwa2V5MGtleTA=";
/// 16 bytes, 0 to 15.
const VECTOR: &str = "AAECAwQFBgcICQoLDA0ODw==";
/// `printf hello | openssl enc -aes-256-cbc -K … -iv … -a`
const HELLO: &str = "6865UxQ3xP776Iig0WdonA==";

fn string(value: &str) -> Native<'_> {
    Native::Str(value.into())
}

fn key(model: &Model) -> ObjectRef {
    create_as(model, "key0", "secret", &[("data", string(KEY)), ("format", string("base64"))]).unwrap()
}

fn encrypted<'a>(data: &'a str, iv: &'a str) -> [(&'static str, Native<'a>); 4] {
    [("data", string(data)), ("format", string("base64")), ("keyid", string("key0")), ("iv", string(iv))]
}

fn secret(object: &ObjectRef) -> &[u8] {
    object.interface::<dyn SecretProvider>().unwrap().secret().expose()
}

#[test]
fn data_is_the_secret() {
    let object = create(&model(), "secret", &[("data", string("pw\n"))]).unwrap();
    assert_eq!(secret(&object), b"pw\n");
    assert_eq!(object.interface::<dyn SecretProvider>().unwrap().secret_text().unwrap(), "pw\n");
}

#[test]
fn a_file_has_the_secret_whatever_its_bytes_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    fs::write(&path, &bytes).unwrap();
    let object = create(&model(), "secret", &[("file", text(&path))]).unwrap();
    assert_eq!(secret(&object), bytes);
    let no_text = object.interface::<dyn SecretProvider>().unwrap().secret_text().unwrap_err();
    assert_eq!(no_text.code(), "secret-not-text");
}

#[test]
fn a_pipe_is_read_once() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let object = std::thread::scope(|scope| {
        scope.spawn(|| fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(b"pw").unwrap());
        create(&model(), "secret", &[("file", text(&path))]).unwrap()
    });
    assert_eq!(secret(&object), b"pw");
}

#[test]
fn nobody_reads_the_data() {
    let object = create(&model(), "secret", &[("data", string("hunter2"))]).unwrap();
    assert_eq!(object.get::<String>("data").unwrap_err().code(), "write-only");
    let mut shown = TextOutput::new();
    assert_eq!(object.write("data", &mut shown).unwrap_err().code(), "write-only");
    let provider = object.interface::<dyn SecretProvider>().unwrap();
    assert!(!format!("{:?}", provider.secret()).contains("hunter2"));
}

#[test]
fn a_plan_sees_another_password_and_shows_neither() {
    let model = model();
    create_as(&model, "s0", "secret", &[("data", string("hunter2"))]).unwrap();
    let planned = |data: &str| {
        let mut draft = model.draft("secret").unwrap();
        draft.set_id("s0");
        draft.set("data", data).unwrap();
        let mut report = Diagnostics::new();
        let plan = model.plan(model.batch(vec![draft]), PlanOptions::default(), &mut report);
        (plan.steps()[0].action, format!("{:?} {report:?}", plan.steps()))
    };

    let (same, _) = planned("hunter2");
    let (other, shown) = planned("hunter3");

    assert_eq!((same, other), (Action::Unchanged, Action::Replace));
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn a_secret_is_encrypted_under_another() {
    let model = model();
    key(&model);
    let object = create(&model, "secret", &encrypted(HELLO, VECTOR)).unwrap();
    assert_eq!(secret(&object), b"hello");
    assert_eq!(object.get::<String>("keyid").unwrap(), "key0");
    assert_eq!(object.get::<String>("iv").unwrap(), VECTOR);
}

#[test]
fn a_secret_and_its_key_come_in_one_batch_in_any_order() {
    let model = model();
    let mut first = model.draft("secret").unwrap();
    first.set_id("s");
    for (name, value) in encrypted(HELLO, VECTOR) {
        first.set(name, value).unwrap();
    }
    let mut second = model.draft("secret").unwrap();
    second.set_id("key0");
    second.set("data", KEY).unwrap();
    second.set("format", "base64").unwrap();
    let mut report = qomet::Diagnostics::new();
    let objects = model.batch(vec![first, second]).create(&mut report).unwrap();
    assert!(report.take().is_empty());
    assert_eq!(secret(&objects[0]), b"hello");
}

#[test]
fn a_check_sees_that_the_key_of_the_same_batch_does_not_fit() {
    let model = model();
    let mut first = model.draft("secret").unwrap();
    first.set_id("s");
    for (name, value) in encrypted(HELLO, VECTOR) {
        first.set(name, value).unwrap();
    }
    let mut second = model.draft("secret").unwrap();
    second.set_id("key0");
    second.set("data", "short").unwrap();
    let mut report = qomet::Diagnostics::new();
    model.batch(vec![first, second]).check(Level::Host, &mut report);
    let found: Vec<_> = report.take().iter().map(|one| (one.code(), one.about().object.clone())).collect();
    assert_eq!(found, [("key-length", Some("s".into()))]);
}

#[test]
fn what_is_wrong_with_an_encrypted_secret_is_told_of_its_property() {
    let model = model();
    key(&model);
    create_as(&model, "other", "secret", &[("data", string(VECTOR)), ("format", string("base64"))]).unwrap();
    let cases = [
        (encrypted("aGVsbG8=", VECTOR), "not-whole-blocks", "data"),
        (encrypted("", VECTOR), "not-whole-blocks", "data"),
        (encrypted(HELLO, "AAAA"), "vector-length", "iv"),
        (encrypted(HELLO, "!!!"), "invalid-base64", "iv"),
        (encrypted("!!!", VECTOR), "invalid-base64", "data"),
    ];
    for (bag, code, property) in cases {
        let refused = create(&model, "secret", &bag).unwrap_err();
        assert_eq!((refused.code(), refused.about().property.as_deref()), (code, Some(property)));
    }
    let without: Vec<_> = encrypted(HELLO, VECTOR).into_iter().filter(|(name, _)| *name != "iv").collect();
    assert_eq!(create(&model, "secret", &without).unwrap_err().code(), "no-vector");
    let mut wrong = encrypted(HELLO, VECTOR);
    wrong[2].1 = string("other");
    assert_eq!(create(&model, "secret", &wrong).unwrap_err().code(), "key-length");
    wrong[2].1 = string("nobody");
    assert_eq!(create(&model, "secret", &wrong).unwrap_err().code(), "unknown-id");
}

#[test]
fn a_secret_has_one_source() {
    let both = [("data", string("x")), ("file", string("/dev/null"))];
    assert_eq!(create(&model(), "secret", &both).unwrap_err().code(), "two-secrets");
    assert_eq!(create(&model(), "secret", &[]).unwrap_err().code(), "no-secret");
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let model = model();
    model.services().put(Host::refusing(HostCall::Read, nix::libc::EIO));
    let refused = create(&model, "secret", &[("file", string("/etc/hostname"))]).unwrap_err();
    assert_eq!((refused.code(), refused.about().property.as_deref()), ("not-read", Some("file")));
}

#[test]
fn base64_that_ends_within_a_group_is_told_and_taken_as_far_as_it_goes() {
    let model = model();
    let mut draft = model.draft("secret").unwrap();
    draft.set_id("s");
    draft.set("data", "aGVsbG8").unwrap();
    draft.set("format", "base64").unwrap();
    let mut report = qomet::Diagnostics::new();
    let objects = model.batch(vec![draft]).create(&mut report).unwrap();
    let told: Vec<_> = report.take().iter().map(qomet::Diagnostic::code).collect();
    assert_eq!(told, ["base64-dropped"]);
    assert_eq!(secret(&objects[0]), b"hel");
}

#[test]
fn a_key_of_the_kernel_that_is_not_there_is_told_by_its_number() {
    let refused = create(&model(), "secret_keyring", &[("serial", Native::Int(1))]).unwrap_err();
    assert!(["no-key", "no-keyrings"].contains(&refused.code()), "{refused}");
    assert_eq!(
        create(&model(), "secret_keyring", &[("serial", Native::Int(0))]).unwrap_err().code(),
        "serial-zero"
    );
}

#[test]
fn a_kernel_without_keyrings_is_told_as_such() {
    let model = model();
    model.services().put(Host::refusing(HostCall::Key, nix::libc::ENOSYS));
    let refused = create(&model, "secret_keyring", &[("serial", Native::Int(1))]).unwrap_err();
    assert_eq!(refused.code(), "no-keyrings");
}

#[test]
fn a_key_of_the_kernel_is_the_secret() {
    use linux_keyutils::{KeyRing, KeyRingIdentifier};
    let Ok(added) = KeyRing::from_special_id(KeyRingIdentifier::Process, true)
        .and_then(|ring| ring.add_key("qomet-test", b"from the kernel"))
    else {
        println!("skipped: this machine refuses add_key(2)");
        return;
    };
    let bag = [("serial", Native::Int(added.get_id().0.into()))];
    let object = create(&model(), "secret_keyring", &bag).unwrap();
    assert_eq!(secret(&object), b"from the kernel");
}
