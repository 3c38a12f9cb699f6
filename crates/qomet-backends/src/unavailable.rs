//! The object types of QEMU 10.0.2 that are not here, each with what it lacks, so that whoever asks for one is told why
//! rather than that there is no such type.
//!
//! `types()` adds them to its list; a type that is written later takes its line out of here, and a program that brings a
//! type of such a name simply has it. They are no classes and in no listing: QEMU too lists what it was built with.

use qomet::TypeEntry;

const GUEST: &str = "it needs a guest, which this program does not run";
const NETWORK: &str = "it sees the packets of a guest's network backend, which this program does not have";
const CRYPTO_DEVICE: &str = "it serves the crypto device of a guest, which this program does not run";
const CONFIDENTIAL: &str = "it needs a confidential guest, which this program does not run";
const CHARACTER_DEVICE: &str = "it needs a character device ('chardev'), which this program does not have";
const INPUT: &str = "it passes keys and pointer to a guest, which this program does not run";
const TLS: &str = "it needs a TLS library, which this program is not built with";

/// Name, and what it lacks.
const UNAVAILABLE: &[(&str, &str)] = &[
    ("acpi-generic-initiator", GUEST),
    ("acpi-generic-port", GUEST),
    #[cfg(not(feature = "authz-file"))]
    ("authz-list-file", "this program is built without the feature 'authz-file' of qomet-backends"),
    ("authz-listfile", "QEMU's schema names it so, but its type is 'authz-list-file'"),
    ("authz-pam", "it needs PAM, which this program is not built with"),
    ("can-bus", "it connects the CAN controllers of a guest, which this program does not run"),
    ("can-host-socketcan", "it connects the CAN controllers of a guest, which this program does not run"),
    ("colo-compare", NETWORK),
    ("cryptodev-backend", CRYPTO_DEVICE),
    ("cryptodev-backend-builtin", CRYPTO_DEVICE),
    ("cryptodev-backend-lkcf", CRYPTO_DEVICE),
    ("cryptodev-vhost-user", CRYPTO_DEVICE),
    ("dbus-vmstate", "it migrates a guest, which this program does not run"),
    ("filter-buffer", NETWORK),
    ("filter-dump", NETWORK),
    ("filter-mirror", NETWORK),
    ("filter-redirector", NETWORK),
    ("filter-replay", NETWORK),
    ("filter-rewriter", NETWORK),
    ("input-barrier", INPUT),
    ("input-linux", INPUT),
    ("iommufd", "it gives devices of the host to a guest, which this program does not run"),
    ("main-loop", "it tunes the main loop of an emulator, which this program does not have"),
    ("memory-backend-epc", "it needs SGX enclave memory and a guest that uses it"),
    ("pef-guest", CONFIDENTIAL),
    ("pr-manager-helper", "it reserves the disks of a guest, which this program does not run"),
    ("qtest", "it drives the devices of an emulator, which this program does not have"),
    ("rng-egd", CHARACTER_DEVICE),
    ("s390-pv-guest", CONFIDENTIAL),
    #[cfg(not(feature = "keyring"))]
    ("secret_keyring", "this program is built without the feature 'keyring' of qomet-backends"),
    ("sev-guest", CONFIDENTIAL),
    ("sev-snp-guest", CONFIDENTIAL),
    ("tls-cipher-suites", TLS),
    ("tls-creds-anon", TLS),
    ("tls-creds-psk", TLS),
    ("tls-creds-x509", TLS),
    ("x-remote-object", "it runs a device of a guest in another process, and this program runs no guest"),
    ("x-vfio-user-server", "it serves a device to a guest elsewhere, and this program has no devices"),
];

/// Entries for all of them.
pub(crate) fn entries() -> impl Iterator<Item = TypeEntry> {
    UNAVAILABLE.iter().map(|(name, missing)| TypeEntry::unavailable(name, missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::model;

    /// `ObjectType` of QEMU 10.0.2's qapi/qom.json, without those of the table, with every feature on.
    #[cfg(all(feature = "authz-file", feature = "keyring"))]
    const OTHERS: &[&str] = &[
        "authz-list",
        "authz-list-file",
        "authz-simple",
        "iothread",
        "memory-backend-file",
        "memory-backend-memfd",
        "memory-backend-ram",
        "memory-backend-shm",
        "rng-builtin",
        "rng-random",
        "secret",
        "secret_keyring",
        "thread-context",
        "throttle-group",
    ];

    #[test]
    fn each_type_says_what_it_lacks() {
        for (name, missing) in UNAVAILABLE {
            let model = model();
            let Err(refused) = model.draft(name) else { panic!("{name} is available") };
            assert_eq!(refused.code(), "unavailable-type");
            assert_eq!(refused.to_string(), format!("type '{name}' is not available here: {missing}"));
        }
    }

    #[test]
    #[cfg(all(feature = "authz-file", feature = "keyring"))]
    fn the_others_are_there() {
        for name in OTHERS {
            assert!(model().draft(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(UNAVAILABLE.is_sorted_by_key(|(name, _)| name));
    }
}
