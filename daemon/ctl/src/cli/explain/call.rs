//! The story of a call.

use tipring_ctl::report::{
    CallDetail, CallDirection, CallNoteReport, CallState, CallStory, CallSummary, EchoState,
    LegStory, MediaLeg, PortDetail, Standing, StoredCall, Verdict,
};
use tipring_ctl::words::{self, clean, length};
use tipring_proto::explain::{self, CallFigures, LegFigures, lost_percent};
use tipring_types::EndCause;

use super::figures::{far_loss, of_leg, of_stored, talked_ms, tenths};

pub(super) fn story(detail: &CallDetail, port: Option<&PortDetail>) -> CallStory {
    let call = &detail.summary;
    let up = call.state != CallState::Ended;
    // What the port measures now is of its call that is up.
    let port = port.filter(|_| up);
    let trained = port.filter(|p| p.echo.state == EchoState::Converged);
    let echo = trained.and_then(|p| Some((p.echo.erl_db?, p.echo.erle_db?)));
    let figures = CallFigures {
        answered: call.answered_after_ms.is_some(),
        talked_ms: talked_ms(call),
        end: call.end,
        preserved: call.state == CallState::Preserved,
        legs: detail.media.iter().map(of_leg).collect(),
        erl_db: echo.map(|(erl, _)| tenths(erl)),
    };
    let notes = explain::call_notes(&figures);
    let level = port.and_then(|p| p.rx_dbm0);
    CallStory {
        verdict: verdict(call, explain::call_standing(&notes), &notes),
        call: call.clone(),
        from_history: false,
        legs: detail
            .media
            .iter()
            .map(|leg| of_media(leg, level))
            .collect(),
        echo: echo.map(|(erl, erle)| echo_words(tenths(erl), tenths(erle))),
        notes: notes.into_iter().map(CallNoteReport::of).collect(),
    }
}

/// A call that only the history has: its legs added up.
pub(super) fn from_history(stored: &StoredCall) -> CallStory {
    let end = EndCause::from_name(&stored.end);
    let call = CallSummary {
        id: stored.id,
        port: stored.port,
        direction: stored.direction,
        call_ref: stored.call_ref,
        state: CallState::Ended,
        peer: stored.number.clone(),
        peer_name: stored.name.clone(),
        dialed: stored.dialed.clone(),
        started_unix_ms: stored.begun_unix_ms,
        answered_after_ms: stored
            .answered_unix_ms
            .map(|at| at.saturating_sub(stored.begun_unix_ms)),
        duration_ms: stored.duration_ms,
        end,
    };
    let leg = of_stored(stored);
    let figures = CallFigures {
        answered: stored.is_answered(),
        talked_ms: stored.talked_ms,
        end,
        preserved: false,
        legs: vec![leg.clone()],
        // Whether the canceller had learned the line is not kept.
        erl_db: None,
    };
    let notes = explain::call_notes(&figures);
    let legs = stored.codec.as_ref().map(|codec| LegStory {
        leg: None,
        codec: codec.clone(),
        remote: None,
        heard: heard(&leg, stored.playout_delay_ms, stored.mean_mos, None),
        far_heard: match stored.far_r {
            Some(r) => format!("{} sent; R {r:.0} there, by its reports", packets(leg.sent)),
            None => format!("{} sent; the far end reported nothing", packets(leg.sent)),
        },
        fax: None,
    });
    CallStory {
        verdict: verdict(&call, explain::call_standing(&notes), &notes),
        call,
        from_history: true,
        legs: legs.into_iter().collect(),
        echo: match (stored.erl_db, stored.erle_db) {
            (Some(erl), Some(erle)) => Some(echo_words(erl, erle)),
            _ => None,
        },
        notes: notes.into_iter().map(CallNoteReport::of).collect(),
    }
}

fn echo_words(erl: f64, erle: f64) -> String {
    format!(
        "the line returns it {erl:.1} dB quieter (ERL), the canceller takes away {erle:.1} dB more (ERLE)"
    )
}

