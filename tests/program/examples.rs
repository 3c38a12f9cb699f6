//! The examples of `explain` that are messages of the protocol, sent to the program. Those that are documents run beside the
//! command itself.

use super::process::run_with_input;

const EXAMPLES: &str = include_str!("../../crates/qomet-cli/src/explain/examples.md");

#[test]
fn every_exchange_of_an_example_is_refused_with_its_code() {
    let sections = EXAMPLES.split("\n## ").skip(1).filter_map(|section| {
        let (code, rest) = section.split_once('\n')?;
        Some((code, rest.strip_prefix("```qmp\n")?.split_once("```")?.0))
    });
    let said = |messages: &str| {
        let input = format!("{{\"execute\": \"qmp_capabilities\"}}\n{messages}");
        run_with_input(["run", "--qmp", "stdio"], &input).out
    };
    let exchanges: Vec<_> = sections.map(|(code, messages)| (code, said(messages))).collect();
    let silent: Vec<_> =
        exchanges.iter().filter(|(code, said)| !said.contains(&format!("\"code\":\"{code}\""))).collect();

    assert!(silent.is_empty(), "{silent:#?}");
    assert!(exchanges.len() >= 10, "{}", exchanges.len());
}

#[test]
fn an_explained_code_comes_with_an_example_and_how_it_is_mended() {
    let said = super::process::run(["explain", "unknown-property"]);

    insta::assert_snapshot!(said.out, @r#"
    unknown-property

    The type has no property of that name. 'qomet describe TYPE' or qom-list-properties lists those that
    it has; the nearest name is suggested.

    Example, a document:

        {"qom-type": "memory-backend-ram", "id": "ram0", "sise": "1G"}

    Mended:

        {"qom-type": "memory-backend-ram", "id": "ram0", "size": "1G"}
    "#);
}
