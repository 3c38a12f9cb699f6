//! What programs are told of the documents that are rejected: reports of SARIF and commands of GitHub's workflows.
//!
//! The schema of SARIF is not ours to keep: `tests/peers/run` fetches it and names its file in `QOMET_SARIF_SCHEMA`. Without it
//! the reports are held against the rules that services read them by, which the schema does not say.

use qomet::Severity;
use qomet_config::{Reporter, render_github, render_sarif};
use serde_json::Value;

use crate::dummies;
use crate::rejections::each_report;

/// The report of every rejected document, with its name.
fn reports() -> Vec<(String, Value)> {
    let registry = dummies::registry();
    let explain = |code: &str| qomet_qmp::explain(&registry, code).ok().map(str::to_owned);
    let mut reports = Vec::new();
    each_report(|name, found, sources| {
        let reporter = Reporter { name: "qomet", version: "1", explain: &explain };
        reports.push((name.to_owned(), render_sarif(found, sources, reporter)));
    });
    reports
}

/// What is wrong with a region, if anything.
fn region(region: &Value) -> Option<String> {
    let at = |name: &str| region[name].as_u64().unwrap_or(0);
    let (start, end) = ((at("startLine"), at("startColumn")), (at("endLine"), at("endColumn")));
    (start.0 == 0 || start.1 == 0 || end < start).then(|| region.to_string())
}

#[test]
fn every_report_of_sarif_is_whole() {
    let mut wrong = Vec::new();
    let reports = reports();
    for (name, report) in &reports {
        let run = &report["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            let texts = ["shortDescription", "fullDescription", "help"];
            let says = |what: &&str| rule[*what]["text"].as_str().is_some_and(|text| !text.is_empty());
            // Those of the dummies are explained by nobody.
            if rule.get("help").is_some() && !texts.iter().all(says) {
                wrong.push(format!("{name}: {rule}"));
            }
        }
        for result in run["results"].as_array().unwrap() {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            let locations = ["locations", "relatedLocations"].into_iter();
            let locations = locations.flat_map(|name| result[name].as_array().into_iter().flatten());
            let regions = locations.map(|one| &one["physicalLocation"]["region"]);
            let changes = result["fixes"].as_array().into_iter().flatten();
            let changes = changes.flat_map(|fix| fix["artifactChanges"].as_array().unwrap());
            let replaced = changes.flat_map(|change| change["replacements"].as_array().unwrap());
            let regions = regions.chain(replaced.map(|one| &one["deletedRegion"]));
            wrong.extend(regions.filter_map(region).map(|why| format!("{name}: {why}")));
            if rule["id"] != result["ruleId"] || result["message"]["text"].as_str().is_none_or(str::is_empty)
            {
                wrong.push(format!("{name}: {result}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(reports.len() >= 200, "{}", reports.len());
}

#[test]
fn every_report_of_sarif_is_what_its_schema_says() {
    let Some(path) = std::env::var_os("QOMET_SARIF_SCHEMA") else {
        println!("skipped: QOMET_SARIF_SCHEMA names no schema; tests/peers/run fetches it");
        return assert_eq!(reports()[0].1["version"], "2.1.0");
    };
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();

    let wrong = |(name, report): &(String, Value)| {
        validator.iter_errors(report).next().map(|why| format!("{name}: {} {why}", why.instance_path))
    };
    let wrong: Vec<String> = reports().iter().filter_map(wrong).collect();

    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What GitHub makes of an escaped text.
fn read(text: &str) -> String {
    text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

#[test]
fn github_reads_each_command_as_what_was_found() {
    let mut count = 0;
    each_report(|name, found, sources| {
        let commands = render_github(found, sources);
        let lines: Vec<&str> = commands.lines().collect();
        assert_eq!(lines.len(), found.len(), "{name}: {commands}");
        for (line, one) in lines.into_iter().zip(found) {
            let (command, rest) = line.strip_prefix("::").unwrap().split_once(' ').unwrap();
            let (properties, message) = rest.split_once("::").unwrap();
            let pairs: Vec<(&str, &str)> =
                properties.split(',').map(|pair| pair.split_once('=').unwrap()).collect();
            let property =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| read(value));
            let at = one.place().and_then(|place| sources.locate(place));

            assert_eq!(command == "error", one.severity() == Severity::Error, "{line}");
            assert_eq!(property("title").as_deref(), Some(one.code()), "{line}");
            assert_eq!(property("file").as_deref(), at.map(|at| at.file), "{line}");
            assert_eq!(property("line"), at.map(|at| at.start.line.to_string()), "{line}");
            assert!(read(message).starts_with(&one.to_string()), "{line}");
            count += 1;
        }
    });
    assert!(count >= 300, "{count}");
}
