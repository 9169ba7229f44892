//! What is reported: log lines that a peer cannot make many of, counts for status, trace events.

use std::time::Duration;

use tipring_ctl::words as text;
use tipring_proto::sccp::station::{LostReason, StationEvent};
use tipring_proto::time::Time;
use tipring_types::trace::Trace;
use tracing::{info, warn};

use super::log_rate::if_any;
use super::servers::{LastTrouble, ServerBook};
use super::{Gateway, PortUnit, trace};

/// A loss within this time of a silence is that silence's.
const SILENCE_TO_LOSS: Duration = Duration::from_secs(400);

impl Gateway {
    /// The station of a port has news.
    pub(super) fn news(&mut self, now: Time, index: usize, event: &StationEvent) {
        tally(now, &mut self.signalling.servers, event);
        let out = self
            .ports
            .get(index)
            .is_some_and(PortUnit::is_out_of_service);
        let traced = match trace::of_station(event, &self.signalling.servers) {
            Some(Trace::Stopped) if out => Trace::OutOfService,
            Some(traced) => traced,
            None => return,
        };
        let text = text::trace(&traced, None);
        // The device has traced the message itself.
        if !matches!(traced, Trace::SccpUnreadable { .. }) {
            self.trace(now, index, traced);
        }
        self.note_server(index, event);
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        let trouble = match event {
            StationEvent::Registered { .. } => {
                unit.registered_or_not(now);
                false
            }
            StationEvent::Lost { server, reason, .. } => {
                unit.registered_or_not(now);
                unit.failed_at(*server, reason);
                !reason.is_orderly()
            }
            StationEvent::AttemptFailed { server, reason, .. } => {
                unit.failed_at(*server, reason);
                unit.turn_to_next_address();
                true
            }
            StationEvent::Stopped => {
                unit.registered_or_not(now);
                false
            }
            StationEvent::ResetRequested { .. } => false,
            StationEvent::UnreadableMessage { .. } | StationEvent::LinkSuspect { .. } => true,
            StationEvent::AnswersKeepalives { .. }
            | StationEvent::StandbyLost { .. }
            | StationEvent::Trying { .. }
            | StationEvent::Message(_) => return,
            // The port is served, by a lesser server.
            StationEvent::TrialFailed { .. } => true,
        };
        // The same trouble again and again is one line in ten minutes; the counters and the history show the number.
        let server = match event {
            StationEvent::Lost { server, .. }
            | StationEvent::AttemptFailed { server, .. }
            | StationEvent::TrialFailed { server, .. } => *server,
            _ => 0,
        };
        let (port, device) = (unit.number, unit.device_name());
        let mut pass = || unit.log_rate.pass(now);
        let held_back = match event {
            StationEvent::Registered { .. } => unit.repeats.good(&text, pass),
            _ if trouble => unit.repeats.trouble(now, server, &text, pass),
            _ => pass(),
        };
        let Some(held_back) = held_back.map(if_any) else {
            return;
        };
        match event {
            _ if trouble => warn!(port, device, what = text, held_back, "registration trouble"),
            StationEvent::Registered { .. } => {
                info!(port, device, what = text, held_back, "registered");
            }
            _ => info!(port, device, what = text, held_back, "registration"),
        }
    }

    /// A warning about a port, unless there were too many.
    pub(super) fn warn(&mut self, now: Time, index: usize, what: &str) {
        if let Some(unit) = self.ports.get_mut(index)
            && let Some(held_back) = unit.log_rate.pass(now)
        {
            warn!(
                port = unit.number,
                what,
                held_back = if_any(held_back),
                "port trouble"
            );
        }
    }

    /// An event for those who follow the port, and for its calls.
    pub(super) fn trace(&mut self, now: Time, index: usize, mut event: Trace) {
        if let Trace::FaxEnded { record } = &mut event {
            self.keep_fax(now, index, record);
        }
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let entry = trace::Entry {
            at_unix_us: self.clock.unix_us(now),
            port: unit.number,
            call: self.calls.number_of(now, unit.number, &event),
            event,
        };
        self.calls.trace(now, &entry);
        self.tracers.publish(entry);
    }

    /// An event for those who follow the port, and for one of its calls.
    pub(super) fn trace_call(&mut self, now: Time, index: usize, call: u64, event: Trace) {
        let Some(unit) = self.ports.get(index) else {
            return;
        };
        let entry = trace::Entry {
            at_unix_us: self.clock.unix_us(now),
            port: unit.number,
            call: Some(call),
            event,
        };
        self.calls.note(call, entry.clone());
        self.tracers.publish(entry);
    }

    /// Notes how a port stands after an input was dealt with.
    pub(super) fn settle(&mut self, now: Time, index: usize) {
        let Some(unit) = self.ports.get_mut(index) else {
            return;
        };
        unit.set_patience(&self.signalling.config);
        let logic = unit.call_logic();
        let idle = logic.is_idle();
        for (call, event) in self.calls.see(now, unit.number, idle, &logic.calls) {
            self.trace_call(now, index, call, event);
        }
        let testing = self.ports.get(index).is_some_and(|u| u.test.is_some());
        self.lamp_turn(now, index, idle && !testing);
    }
}

