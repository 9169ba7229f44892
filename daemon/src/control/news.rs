//! What is reported: log lines that a peer cannot make many of, counts for status, trace events.

use std::time::Duration;

use tipring_ctl::words as text;
use tipring_proto::sccp::station::{LostReason, StationEvent};
use tipring_proto::time::Time;
use tipring_types::trace::Trace;
use tracing::{info, warn};

use super::log_rate::if_any;
use super::servers::ServerBook;
use super::{Gateway, PortUnit, trace};

/// A registration that lasted for less flaps: its ends are logged as repeats.
const STOOD: Duration = Duration::from_secs(10);
/// A loss within this time of a silence is that silence's.
const SILENCE_TO_LOSS: Duration = Duration::from_secs(400);

impl Gateway {
    /// The station of a port has news.
    pub(super) fn news(&mut self, now: Time, index: usize, event: &StationEvent) {
        if let Some(unit) = self.ports.get(index) {
            tally(now, &mut self.signalling.servers, unit.number, event);
        }
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
        // A device that stops was registered or not; its next registration is logged.
        let stood = match event {
            StationEvent::Lost { .. } => {
                now.saturating_since(unit.registration_since) >= STOOD
                    && unit.repeats.is_outage(now)
            }
            StationEvent::Stopped => true,
            _ => false,
        };
        // A server that has left the list has no part in what is wrong now.
        let listed = |server: &usize| self.signalling.servers.place(*server).is_some();
        let trouble = match event {
            StationEvent::Registered { .. } => {
                unit.registered_or_not(now);
                false
            }
            StationEvent::Lost { server, reason, .. } => {
                unit.registered_or_not(now);
                if listed(server) {
                    unit.failed_at(*server, reason);
                }
                !reason.is_orderly()
            }
            StationEvent::AttemptFailed { server, reason, .. } => {
                if listed(server) {
                    unit.failed_at(*server, reason);
                }
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
            | StationEvent::StandbyOpened { .. }
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
            _ if stood => unit.repeats.outage(pass),
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
    pub(super) fn trace(&mut self, now: Time, index: usize, event: Trace) {
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

fn tally(now: Time, servers: &mut ServerBook, port: u16, event: &StationEvent) {
    let (server, trouble, lost) = match event {
        StationEvent::Registered { server, .. } => (*server, None, false),
        StationEvent::Lost { server, reason, .. } => (*server, Some(reason), true),
        StationEvent::AttemptFailed { server, reason, .. } => (*server, Some(reason), false),
        StationEvent::TrialFailed { server, reason, .. } if reason.is_a_refusal() => {
            (*server, Some(reason), false)
        }
        // Asked every second: one trouble, and no count.
        StationEvent::TrialFailed { server, reason, .. } => {
            if (reason.is_unreachable() || reason.is_silence())
                && servers.place(*server).is_some()
                && let Some(tally) = servers.tally_mut(*server)
            {
                tally.troubles.asked_in_vain(now, reason);
            }
            return;
        }
        StationEvent::StandbyLost { server, reason } => {
            // A server that takes the connection and ends it can be reached.
            if reason.is_unreachable()
                && servers.place(*server).is_some()
                && let Some(tally) = servers.tally_mut(*server)
            {
                tally.troubles.standby_failed(now, reason);
            }
            return;
        }
        StationEvent::StandbyOpened { server } => {
            if let Some(tally) = servers.tally_mut(*server) {
                tally.stood_by = true;
                tally.troubles.standby_opened(now);
            }
            return;
        }
        StationEvent::Message(_)
        | StationEvent::AnswersKeepalives { .. }
        | StationEvent::Trying { .. }
        | StationEvent::ResetRequested { .. }
        | StationEvent::UnreadableMessage { .. }
        | StationEvent::LinkSuspect { .. }
        | StationEvent::Stopped => return,
    };
    let listed = servers.place(server).is_some();
    let Some(tally) = servers.tally_mut(server) else {
        return;
    };
    match trouble {
        None => {
            tally.registrations += 1;
            tally.silent = None;
            tally.troubles.registered(now, port);
        }
        // What we wanted ourselves, or the server asked for, is no trouble.
        Some(reason) if reason.is_orderly() => {}
        Some(reason) => {
            let rejected = matches!(reason, LostReason::Rejected { .. });
            tally.rejections += u64::from(rejected);
            tally.losses += u64::from(lost);
            tally.failures += u64::from(!lost && !rejected);
            // With one server in the list it takes three keepalive intervals from its silence to the loss.
            let silent = tally.silent.take().filter(|_| reason.is_silence());
            let silent = silent.filter(|at| now.saturating_since(*at) < SILENCE_TO_LOSS);
            let began = silent.unwrap_or(now);
            if listed {
                tally.troubles.met(now, port, reason, began);
            }
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
    fn a_better_server_that_refuses_or_does_not_answer_has_a_trouble_and_only_refusals_are_counted()
    {
        let now = Time::from_millis(7);
        let mut book = ServerBook::new(&[Server::parse("pbx.example").unwrap()]);
        let asked = |reason| StationEvent::TrialFailed {
            server: 0,
            reason,
            again: None,
        };
        let refused = LostReason::Connect(ConnectFailure::Refused);
        tally(now, &mut book, 1, &asked(refused));
        let later = Time::from_millis(1_007);
        tally(
            later,
            &mut book,
            2,
            &asked(LostReason::Connect(ConnectFailure::TimedOut)),
        );
        let t = book.tally(0).unwrap();
        let [trouble] = t.troubles.shown()[..] else {
            panic!("{:?}", t.troubles);
        };
        assert_eq!(
            (trouble.since, trouble.ports.len(), t.failures),
            (now, 0, 0)
        );
        assert!(t.troubles.unreachable().is_some());
        let wait = Duration::from_secs(30);
        let not_back = LostReason::TokenRefused { wait };
        tally(now, &mut book, 1, &asked(not_back.clone()));
        let t = book.tally(0).unwrap();
        assert!(t.troubles.unreachable().is_none(), "it answers");
        assert_eq!((t.failures, t.losses), (1, 0));
        assert_eq!(t.troubles.shown()[0].reason, not_back);
    }

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
        tally(now, &mut book, 1, &failed(refused()));
        tally(
            now,
            &mut book,
            1,
            &failed(LostReason::Rejected {
                text: "No Authority".into(),
                cause: RejectCause::NoAuthority,
            }),
        );
        tally(now, &mut book, 1, &failed(LostReason::Stopped));
        let t = book.tally(0).unwrap();
        assert_eq!(
            (t.registrations, t.rejections, t.losses, t.failures),
            (0, 1, 0, 1)
        );
        let reasons: Vec<&LostReason> = t.troubles.shown().iter().map(|t| &t.reason).collect();
        // It answered the port by its rejection.
        assert!(
            matches!(*reasons, [LostReason::Rejected { .. }]),
            "{reasons:?}"
        );
        tally(
            now,
            &mut book,
            1,
            &StationEvent::Lost {
                server: 0,
                reason: LostReason::RegisterTimeout,
                retry_at: Time::ZERO,
            },
        );
        tally(
            now,
            &mut book,
            1,
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
        tally(later, &mut book, 1, &registered(0));
        tally(Time::from_millis(20), &mut book, 1, &registered(0));
        let last = |book: &ServerBook| {
            let troubles = &book.tally(0).unwrap().troubles;
            let shown = troubles.shown();
            assert_eq!(shown.len(), 1, "{shown:?}");
            (shown[0].since, shown[0].at, shown[0].over)
        };
        assert_eq!(last(&book), (now, now, Some(later)));
        let lost = |reason| StationEvent::Lost {
            server: 0,
            reason,
            retry_at: Time::ZERO,
        };
        tally(
            Time::from_millis(30),
            &mut book,
            1,
            &lost(LostReason::Reset(ResetKind::RESTART)),
        );
        let t = book.tally(0).unwrap();
        assert_eq!(t.losses, 1, "what the server asked for is no loss");
        tally(
            Time::from_millis(40),
            &mut book,
            1,
            &lost(LostReason::RegisterTimeout),
        );
        tally(Time::from_millis(50), &mut book, 1, &failed(refused()));
        let (began, met) = (Time::from_millis(40), Time::from_millis(50));
        assert_eq!(last(&book), (began, met, None));
        tally(Time::from_millis(60), &mut book, 1, &registered(0));
        // It fell silent a minute before it was given up.
        book.tally_mut(0).unwrap().silent = Some(Time::from_millis(70));
        let given_up = Time::from_millis(60_070);
        tally(given_up, &mut book, 1, &lost(LostReason::RegisterTimeout));
        assert_eq!(last(&book), (Time::from_millis(70), given_up, None));
        book.set(&[Server::parse("other.example").unwrap()]);
        assert!(book.tally(0).unwrap().troubles.shown().is_empty());
        tally(Time::from_millis(70_000), &mut book, 1, &failed(refused()));
        let left = &book.tally(0).unwrap().troubles;
        assert!(left.shown().is_empty(), "it has left the list");
    }
}
