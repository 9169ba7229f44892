//! What the phone of a capture said to its server and our port did not, and the reverse.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tipring_proto::sccp::catalog;
use tipring_proto::sccp::message::{ClientMessage, SoftKey};

/// A message that one of the two sent more often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Deviation {
    /// Its name, and the media leg where it is about one.
    pub(super) message: String,
    /// How often the phone of the capture sent it.
    pub(super) phone: usize,
    /// How often our port sent it.
    pub(super) port: usize,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deviation {
            message,
            phone,
            port,
        } = self;
        let (phone, port) = (times(*phone), times(*port));
        write!(f, "{message}: the phone sent it {phone}, the port {port}")
    }
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// Compares what both sent, by message and media leg, in the order of names.
pub(super) fn compare(phone: &[ClientMessage], port: &[ClientMessage]) -> Vec<Deviation> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for message in phone.iter().filter_map(named) {
        counts.entry(message).or_default().0 += 1;
    }
    for message in port.iter().filter_map(named) {
        counts.entry(message).or_default().1 += 1;
    }
    counts
        .into_iter()
        .filter(|(_, (phone, port))| phone != port)
        .map(|(message, (phone, port))| Deviation {
            message,
            phone,
            port,
        })
        .collect()
}

/// What is compared of a message; none for what comes by the clock.
fn named(message: &ClientMessage) -> Option<String> {
    let about = match message {
        ClientMessage::KeepAlive => return None,
        // An ATA hangs up by a soft key where others send OnHook, and a phone answers by one where others send OffHook.
        ClientMessage::SoftKeyEvent(key) => return Some(meaning(key.event)),
        ClientMessage::OffHook(_) => return Some(LIFTS.to_owned()),
        ClientMessage::OnHook(_) => return Some(HANGS_UP.to_owned()),
        ClientMessage::OpenReceiveChannelAck(ack) => {
            format!(" for party {:#010x}, {}", ack.party.0, status(ack.status.0))
        }
        ClientMessage::StartMediaTransmissionAck(ack) => {
            format!(" for party {:#010x}, {}", ack.party.0, status(ack.status.0))
        }
        ClientMessage::MulticastMediaReceptionAck(ack) => {
            format!(" for party {:#010x}, {}", ack.party.0, status(ack.status.0))
        }
        _ => String::new(),
    };
    let message = catalog::client_message(message);
    let name = message.name.map_or_else(
        || format!("message {:04X}", message.id),
        |name| name.to_string(),
    );
    Some(format!("{name}{about}"))
}

const LIFTS: &str = "OffHook, or a soft key that lifts";
const HANGS_UP: &str = "OnHook, or a soft key that hangs up";

/// A soft key by what it does: redial, new call and answer lift.
fn meaning(event: SoftKey) -> String {
    match event {
        SoftKey::REDIAL | SoftKey::NEW_CALL | SoftKey::ANSWER => LIFTS.to_owned(),
        SoftKey::END_CALL => HANGS_UP.to_owned(),
        SoftKey(event) => format!("SoftKeyEvent {event}"),
    }
}

fn status(status: u32) -> &'static str {
    if status == 0 { "granted" } else { "refused" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_proto::sccp::message::{CallOnLine, SoftKeyEvent};

    fn key(event: u32) -> ClientMessage {
        ClientMessage::SoftKeyEvent(SoftKeyEvent {
            event: SoftKey(event),
            line: Default::default(),
            call: Default::default(),
        })
    }

    #[test]
    fn keys_and_the_hook_are_one_where_they_do_the_same() {
        let hook = [
            ClientMessage::OffHook(CallOnLine::default()),
            ClientMessage::KeepAlive,
            ClientMessage::OnHook(CallOnLine::default()),
        ];
        assert_eq!(compare(&[key(11), key(9)], &hook), []);
        let deviations = compare(&[key(3), key(11)], &hook);
        let words: Vec<_> = deviations.iter().map(Deviation::to_string).collect();
        assert_eq!(
            words,
            [
                "OnHook, or a soft key that hangs up: the phone sent it never, the port once",
                "SoftKeyEvent 3: the phone sent it once, the port never",
            ]
        );
    }
}
