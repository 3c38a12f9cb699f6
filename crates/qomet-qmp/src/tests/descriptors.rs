//! Descriptors that clients pass, in the forms of QEMU.

use std::fs::File;
use std::os::fd::AsFd;

use serde_json::{Value, json};

use super::client::{Client, serve};
use super::handle::send_with;

fn null() -> File {
    File::open("/dev/null").unwrap()
}

/// Sends a command with a descriptor.
fn pass(client: &mut Client, command: &str) -> Value {
    send_with(client, command, &[null().as_fd()]);
    client.hear()
}

fn code(reply: &Value) -> &str {
    assert_eq!(reply["error"]["class"], "GenericError", "{reply}");
    reply["error"]["data"][0]["code"].as_str().unwrap()
}

#[test]
fn sets_are_numbered_and_listed_as_in_qemu() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let first = pass(&mut client, "{'execute': 'add-fd'}");
    assert_eq!(first["return"]["fdset-id"], 0);
    let named = "{'execute': 'add-fd', 'arguments': {'fdset-id': 5, 'opaque': 'disk'}}";
    let second = pass(&mut client, named)["return"]["fd"].take();
    let third =
        pass(&mut client, "{'execute': 'add-fd', 'arguments': {'fdset-id': 5}}")["return"]["fd"].take();
    let expected = json!({"return": [
        {"fdset-id": 5, "fds": [{"fd": second, "opaque": "disk"}, {"fd": third}]},
        {"fdset-id": 0, "fds": [{"fd": first["return"]["fd"]}]},
    ]});
    assert_eq!(client.ask("{'execute': 'query-fdsets'}"), expected);
}

#[test]
fn a_descriptor_or_a_whole_set_is_removed() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    let first =
        pass(&mut client, "{'execute': 'add-fd', 'arguments': {'fdset-id': 5}}")["return"]["fd"].take();
    pass(&mut client, "{'execute': 'add-fd', 'arguments': {'fdset-id': 5}}");
    let remove = format!("{{'execute': 'remove-fd', 'arguments': {{'fdset-id': 5, 'fd': {first}}}}}");
    assert_eq!(client.ask(&remove), json!({"return": {}}));
    assert_eq!(code(&client.ask(&remove)), "descriptor-not-found");
    let all = "{'execute': 'remove-fd', 'arguments': {'fdset-id': 5}}";
    assert_eq!(client.ask(all), json!({"return": {}}));
    assert_eq!(client.ask(all)["error"]["desc"], "there is no file descriptor 'fdset-id:5'");
    assert_eq!(client.ask("{'execute': 'query-fdsets'}"), json!({"return": []}));
}

#[test]
fn what_is_wrong_with_a_descriptor_is_said() {
    let (_folder, path, _server) = serve();
    let mut client = Client::new(&path);
    assert_eq!(code(&client.ask("{'execute': 'add-fd'}")), "no-descriptor");
    assert_eq!(code(&client.ask("{'execute': 'getfd', 'arguments': {'fdname': 'a'}}")), "no-descriptor");
    let negative = "{'execute': 'add-fd', 'arguments': {'fdset-id': -1}}";
    assert_eq!(code(&pass(&mut client, negative)), "negative-number");
    let digit = "{'execute': 'getfd', 'arguments': {'fdname': '1a'}}";
    assert_eq!(code(&pass(&mut client, digit)), "descriptor-name");
}

#[test]
fn a_name_is_given_anew_and_closed_once() {
    let (_folder, path, _server) = serve();
    let (mut client, mut other) = (Client::new(&path), Client::new(&path));
    let get = "{'execute': 'getfd', 'arguments': {'fdname': 'a'}}";
    assert_eq!(pass(&mut client, get), json!({"return": {}}));
    assert_eq!(pass(&mut client, get), json!({"return": {}}));
    let close = "{'execute': 'closefd', 'arguments': {'fdname': 'a'}}";
    assert_eq!(other.ask(close), json!({"return": {}}));
    assert_eq!(code(&client.ask(close)), "descriptor-not-found");
}

#[test]
fn sets_outlive_their_client_but_not_the_last_one() {
    let (_folder, path, server) = serve();
    let (mut client, mut other) = (Client::new(&path), Client::new(&path));
    pass(&mut client, "{'execute': 'add-fd'}");
    drop(client);
    let query = "{'execute': 'query-fdsets'}";
    assert_eq!(other.ask(query)["return"].as_array().unwrap().len(), 1);
    drop(other);
    // The server hears of it in its own time.
    loop {
        let mut last = Client::new(&path);
        if last.ask(query) == json!({"return": []}) {
            break;
        }
    }
    drop(server);
}

#[test]
fn the_name_of_the_program_is_told() {
    let mut dispatcher = super::dispatcher();
    dispatcher.set_name("vm1");
    let (_folder, path, _server) = super::client::serve_with(dispatcher);
    assert_eq!(Client::new(&path).ask("{'execute': 'query-name'}"), json!({"return": {"name": "vm1"}}));
}
