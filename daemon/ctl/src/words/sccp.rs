//! An SCCP message in one line: its name, then what it says.

use std::fmt::Write as _;

use tipring_types::trace::{Field, Fields, SccpMessage, Value};

use super::clean::is_obeyed;

/// How a field is shown.
#[derive(Clone, Copy)]
enum Style {
    /// The value alone; a number without a word has the field's name before it.
    Bare,
    /// With these words before it, instead of the field's name.
    After(&'static str),
    /// In hexadecimal digits.
    Hex,
    /// Words for yes and no; an empty one is not shown.
    Flag(&'static str, &'static str),
    /// Not shown: for programs.
    Hidden,
    /// The field's name and the value; the name's end is the unit.
    Named,
}

/// Every field that is not shown as its name and value.
fn style(name: &str) -> Style {
    match name {
        "device" | "device_type" | "key" | "dialed" | "stimulus" | "severity" | "status"
        | "soft_key" | "reason" | "tone" | "mode" | "format" | "direction" | "kind" | "set"
        | "state" | "time" | "button" | "ptime_ms" | "duration" | "capabilities" | "servers"
        | "raw" => Style::Bare,
        "receives_on" => Style::After("receiving on"),
        "sends_from" => Style::After("sending from"),
        "remote" => Style::After("to"),
        "calling" => Style::After("from"),
        "called" => Style::After("to"),
        "original_called" => Style::After("originally to"),
        "last_redirecting" => Style::After("redirected by"),
        "all" => Style::After("all to"),
        "busy" => Style::After("busy to"),
        "no_answer" => Style::After("no answer to"),
        "timeout_s" => Style::After("for"),
        "rfc2833_payload" => Style::After("RFC 2833 payload"),
        "nse_payload" => Style::After("NSE payload"),
        "max_streams" => Style::After("streams"),
        "features" | "p1" | "p2" | "mask" | "restriction" => Style::Hex,
        "active" => Style::Flag("active", "inactive"),
        "on" => Style::Flag("on", "off"),
        "silence_suppression" => Style::Flag("silence suppression", ""),
        "echo_cancellation" => Style::Flag("echo cancellation", ""),
        "keep_port" => Style::Flag("port kept", ""),
        "active_streams"
        | "max_lines"
        | "mac"
        | "precedence"
        | "max_frames"
        | "weekday"
        | "offset"
        | "total"
        | "call_instance"
        | "security"
        | "original_called_reason"
        | "last_redirecting_reason" => Style::Hidden,
        _ => Style::Named,
    }
}

/// Fields in which 0 says nothing.
fn silent_at_zero(name: &str) -> bool {
    matches!(
        name,
        "line"
            | Fields::CALL_REF
            | "status"
            | "tone"
            | "direction"
            | "timeout_s"
            | "rfc2833_payload"
            | "nse_payload"
            | "encryption"
            | "restriction"
            | "conference"
            | "mode"
    )
}

/// The line. `call` is the gateway's number of its call.
pub(super) fn message(message: &SccpMessage, call: Option<u64>) -> String {
    let mut line = match &message.name {
        Some(name) => printable(name),
        None => format!("message {:04X}", message.id),
    };
    let fields = message.fields.iter();
    let fields = fields.filter(|field| !is_called_again(field, &message.fields));
    let parts = fields.filter_map(|field| part(field, call));
    for (n, part) in parts.enumerate() {
        line += if n == 0 { " " } else { ", " };
        line += &part;
    }
    line
}

/// The called party once more: CallManager names it as the originally called and the redirecting one on every call, without any
/// forward (CUCM capture).
fn is_called_again(field: &Field, all: &Fields) -> bool {
    let forward = matches!(&*field.name, "original_called" | "last_redirecting");
    forward
        && all
            .iter()
            .any(|f| f.name == "called" && f.value == field.value)
}

fn part(field: &Field, call: Option<u64>) -> Option<String> {
    let (name, value) = (&*field.name, &field.value);
    match (name, value) {
        (_, Value::Number(0)) if silent_at_zero(name) => None,
        ("duration", Value::Number(0 | 1)) => None,
        (Fields::CALL_REF, Value::Number(number)) => Some(reference(call, *number)),
        ("buttons", Value::List(all)) => {
            let buttons = all.iter().map(bare);
            let count = format!("{} buttons", all.len());
            Some(
                std::iter::once(count)
                    .chain(buttons)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
        // chan_skinny answers 48, the character 0.
        ("version", Value::Number(number)) if *number > 22 => Some(format!(
            "version {number} (there is none: the one that the port offered holds)"
        )),
        ("device_type", value) => Some(match value {
            Value::Word { number, word } => format!("type {number} ({})", printable(word)),
            other => format!("type {}", bare(other)),
        }),
        // Of no meaning to an analog port, and long.
        ("body", Value::Bytes { bytes, .. }) => Some(format!("{bytes} bytes")),
        (_, Value::List(all)) if all.is_empty() => None,
        _ => styled(name, value),
    }
}

fn styled(name: &str, value: &Value) -> Option<String> {
    Some(match (style(name), value) {
        (Style::Hidden, _) => return None,
        (Style::Flag("", _), Value::Flag(true)) | (Style::Flag(_, ""), Value::Flag(false)) => {
            return None;
        }
        (Style::Flag(yes, _), Value::Flag(true)) => yes.to_owned(),
        (Style::Flag(_, no), Value::Flag(false)) => no.to_owned(),
        (Style::Hex, Value::Number(number)) => format!("{} {number:#x}", spaced(name)),
        (Style::Hex, Value::Bytes { hex, .. }) => format!("{} {}", spaced(name), printable(hex)),
        (Style::Bare, Value::Number(_)) if name != "ptime_ms" => named(name, value),
        (Style::Bare, value) => with_unit(name, bare(value)),
        (Style::After(words), value) => format!("{words} {}", with_unit(name, bare(value))),
        (Style::Named | Style::Hex | Style::Flag(..), value) => named(name, value),
    })
}

fn named(name: &str, value: &Value) -> String {
    let value = match value {
        Value::Text(text) => format!("\"{}\"", printable(text)),
        value => with_unit(name, bare(value)),
    };
    format!("{} {value}", spaced(name))
}

/// A value without its name.
fn bare(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Flag(on) => if *on { "yes" } else { "no" }.to_owned(),
        Value::Text(text) => printable(text),
        Value::Word { word, .. } => printable(word),
        Value::Address { address } => address.to_string(),
        Value::Host { address } => address.to_string(),
        Value::Bytes { bytes, hex } => {
            let more = if hex.len() as u64 / 2 < *bytes {
                "…"
            } else {
                ""
            };
            match hex.as_str() {
                "" => format!("{bytes} bytes"),
                hex => format!("{bytes} bytes, {}{more}", printable(hex)),
            }
        }
        Value::List(all) => all.iter().map(bare).collect::<Vec<_>>().join(", "),
        Value::Group(fields) => group(fields),
    }
}

/// `1001 "Ada"`, `G.711 A-law (max frames 40)`.
fn group(fields: &Fields) -> String {
    let mut out = String::new();
    for Field { name, value } in fields.iter() {
        let part = match value {
            Value::Text(text) if text.is_empty() => continue,
            Value::Text(text) if name == "name" && !out.is_empty() => {
                format!("\"{}\"", printable(text))
            }
            Value::Number(_) => format!("({})", named(name, value)),
            value => bare(value),
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out += &part;
    }
    out
}

/// CallManager's reference of a call, after the gateway's own number of it.
pub(super) fn reference(call: Option<u64>, reference: u64) -> String {
    match call {
        Some(call) => format!("call {call} (CallManager ref {reference})"),
        None => format!("CallManager ref {reference}"),
    }
}

/// `keepalive_s` as it is read: `keepalive`.
fn spaced(name: &str) -> String {
    let name = name
        .strip_suffix("_ms")
        .or_else(|| name.strip_suffix("_s"))
        .unwrap_or(name);
    printable(&name.replace('_', " "))
}

fn with_unit(name: &str, mut value: String) -> String {
    // Writing to a String cannot fail.
    let _ = match name {
        name if name.ends_with("_ms") => value.write_str(" ms"),
        name if name.ends_with("_s") => value.write_str(" s"),
        _ => Ok(()),
    };
    value
}

/// A text of a server with everything escaped that a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use tipring_types::trace::{SccpDirection, SccpMessage};

    use super::*;

    #[test]
    fn the_called_party_named_again_is_no_forward() {
        let who = |number: &str| {
            Value::from(Fields::new().with("number", Value::Text(number.to_owned())))
        };
        let line = |original: &str| {
            let fields = Fields::new()
                .with("calling", who("2001"))
                .with("called", who("30"))
                .with("original_called", who(original))
                .with("last_redirecting", who(original));
            let info = SccpMessage {
                direction: SccpDirection::Received,
                id: 0x8F,
                name: Some("CallInfo".into()),
                fields,
            };
            message(&info, None)
        };
        assert!(!line("30").contains("originally"), "{}", line("30"));
        assert!(!line("30").contains("redirected"), "{}", line("30"));
        let forwarded = line("31");
        assert!(forwarded.contains("originally to"), "{forwarded}");
        assert!(forwarded.contains("redirected by"), "{forwarded}");
    }
}
