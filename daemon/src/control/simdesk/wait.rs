//! Waiting for something to happen at a simulated phone.

use std::time::{Duration, Instant};

use tipring_ctl::report as ctl;
use tipring_ctl::report::{CallState, PortState, RegistrationState};
use tipring_ctl::request::{ErrorCode, ErrorReport, Request, Response, SimCondition};
use tipring_hal::sim::{self, SetState, SimReply, SimRequest};
use tokio::sync::mpsc;

use super::show::shown;
use super::{SILENCE_DBM0, SimDesk, report};
use crate::control::socket::{Query, ask};

/// How often a waiting client's condition is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// No wait is longer: nobody would notice that a client has gone meanwhile.
const LONGEST_MS: u64 = 3_600_000;
/// A tone is recognised from this level on.
const TONE_DBM0: f32 = -40.0;
/// Silence is what stays below [`SILENCE_DBM0`] for this time.
const SILENCE_MS: u16 = 500;

impl SimDesk {
    pub(super) async fn wait(
        &self,
        port: u16,
        place: usize,
        until: &SimCondition,
        timeout_ms: u64,
        queries: &mpsc::Sender<Query>,
    ) -> Result<ctl::SimSnapshot, ErrorReport> {
        let end = Instant::now() + Duration::from_millis(timeout_ms.min(LONGEST_MS));
        let begin = self.native_snapshot(place).await?;
        loop {
            let now = self.native_snapshot(place).await?;
            if self
                .holds(port, place, until, &begin, &now, queries)
                .await?
            {
                return Ok(shown(port, now));
            }
            if Instant::now() >= end {
                return Err(report(
                    ErrorCode::TimedOut,
                    format!(
                        "port {port}: timed out after {timeout_ms} ms, waiting until {}",
                        words(until)
                    ),
                    "see `tipring sim PORT show` and `tipring port show PORT` for what happened instead",
                ));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn holds(
        &self,
        port: u16,
        place: usize,
        until: &SimCondition,
        begin: &sim::SimSnapshot,
        now: &sim::SimSnapshot,
        queries: &mpsc::Sender<Query>,
    ) -> Result<bool, ErrorReport> {
        let heard = now.heard;
        let idle = matches!(now.set, SetState::OnHook) && !now.card.ringing;
        Ok(match until {
            SimCondition::Ringing => {
                matches!(now.set, SetState::Ringing) && now.bursts > 0 || now.card.ring_voltage
            }
            SimCondition::NotRinging => !matches!(now.set, SetState::Ringing) && !now.card.ringing,
            SimCondition::Idle => {
                idle && self.detail(port, queries).await?.summary.state == PortState::Idle
            }
            SimCondition::Connected => talks(&self.detail(port, queries).await?),
            SimCondition::Tone { hz } => {
                let near = |wanted: &f32| {
                    heard
                        .hz
                        .is_some_and(|got| (got - wanted).abs() <= wanted * 0.05)
                };
                heard.dbm0 >= TONE_DBM0 && (hz.is_empty() || hz.iter().any(near))
            }
            SimCondition::Silence => {
                let action = sim::SimAction::Meter {
                    window_ms: SILENCE_MS,
                };
                match self.request(SimRequest::port(place, action)).await? {
                    SimReply::Heard(h) => h.dbm0 < SILENCE_DBM0,
                    _ => false,
                }
            }
            SimCondition::CallerId => now.caller_id.is_some(),
            SimCondition::Digits { digits } => now.digits_heard.contains(digits.as_str()),
            SimCondition::Lamp { on } => now.lamp == *on,
            SimCondition::LoopOpened => now.open_loops > begin.open_loops || !now.card.battery,
            SimCondition::PlayDone => !now.talking,
            SimCondition::DialDone => now.dialing.is_empty(),
            SimCondition::FaxDone => {
                // A fax machine that ended between two looks has left its report.
                now.fax.is_none() && (now.last_fax.is_some() || begin.fax.is_some())
            }
            SimCondition::Registered => {
                self.detail(port, queries).await?.registration.state
                    == RegistrationState::Registered
            }
        })
    }

    /// The port as control sees it.
    async fn detail(
        &self,
        port: u16,
        queries: &mpsc::Sender<Query>,
    ) -> Result<ctl::PortDetail, ErrorReport> {
        match ask(queries, Request::PortShow { port }).await {
            Response::Port(detail) => Ok(*detail),
            Response::Error(e) => Err(e),
            _ => Err(report(
                ErrorCode::Internal,
                "the daemon gave an odd answer to itself".into(),
                "report this as a bug",
            )),
        }
    }
}

fn words(until: &SimCondition) -> String {
    let fixed = match until {
        SimCondition::Ringing => "the phone rings",
        SimCondition::NotRinging => "the phone has stopped ringing",
        SimCondition::Idle => "the port is idle",
        SimCondition::Connected => "a call is connected",
        SimCondition::Tone { hz } if hz.is_empty() => "a tone is heard",
        SimCondition::Tone { hz } => return format!("one of {hz:?} Hz is heard"),
        SimCondition::Silence => "there is silence",
        SimCondition::CallerId => "caller ID was decoded",
        SimCondition::Digits { digits } => return format!("the digits {digits} were heard"),
        SimCondition::Lamp { on: true } => "the message lamp is lit",
        SimCondition::Lamp { on: false } => "the message lamp is dark",
        SimCondition::LoopOpened => "the loop is opened",
        SimCondition::DialDone => "all is dialled",
        SimCondition::PlayDone => "all is played",
        SimCondition::FaxDone => "the fax is over",
        SimCondition::Registered => "the port is registered",
    };
    fixed.to_owned()
}

/// A call is connected, and packets of it go out. (Whether any come in is the far end's business: an announcement
/// that only listens is a call too.)
fn talks(port: &ctl::PortDetail) -> bool {
    let of_call = |leg: &ctl::MediaLeg, call: u32| leg.call_ref == call || leg.call_ref == 0;
    let connected = port
        .calls
        .iter()
        .filter(|c| c.state == CallState::Connected);
    connected.map(|c| c.call_ref).any(|call| {
        port.media
            .iter()
            .any(|leg| of_call(leg, call) && leg.remote.is_some() && leg.rtp.sent_packets > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(state: CallState, leg_of: u32, remote: Option<&str>, sent: u64) -> ctl::PortDetail {
        let mut leg = ctl::MediaLeg {
            call_ref: leg_of,
            remote: remote.map(str::to_owned),
            ..ctl::MediaLeg::default()
        };
        leg.rtp.sent_packets = sent;
        ctl::PortDetail {
            calls: vec![ctl::CallSummary {
                call_ref: 7,
                state,
                ..ctl::CallSummary::default()
            }],
            media: vec![leg],
            ..ctl::PortDetail::default()
        }
    }

    #[test]
    fn a_call_talks_when_it_is_connected_and_its_own_packets_go_out() {
        let far = Some("192.0.2.1:4000");
        assert!(talks(&port(CallState::Connected, 7, far, 1)));
        assert!(talks(&port(CallState::Connected, 0, far, 1)), "unnamed leg");
        assert!(!talks(&port(CallState::Connected, 8, far, 1)), "other call");
        assert!(!talks(&port(CallState::Connected, 7, far, 0)));
        assert!(!talks(&port(CallState::Connected, 7, None, 1)));
        assert!(!talks(&port(CallState::RingingOut, 7, far, 1)));
    }
}
