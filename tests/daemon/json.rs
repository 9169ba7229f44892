//! What `--json` prints of a gateway in a call is what its schema says, with nothing that the schema does not name.

use serde_json::Value;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, until};
use crate::talk::Talk;

const SCHEMA: &str = include_str!("../../packaging/tipring.schema.json");

/// The schema as shipped, but closed: a key that it does not name is an error.
fn closed() -> Value {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let definitions = schema["$defs"].as_object_mut().unwrap();
    for (name, definition) in definitions {
        let open = ["History", "FaxList", "FaxReport", "FaxStats"].contains(&&**name)
            || definition.get("additionalProperties").is_some();
        if definition.get("properties").is_some() && !open {
            definition["unevaluatedProperties"] = Value::Bool(false);
        }
    }
    schema
}

/// Everything that is wrong with the answer to a command, which the schema has under `key`.
fn mistakes(key: &str, answer: &Value) -> Vec<String> {
    let schema = closed();
    let mut of_command = schema["properties"][key].clone();
    assert!(of_command.is_object(), "the schema has no {key:?}");
    of_command["$defs"] = schema["$defs"].clone();
    let validator = jsonschema::validator_for(&of_command).unwrap();
    let errors = validator.iter_errors(answer);
    errors
        .map(|e| format!("{key}: {}: {e}", e.instance_path()))
        .collect()
}

fn answer(gateway: &Gateway, arguments: &[&str]) -> Value {
    let text = gateway.tipring(&[&["--json"], arguments].concat()).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {text}"))
}

/// Each counter that is shown, by its name.
fn counters(answer: &Value, found: &mut Vec<Value>) {
    match answer {
        Value::Object(fields) => {
            if let Some(Value::Array(list)) = fields.get("counters") {
                found.extend(list.iter().cloned());
            }
            fields.values().for_each(|v| counters(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| counters(v, found)),
        _ => {}
    }
}

pub(crate) fn what_json_shows_of_a_call_is_what_the_schema_says() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(3, "");
    let talk = Talk::begin(&gateway, 1, 2);
    let call = gateway.calls().unwrap().active[0].id.to_string();
    let mut asked: Vec<(&str, Value)> = [
        ("tipring --json status", &["status"][..]),
        ("tipring --json port list", &["port", "list"]),
        ("tipring --json port show PORT", &["port", "show", "1"]),
        (
            "tipring --json port test PORT",
            &["port", "test", "3", "--seconds", "1"],
        ),
        (
            "tipring --json port restart PORT|all",
            &["port", "restart", "3"],
        ),
        (
            "tipring --json server list|retry|prefer",
            &["server", "list"],
        ),
        ("tipring --json call list", &["call", "list"]),
        ("tipring --json call show CALL", &["call", "show", &call]),
        ("tipring --json explain", &["explain"]),
        ("tipring --json explain PORT", &["explain", "1"]),
        (
            "tipring --json explain call CALL",
            &["explain", "call", &call],
        ),
        ("tipring --json sim PORT show", &["sim", "1", "show"]),
        (
            "tipring --json trace --last PORT",
            &["trace", "--last", "1"],
        ),
        ("tipring --json reload", &["reload"]),
    ]
    .into_iter()
    .map(|(key, arguments)| (key, answer(&gateway, arguments)))
    .collect();
    talk.end();
    let history = until(SOON, || {
        let history = answer(&gateway, &["history"]);
        let calls = history["calls"].as_array().map_or(0, Vec::len);
        (calls >= 2)
            .then_some(history)
            .ok_or_else(|| format!("{calls} calls in the history"))
    });
    asked.push(("tipring --json history [PORT]", history));
    for (key, list) in [
        ("list", "tipring --json fax list [PORT]"),
        ("stats", "tipring --json fax stats [PORT]"),
    ] {
        asked.push((list, answer(&gateway, &["fax", key])));
    }
    for words in [
        &["set", "4711", "--t38", "never"][..],
        &["list"],
        &["forget", "4711"],
    ] {
        let memory = answer(&gateway, &[&["fax", "memory"], words].concat());
        assert_eq!(memory["far_ends"][0]["pinned"], "never", "{memory}");
        asked.push(("tipring --json fax memory list|forget|set", memory));
    }
    let wrong: Vec<String> = asked.iter().flat_map(|(k, a)| mistakes(k, a)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut shown = vec![];
    asked.iter().for_each(|(_, a)| counters(a, &mut shown));
    assert!(shown.len() > 60, "{} counters", shown.len());
    let lacks = |c: &&Value| ["name", "unit", "help"].iter().any(|k| c[k] == "");
    let wordless: Vec<_> = shown.iter().filter(lacks).collect();
    assert!(wordless.is_empty(), "{wordless:#?}");
}

/// The check above can fail.
pub(crate) fn a_key_without_a_word_in_the_schema_is_found() {
    let good = serde_json::json!({"active": [], "recent": []});
    assert_eq!(mistakes("tipring --json call list", &good), [""; 0]);
    let more = serde_json::json!({"active": [], "recent": [], "waiting": []});
    assert_eq!(mistakes("tipring --json call list", &more).len(), 1);
    let other = serde_json::json!({"active": [{"id": "seven"}]});
    assert_eq!(mistakes("tipring --json call list", &other).len(), 1);
}
