//! The simulated card's snapshot in the words of the control socket.

use std::path::PathBuf;

use tipring_ctl::report as ctl;
use tipring_hal::port::Polarity;
use tipring_hal::sim::{self, CallerIdCoding, FaxPhase, SetState};

use super::SILENCE_DBM0;
use crate::control::words;

/// The card's snapshot in the words of the control socket.
pub(super) fn shown(port: u16, s: sim::SimSnapshot) -> ctl::SimSnapshot {
    let heard = s.heard;
    let sounding = heard.dbm0 > SILENCE_DBM0;
    ctl::SimSnapshot {
        port,
        set: match s.set {
            SetState::OnHook => ctl::SimSetState::OnHook,
            SetState::Ringing => ctl::SimSetState::Ringing,
            SetState::OffHook => ctl::SimSetState::OffHook,
            SetState::LoopBreak => ctl::SimSetState::LoopBreak,
        },
        dialing: s.dialing,
        talking: s.talking,
        heard: ctl::SimHeard {
            dbm0: sounding.then_some(heard.dbm0),
            hz: heard.hz.filter(|_| sounding),
            hz_dbm0: sounding.then_some(heard.hz_dbm0),
        },
        digits_heard: s.digits_heard,
        caller_id: s.caller_id.map(|c| ctl::CallerIdHeard {
            number: c.number,
            name: c.name,
            time: c.time,
            number_absent: c.number_absent,
            name_absent: c.name_absent,
            coding: match c.coding {
                CallerIdCoding::Fsk => ctl::CallerIdCoding::Fsk,
                CallerIdCoding::Dtmf => ctl::CallerIdCoding::Dtmf,
            },
            after_bursts: c.after_bursts,
        }),
        ring_bursts_ms: s.ring_bursts_ms,
        bursts: s.bursts,
        lamp: s.lamp,
        polarity: match (s.card.battery, s.polarity) {
            (false, _) => ctl::SimPolarity::Open,
            (true, Polarity::Forward) => ctl::SimPolarity::Forward,
            (true, Polarity::Reversed) => ctl::SimPolarity::Reversed,
        },
        polarity_changes: s.polarity_changes,
        open_loops: s.open_loops,
        answer_after_bursts: s.answer_after_bursts,
        recording: s
            .recording
            .map(|(wav, _)| wav.map_or_else(|| "memory".into(), display)),
        fax: s.fax.map(|f| ctl::FaxSnapshot {
            role: role(f.sending),
            tiff: display(f.tiff),
            phase: phase(f.phase),
            pages: f.pages,
            pages_total: f.pages_total,
            bit_rate: f.bit_rate,
            since_ms: u64::try_from(f.since.as_millis()).unwrap_or(u64::MAX),
        }),
        last_fax: s.last_fax.map(|f| ctl::FaxResult {
            role: role(f.sent),
            ok: f.success,
            code: f.code,
            text: f.result,
            pages: f.pages,
            bit_rate: f.bit_rate,
            ecm: f.ecm,
            bad_rows: f.bad_rows,
            retries: f.retries,
            far_ident: f.far_ident,
            took_ms: u64::try_from(f.took.as_millis()).unwrap_or(u64::MAX),
        }),
        card: ctl::SimCard {
            ring_voltage: s.card.ring_voltage,
            on_hook_transmission: s.card.on_hook_transmission,
            blocks_to_gateway: s.card.blocks_to_gateway,
            blocks_from_gateway: s.card.blocks_from_gateway,
            read_overruns: s.card.read_overruns,
            write_underruns: s.card.write_underruns,
            events_lost: s.card.events_lost,
        },
        hybrid: ctl::SimHybrid {
            loss_db: s.hybrid.trans_hybrid_loss_db.into(),
            delay_ms: f64::from(s.hybrid.echo_delay_us) / 1000.0,
            noise_dbm0: s.hybrid.noise_dbm0.unwrap_or(-99.0).into(),
        },
        fault: s.card.fault.map(words::fault_text),
    }
}

fn display(path: PathBuf) -> String {
    path.display().to_string()
}

fn role(sends: bool) -> ctl::FaxRole {
    if sends {
        ctl::FaxRole::Send
    } else {
        ctl::FaxRole::Receive
    }
}

fn phase(phase: FaxPhase) -> String {
    match phase {
        FaxPhase::WaitingForRing => "waiting for ring".into(),
        FaxPhase::WaitingForDialTone => "waiting for dial tone".into(),
        FaxPhase::Dialing => "dialing".into(),
        FaxPhase::Connecting => "connecting".into(),
        FaxPhase::Negotiated { bit_rate, ecm } => {
            format!(
                "negotiated {bit_rate} bit/s{}",
                if ecm { ", ECM" } else { "" }
            )
        }
        FaxPhase::Page => "page".into(),
        FaxPhase::Ending => "ending".into(),
    }
}
