//! The schema of `tipring --json`, which is in the package: derived from the report types, so that it cannot be another.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{
    CallDetail, CallList, CallStory, FaxList, FaxMemoryReport, FaxReport, FaxStats, GatewayStory,
    History, LineTestReport, PortDetail, PortStory, PortSummary, ReloadReport, RestartReport,
    ServerReport, SimSnapshot, StatusReport, TraceEvent,
};
use crate::wire::Event;

const FILE: &str = include_str!("../../../../packaging/tipring.schema.json");

/// What a command answers.
fn answer<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let g = &mut generator;
    let commands = json!({
        "tipring --json status": answer::<StatusReport>(g),
        "tipring --json port list": answer::<Vec<PortSummary>>(g),
        "tipring --json port show PORT": answer::<PortDetail>(g),
        "tipring --json port test PORT": answer::<LineTestReport>(g),
        "tipring --json port restart PORT|all": answer::<RestartReport>(g),
        "tipring --json server list|retry|prefer": answer::<Vec<ServerReport>>(g),
        "tipring --json call list": answer::<CallList>(g),
        "tipring --json call show CALL": answer::<CallDetail>(g),
        "tipring --json explain": answer::<GatewayStory>(g),
        "tipring --json explain PORT": answer::<PortStory>(g),
        "tipring --json explain call CALL": answer::<CallStory>(g),
        "tipring --json history [PORT]": {
            "type": "object",
            "properties": { "file": { "type": ["string", "null"] } },
            "allOf": [answer::<History>(g)]
        },
        "tipring --json fax list [PORT]": {
            "type": "object",
            "properties": { "file": { "type": ["string", "null"] } },
            "allOf": [answer::<FaxList>(g)]
        },
        "tipring --json fax show FAX": {
            "type": "object",
            "properties": { "file": { "type": ["string", "null"] } },
            "allOf": [answer::<FaxReport>(g)]
        },
        "tipring --json fax stats [PORT]": {
            "type": "object",
            "properties": { "file": { "type": ["string", "null"] } },
            "allOf": [answer::<FaxStats>(g)]
        },
        "tipring --json fax memory list|forget|set": answer::<FaxMemoryReport>(g),
        "tipring --json reload": answer::<ReloadReport>(g),
        "tipring --json sim PORT show": answer::<SimSnapshot>(g),
        "tipring --json trace --last PORT": answer::<Vec<TraceEvent>>(g),
        "tipring --json trace (each line)": answer::<Event>(g),
        "any command that fails": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": {
                "type": "object",
                "required": ["code", "message", "exit"],
                "properties": {
                    "code": { "type": "string" },
                    "message": { "type": "string" },
                    "cure": { "type": ["string", "null"] },
                    "exit": { "type": "integer" }
                }
            } }
        }
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tipring --json",
        "description": "What the commands of tipring answer with --json. Fields are added and never change their \
            meaning; programs ignore those that they do not know.",
        "properties": commands,
        "$defs": generator.take_definitions(true),
    })
}

#[test]
fn the_schema_in_the_package_is_that_of_the_types() {
    let document = document();
    if serde_json::from_str::<Value>(FILE).ok().as_ref() == Some(&document) {
        return;
    }
    let made = std::env::temp_dir().join("tipring.schema.json");
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    std::fs::write(&made, text).unwrap();
    panic!(
        "packaging/tipring.schema.json is not what the types say: copy {} over it",
        made.display()
    );
}
