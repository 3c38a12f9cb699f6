//! Spellings of addresses.

use proptest::prelude::*;

use crate::Address;

fn read(text: &str) -> Address {
    text.parse().unwrap()
}

fn refused(text: &str) -> String {
    text.parse::<Address>().unwrap_err().to_string()
}

fn tcp(host: &str, port: u16) -> Address {
    Address::Tcp { host: host.to_owned(), port }
}

#[test]
fn qemus_spellings_are_read() {
    let unix = Address::Unix("/tmp/s".into());
    for text in
        ["unix:/tmp/s", "unix:/tmp/s,server,nowait", "unix:/tmp/s,server=on,wait=off", "unix:path=/tmp/s"]
    {
        assert_eq!(read(text), unix, "{text}");
    }
    assert_eq!(read("tcp:localhost:4444,server,nowait"), tcp("localhost", 4444));
    assert_eq!(read("tcp::0"), tcp("", 0));
    assert_eq!(read("tcp:[::1]:1"), tcp("::1", 1));
    assert_eq!(read("stdio"), Address::Stdio);
    assert_eq!(read("systemd"), Address::Systemd(None));
    assert_eq!(read("systemd:control"), Address::Systemd(Some("control".to_owned())));
}

#[test]
fn what_is_no_address_is_told_with_what_is() {
    assert!(refused("/tmp/s").contains("expected unix:PATH, tcp:HOST:PORT, stdio or systemd[:NAME]"));
    assert!(refused("unix:").contains("missing"));
    assert!(refused("systemd:").contains("missing"));
    assert!(refused("tcp:localhost").contains("no port"));
    assert!(refused("tcp:localhost:65536").contains("from 0 to 65535"));
    assert!(refused("tcp:localhost:+1").contains("from 0 to 65535"));
    assert!(refused("tcp:::1:4").contains("brackets"));
    assert!(refused("tcp:[1.2.3.4]:4").contains("no IPv6 address"));
    assert!(refused("unix:/tmp/s,wait=on").contains("wait=on"));
    assert!(refused("unix:/tmp/s,server=off").contains("server=off"));
    assert!(refused("unix:/tmp/s,retry=1").contains("'retry=1' is no option"));
}

#[test]
fn a_path_that_fits_no_address_is_refused_early() {
    assert!(refused(&format!("unix:/{}", "x".repeat(107))).contains("108 bytes"));
    assert!(refused("unix:/tmp/\0").contains("NUL"));
}

#[test]
fn a_comma_in_a_path_is_written_twice() {
    assert_eq!(read("unix:/tmp/a,,b,server=on"), Address::Unix("/tmp/a,b".into()));
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(address in prop_oneof![
        "[^\0]{1,20}".prop_filter("a prefix of its own", |path| !path.starts_with("path="))
            .prop_map(|path| Address::Unix(path.into())),
        ("[a-z.,0-9]{0,9}", any::<u16>()).prop_map(|(host, port)| Address::Tcp { host, port }),
        any::<(std::net::Ipv6Addr, u16)>().prop_map(|(host, port)| tcp(&host.to_string(), port)),
    ]) {
        prop_assert_eq!(read(&address.to_string()), address);
    }

    #[test]
    fn no_text_panics(text in "(unix|tcp|stdio|systemd)?:?.{0,20}") {
        let _ = text.parse::<Address>();
    }
}