fn verdict(
    call: &CallSummary,
    standing: Standing,
    notes: &[tipring_proto::explain::CallNote],
) -> Verdict {
    let who = who(call);
    let id = call.id;
    let text = match notes.first() {
        Some(note) => format!("Call {id} ({who}): {}.", words::call_note(note).0),
        None => {
            let talked = call
                .answered_after_ms
                .map(|after| length(call.duration_ms.saturating_sub(after) / 1000));
            match (talked, words::ended(call)) {
                (Some(talked), Some(why)) => {
                    format!("Call {id} ({who}) was in order: talked for {talked}, {why}.")
                }
                (Some(talked), None) => {
                    format!("Call {id} ({who}) is up and in order: talking for {talked} so far.")
                }
                (None, Some(why)) => format!("Call {id} ({who}) was not answered: {why}."),
                (None, None) => format!("Call {id} ({who}) is up: {}.", call.state),
            }
        }
    };
    Verdict {
        standing,
        code: notes.first().map(words::code),
        text: clean(&text),
    }
}

/// `port 1 to 1002 Ada`.
fn who(call: &CallSummary) -> String {
    let dialed = call.dialed.as_ref();
    let number = call.peer.as_ref().or(dialed).cloned();
    let far = [number, call.peer_name.clone()];
    let far: Vec<String> = far.into_iter().flatten().collect();
    let far = if far.is_empty() {
        "an unknown number".to_owned()
    } else {
        far.join(" ")
    };
    match call.direction {
        CallDirection::Outgoing => format!("port {} to {far}", call.port),
        CallDirection::Incoming => format!("port {} called by {far}", call.port),
    }
}

fn of_media(leg: &MediaLeg, level: Option<f32>) -> LegStory {
    let figures = of_leg(leg);
    let mos = leg.quality.map(|q| tenths(q.mean_mos));
    let far = leg.rtcp.as_ref().filter(|rtcp| rtcp.received > 0);
    let mut far_heard = format!("{} sent", packets(leg.rtp.sent_packets));
    match far {
        None => far_heard += "; it reported nothing (no RTCP from it)",
        Some(rtcp) => {
            if let Some(lost) = far_loss(leg) {
                far_heard += &format!(", {lost:.1} % lost on the way there");
            }
            if let Some(jitter) = rtcp.far_jitter_ms {
                far_heard += &format!(", jitter {jitter:.1} ms");
            }
            if let Some(trip) = rtcp.round_trip_ms {
                far_heard += &format!(", round trip {trip:.0} ms");
            }
            if let Some(mos) = leg.quality.and_then(|q| q.far_mos) {
                far_heard += &format!(", MOS {mos:.1}");
            }
        }
    }
    if let Some(level) = level {
        far_heard += &format!("; level from this line {level:.1} dBm0 now");
    }
    let fax = leg.fax.as_ref().map(|fax| match &fax.outcome {
        Some(outcome) => words::fax(outcome).text,
        None => format!("{} under way, {} pages so far", fax.mode, fax.pages),
    });
    LegStory {
        leg: Some(leg.party),
        codec: format!("{}, {} ms", clean(&leg.codec), leg.ptime_ms),
        remote: leg.remote.clone(),
        heard: heard(
            &figures,
            Some(tenths(leg.rtp.delay_ms)),
            mos,
            leg.quality.map(|q| tenths(q.one_way_ms)),
        ),
        far_heard,
        fax,
    }
}

fn heard(leg: &LegFigures, buffer: Option<f64>, mos: Option<f64>, one_way: Option<f64>) -> String {
    if leg.received == 0 {
        return "nothing: no RTP packet came".to_owned();
    }
    let lost = lost_percent(leg.received, leg.lost, leg.late);
    let mut out = format!(
        "{} received, {lost:.1} % lost or late",
        packets(leg.received)
    );
    if leg.concealed_ms > 0 {
        out += &format!(" ({} ms concealed)", leg.concealed_ms);
    }
    out += &format!(", jitter {:.1} ms", leg.jitter_ms);
    match (one_way, buffer) {
        (Some(ms), _) => out += &format!(", delay {ms:.0} ms one way"),
        (None, Some(ms)) => out += &format!(", delay of the jitter buffer {ms:.0} ms"),
        (None, None) => {}
    }
    if let Some(mos) = mos {
        out += &format!(", MOS {mos:.1}");
    }
    out
}

fn packets(n: u64) -> String {
    words::plural(n, "packet")
}
