//! Commands on standard input of `callmanager`: message lamps, resets, calls from outside.

use std::io::BufRead;
use std::net::SocketAddrV4;

use tipring_proto::sccp::callmanager::CallManager;
use tipring_proto::sccp::message::ResetKind;
use tipring_proto::time::Time;
use tipring_proto::types::CallRef;
use tokio::sync::mpsc;

use super::super::output::{Failure, Out};
use super::Input;
use super::words::say;

/// What can be typed.
pub(crate) const HELP: &str = "\
show                                     devices and calls
digits                                   what was pressed in each call
mwi NUMBER on|off                        message lamp
reset|restart NUMBER                     Reset to a device
call NUMBER FROM ADDRESS:PORT [NAME]     a call from outside; FROM - withholds it
hangup REFERENCE                         end a call from the far side
help                                     this";

/// Reads standard input to its end, which ends nothing else.
pub(super) fn read(inputs: mpsc::Sender<Input>) {
    // A thread of its own: reading a terminal cannot be waited for with sockets. It ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if inputs.blocking_send(Input::Command(line)).is_err() {
                return;
            }
        }
    });
}

/// Does what a line says.
pub(super) fn obey(
    out: &Out,
    manager: &mut CallManager,
    now: Time,
    line: &str,
) -> Result<(), Failure> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let done = match words.as_slice() {
        [] => return Ok(()),
        ["help"] => {
            out.advice(HELP);
            return Ok(());
        }
        ["show"] => return show(out, manager),
        ["digits"] => {
            for log in manager.digits() {
                let text = format!(
                    "{} ref {}: dialled {}, then {}",
                    log.number, log.call.0, log.dialled, log.in_call
                );
                say(out, "digits", &text)?;
            }
            return Ok(());
        }
        ["mwi", number, word @ ("on" | "off")] => {
            manager.set_mwi(now, number, *word == "on").map(|()| None)
        }
        ["reset", device] => manager.reset(device, ResetKind::RESET).map(|()| None),
        ["restart", device] => manager.reset(device, ResetKind::RESTART).map(|()| None),
        ["hangup", reference] => match reference.parse() {
            Ok(reference) => manager.hang_up(now, CallRef(reference)).map(|()| None),
            Err(_) => {
                out.advice("hangup: a call reference is a number; `show` lists the calls");
                return Ok(());
            }
        },
        ["call", number, from, remote, name @ ..] => match remote.parse::<SocketAddrV4>() {
            Ok(remote) => {
                let withheld = *from == "-";
                let from = if withheld { "" } else { from };
                manager
                    .place_call_to(now, number, from, &name.join(" "), withheld, remote)
                    .map(Some)
            }
            Err(_) => {
                out.advice("call: the third word is the ADDRESS:PORT that audio goes to");
                return Ok(());
            }
        },
        _ => {
            out.advice(&format!("not understood; these are:\n{HELP}"));
            return Ok(());
        }
    };
    match done {
        Ok(None) => say(out, "done", line),
        Ok(Some(call)) => say(out, "done", &format!("{line}: ref {}", call.0)),
        Err(e) => say(out, "refused", &format!("{line}: {e}")),
    }
}

fn show(out: &Out, manager: &CallManager) -> Result<(), Failure> {
    let snapshot = manager.snapshot();
    for device in &snapshot.devices {
        let state = match device.conn {
            Some(_) => format!("registered, version {}", device.version),
            None => "not registered".to_owned(),
        };
        let lamp = if device.mwi { ", message lamp on" } else { "" };
        say(
            out,
            "device",
            &format!("{} {}: {state}{lamp}", device.number, device.name),
        )?;
    }
    for call in &snapshot.calls {
        let end = |address: Option<SocketAddrV4>| {
            address.map_or_else(|| "-".to_owned(), |a| a.to_string())
        };
        let text = format!(
            "{} at {}: {}, far end {}, receives at {}, sends to {}",
            call.call.0,
            call.number,
            call.state,
            call.far,
            end(call.receives_at),
            end(call.sends_to)
        );
        say(out, "call", &text)?;
    }
    let text = format!(
        "{} connections, {} messages in, {} out, {} broken, {} not understood",
        snapshot.connections,
        snapshot.frames_received,
        snapshot.frames_sent,
        snapshot.bad_frames,
        snapshot.not_understood
    );
    say(out, "counters", &text)
}