fn tally(now: Time, servers: &mut ServerBook, event: &StationEvent) {
    let (server, trouble, lost) = match event {
        StationEvent::Registered { server, .. } => (*server, None, false),
        StationEvent::Lost { server, reason, .. } => (*server, Some(reason), true),
        StationEvent::AttemptFailed { server, reason, .. } => (*server, Some(reason), false),
        // One that does not answer is asked every second: its trouble is the one that it was lost by.
        StationEvent::TrialFailed { server, reason, .. } if reason.is_a_refusal() => {
            (*server, Some(reason), false)
        }
        StationEvent::Message(_)
        | StationEvent::AnswersKeepalives { .. }
        | StationEvent::StandbyLost { .. }
        | StationEvent::Trying { .. }
        | StationEvent::TrialFailed { .. }
        | StationEvent::ResetRequested { .. }
        | StationEvent::UnreadableMessage { .. }
        | StationEvent::LinkSuspect { .. }
        | StationEvent::Stopped => return,
    };
    let Some(tally) = servers.tally_mut(server) else {
        return;
    };
    match trouble {
        None => {
            tally.registrations += 1;
            tally.silent = None;
            if let Some(last) = &mut tally.last_trouble {
                last.over.get_or_insert(now);
            }
        }
        // What we wanted ourselves, or the server asked for, is no trouble.
        Some(reason) if reason.is_orderly() => {}
        Some(reason) => {
            let rejected = matches!(reason, LostReason::Rejected { .. });
            tally.rejections += u64::from(rejected);
            tally.losses += u64::from(lost);
            tally.failures += u64::from(!lost && !rejected);
            let last = tally.last_trouble.take();
            // With one server in the list it takes three keepalive intervals from its silence to the loss.
            let silent = tally.silent.take().filter(|_| reason.is_silence());
            let silent = silent.filter(|at| now.saturating_since(*at) < SILENCE_TO_LOSS);
            let began = silent.unwrap_or(now);
            let going_on = last.filter(|last| last.over.is_none());
            tally.last_trouble = Some(LastTrouble {
                since: going_on.map_or(began, |last| last.since),
                at: now,
                reason: reason.clone(),
                over: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipring_config::Server;
    use tipring_proto::sccp::message::ResetKind;
    use tipring_proto::sccp::station::{ConnectFailure, RejectCause};

    #[test]
    fn a_tally_tells_losses_from_failed_attempts_and_rejections_and_leaves_out_our_own_wishes() {
        let now = Time::from_millis(7);
        let mut book = ServerBook::new(&[Server::parse("pbx.example").unwrap()]);
        let failed = |reason| StationEvent::AttemptFailed {
            server: 0,
            reason,
            retry_at: Time::ZERO,
        };
        let refused = || LostReason::Connect(ConnectFailure::Refused);
        let asked = |reason| StationEvent::TrialFailed {
            server: 0,
            reason,
            again: None,
        };
        tally(now, &mut book, &asked(refused()));
        assert!(
            book.tally(0).unwrap().last_trouble.is_none(),
            "every second"
        );
        let wait = Duration::from_secs(30);
        let not_back = LostReason::TokenRefused { wait };
        tally(now, &mut book, &asked(not_back.clone()));
        let t = book.tally_mut(0).unwrap();
        assert_eq!((t.failures, t.losses), (1, 0));
        assert_eq!(t.last_trouble.take().map(|t| t.reason), Some(not_back));
        t.failures = 0;
        tally(now, &mut book, &failed(refused()));
        tally(
            now,
            &mut book,
            &failed(LostReason::Rejected {
                text: "No Authority".into(),
                cause: RejectCause::NoAuthority,
            }),
        );
        tally(now, &mut book, &failed(LostReason::Stopped));
        let t = book.tally(0).unwrap();
        assert_eq!(
            (t.registrations, t.rejections, t.losses, t.failures),
            (0, 1, 0, 1)
        );
        assert!(
            t.last_trouble
                .as_ref()
                .is_some_and(
                    |t| matches!(t.reason, LostReason::Rejected { .. }) && t.over.is_none()
                )
        );
        tally(
            now,
            &mut book,
            &StationEvent::Lost {
                server: 0,
                reason: LostReason::RegisterTimeout,
                retry_at: Time::ZERO,
            },
        );
        tally(
            now,
            &mut book,
            &StationEvent::Registered {
                server: 5,
                version: 3,
                keepalive_s: 30,
            },
        );
        let t = book.tally(0).unwrap();
        assert_eq!(
            (t.registrations, t.losses, t.failures),
            (0, 1, 1),
            "a server that is not in the list"
        );
        let registered = |server| StationEvent::Registered {
            server,
            version: 3,
            keepalive_s: 30,
        };
        let later = Time::from_millis(9);
        tally(later, &mut book, &registered(0));
        tally(Time::from_millis(20), &mut book, &registered(0));
        let last = book.tally(0).unwrap().last_trouble.clone().unwrap();
        assert_eq!((last.at, last.over), (now, Some(later)));
        let lost = |reason| StationEvent::Lost {
            server: 0,
            reason,
            retry_at: Time::ZERO,
        };
        tally(
            Time::from_millis(30),
            &mut book,
            &lost(LostReason::Reset(ResetKind::RESTART)),
        );
        let t = book.tally(0).unwrap();
        assert_eq!(t.losses, 1, "what the server asked for is no loss");
        tally(
            Time::from_millis(40),
            &mut book,
            &lost(LostReason::RegisterTimeout),
        );
        tally(Time::from_millis(50), &mut book, &failed(refused()));
        let last = book.tally(0).unwrap().last_trouble.clone().unwrap();
        let (began, met) = (Time::from_millis(40), Time::from_millis(50));
        assert_eq!((last.since, last.at, last.over), (began, met, None));
        tally(Time::from_millis(60), &mut book, &registered(0));
        // It fell silent a minute before it was given up.
        book.tally_mut(0).unwrap().silent = Some(Time::from_millis(70));
        let given_up = Time::from_millis(60_070);
        tally(given_up, &mut book, &lost(LostReason::RegisterTimeout));
        let last = book.tally(0).unwrap().last_trouble.clone().unwrap();
        assert_eq!((last.since, last.at), (Time::from_millis(70), given_up));
    }
}
