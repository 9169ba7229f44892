//! The hands at the simulated sets: control-socket actions, turned into requests to the simulated card, and waiting
//! for what happens there.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipring_ctl::report as ctl;
use tipring_ctl::report::{PortState, RegistrationState};
use tipring_ctl::request::{
    ErrorCode, ErrorReport, Request, Response, SimAction, SimCondition, SimFault,
};
use tipring_hal::port::{Polarity, PortFault};
use tipring_hal::sim::{
    self, Audio, CallerIdCoding, DialWait, Dialling, FaxMachine, FaxPhase, ReceiveFax, SendFax,
    SetState, SimError, SimReply, SimRequest, WorldHandle,
};
use tokio::sync::mpsc;

use super::socket::{Query, ask};

/// How often a waiting client's condition is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// A tone counts as heard from this level on.
const TONE_DBM0: f32 = -40.0;
/// Silence is what stays below this for [`SILENCE_MS`].
const SILENCE_DBM0: f32 = -60.0;
const SILENCE_MS: u16 = 500;

/// The simulated card, if there is one, and which of its ports is which of ours.
pub struct SimDesk {
    world: Option<Arc<WorldHandle>>,
    /// Index on the card of our port 1, 2, …; `None`: not on the simulated card (or switched off).
    places: Vec<Option<usize>>,
}

impl SimDesk {
    /// A desk over a simulated card, or over none.
    pub fn new(world: Option<Arc<WorldHandle>>, places: Vec<Option<usize>>) -> Rc<SimDesk> {
        Rc::new(SimDesk { world, places })
    }

    /// Carries out an action and answers with the state after it.
    pub async fn act(
        &self,
        port: u16,
        action: SimAction,
        queries: &mpsc::Sender<Query>,
    ) -> Response {
        match self.try_act(port, action, queries).await {
            Ok(snapshot) => Response::Sim(snapshot),
            Err(report) => Response::Error(report),
        }
    }

    async fn try_act(
        &self,
        port: u16,
        action: SimAction,
        queries: &mpsc::Sender<Query>,
    ) -> Result<ctl::SimSnapshot, ErrorReport> {
        let place = self.place(port)?;
        if let SimAction::Wait { until, timeout_ms } = action {
            return self.wait(port, place, &until, timeout_ms, queries).await;
        }
        if let Some(action) = self.native(place, action).await? {
            self.request(SimRequest::port(place, action)).await?;
        }
        self.snapshot(port, place).await
    }

    fn place(&self, port: u16) -> Result<usize, ErrorReport> {
        let at = usize::from(port)
            .checked_sub(1)
            .and_then(|i| self.places.get(i));
        match (at, &self.world) {
            (None, _) => Err(report(
                ErrorCode::UnknownPort,
                format!(
                    "the gateway has no port {port}; it has {}",
                    self.places.len()
                ),
                "see `tipring port list`",
            )),
            (Some(Some(place)), Some(_)) => Ok(*place),
            _ => Err(report(
                ErrorCode::NotSimulated,
                format!("port {port} is not on a simulated card"),
                "sim commands need [card] driver = \"sim\" and an enabled port",
            )),
        }
    }

    /// The card's own word for an action; `None` when there is nothing to do.
    async fn native(
        &self,
        place: usize,
        action: SimAction,
    ) -> Result<Option<sim::SimAction>, ErrorReport> {
        use tipring_hal::sim::SimAction as Native;
        Ok(Some(match action {
            SimAction::Show | SimAction::Wait { .. } => return Ok(None),
            SimAction::Lift => Native::Lift,
            SimAction::Hang => Native::HangUp,
            SimAction::Flash { ms } => Native::Flash { open_ms: ms },
            SimAction::Dial {
                digits,
                pulse,
                on_ms,
                off_ms,
            } => Native::Dial {
                digits,
                how: dialling(pulse, on_ms, off_ms),
            },
            SimAction::AutoAnswer { after_bursts } => Native::AutoAnswer { after_bursts },
            SimAction::Play { wav, looped } => Native::Play {
                audio: Audio::Wav(wav),
                repeat: looped,
            },
            SimAction::Tone { hz, dbm0, ms } => {
                let at = |i: usize| hz.get(i).copied().unwrap_or(0.0);
                Native::Play {
                    audio: Audio::Tone {
                        hz: [at(0), at(1)],
                        dbm0,
                        ms,
                    },
                    repeat: false,
                }
            }
            SimAction::Stop => Native::StopPlaying,
            SimAction::Record { wav } => Native::StartRecording { wav: Some(wav) },
            SimAction::RecordStop => Native::StopRecording,
            SimAction::FaxSend { tiff, number, ecm } => {
                let mut fax = SendFax::new(tiff, number);
                fax.machine = machine(ecm);
                fax.wait = DialWait::DialTone(Duration::from_secs(15));
                Native::SendFax(fax)
            }
            SimAction::FaxReceive { tiff, ecm } => {
                let mut fax = ReceiveFax::new(tiff);
                fax.machine = machine(ecm);
                Native::ReceiveFax(fax)
            }
            SimAction::FaxCancel => Native::CancelFax,
            SimAction::Forget => Native::ForgetHeard,
            SimAction::Hybrid {
                loss_db,
                delay_ms,
                noise_dbm0,
            } => {
                let mut hybrid = self.native_snapshot(place).await?.hybrid;
                if let Some(db) = loss_db {
                    hybrid.trans_hybrid_loss_db = db as f32;
                }
                if let Some(ms) = delay_ms {
                    hybrid.echo_delay_us = (ms.clamp(0.0, 100.0) * 1000.0) as u32;
                }
                if let Some(db) = noise_dbm0 {
                    hybrid.noise_dbm0 = Some(db as f32);
                }
                Native::SetHybrid(hybrid)
            }
            SimAction::Fault { fault } => Native::Break(match fault {
                SimFault::Clear => None,
                SimFault::Alarm => Some(PortFault::Alarm),
                SimFault::Removed => Some(PortFault::Removed),
                SimFault::PowerAlarm => Some(PortFault::PowerAlarm),
            }),
        }))
    }

    async fn wait(
        &self,
        port: u16,
        place: usize,
        until: &SimCondition,
        timeout_ms: u64,
        queries: &mpsc::Sender<Query>,
    ) -> Result<ctl::SimSnapshot, ErrorReport> {
        let end = Instant::now() + Duration::from_millis(timeout_ms);
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
                    format!("port {port}: waited {timeout_ms} ms in vain for {until:?}"),
                    "see `tipring sim show` and `tipring port show` for what happened instead",
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
        let at_rest = matches!(now.set, SetState::OnHook) && !now.card.ringing;
        Ok(match until {
            SimCondition::Ringing => {
                matches!(now.set, SetState::Ringing) && now.bursts > 0 || now.card.ring_voltage
            }
            SimCondition::NotRinging => !matches!(now.set, SetState::Ringing) && !now.card.ringing,
            SimCondition::Idle => {
                at_rest && self.detail(port, queries).await?.0.summary.state == PortState::Idle
            }
            SimCondition::Connected => self.detail(port, queries).await?.1,
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
            SimCondition::LoopOpened => now.open_loops > 0,
            SimCondition::PlayDone => !now.talking,
            SimCondition::DialDone => now.dialling.is_empty(),
            SimCondition::FaxDone => {
                // A machine that ended between two looks has left its report.
                now.fax.is_none() && (now.last_fax.is_some() || begin.fax.is_some())
            }
            SimCondition::Registered => {
                self.detail(port, queries).await?.0.registration.state
                    == RegistrationState::Registered
            }
        })
    }

    /// The port as control sees it, and whether its call is connected with media both ways.
    async fn detail(
        &self,
        port: u16,
        queries: &mpsc::Sender<Query>,
    ) -> Result<(ctl::PortDetail, bool), ErrorReport> {
        match ask(queries, Request::PortShow { port }).await {
            Response::Port(detail) => {
                let talks = detail.summary.call == Some(ctl::CallState::Connected)
                    && detail
                        .media
                        .iter()
                        .any(|leg| leg.remote.is_some() && leg.rtp.sent_packets > 0);
                Ok((detail, talks))
            }
            Response::Error(e) => Err(e),
            _ => Err(report(
                ErrorCode::Internal,
                "the daemon gave an odd answer to itself".into(),
                "report this as a bug",
            )),
        }
    }

    async fn snapshot(&self, port: u16, place: usize) -> Result<ctl::SimSnapshot, ErrorReport> {
        self.native_snapshot(place).await.map(|s| shown(port, s))
    }

    async fn native_snapshot(&self, place: usize) -> Result<sim::SimSnapshot, ErrorReport> {
        match self
            .request(SimRequest::Snapshot { port: Some(place) })
            .await?
        {
            SimReply::Snapshot(mut all) if !all.is_empty() => Ok(all.swap_remove(0)),
            _ => Err(report(
                ErrorCode::Internal,
                "the simulated card gave an odd answer".into(),
                "report this as a bug",
            )),
        }
    }

    /// The card answers between two of its blocks, so the question waits on a thread of its own.
    async fn request(&self, request: SimRequest) -> Result<SimReply, ErrorReport> {
        let Some(world) = self.world.clone() else {
            return Err(refused(&SimError::Stopped));
        };
        match tokio::task::spawn_blocking(move || world.request(request)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(e)) => Err(refused(&e)),
            Err(_) => Err(refused(&SimError::Stopped)),
        }
    }
}

fn dialling(pulse: bool, on_ms: Option<u16>, off_ms: Option<u16>) -> Option<Dialling> {
    let pattern = match (pulse, on_ms, off_ms) {
        (false, None, None) => return None,
        (false, ..) => Dialling::TONE,
        (true, ..) => Dialling::PULSE,
    };
    Some(match pattern {
        Dialling::Tone {
            on_ms: on,
            off_ms: off,
            low_dbm0,
            twist_db,
        } => Dialling::Tone {
            on_ms: on_ms.unwrap_or(on),
            off_ms: off_ms.unwrap_or(off),
            low_dbm0,
            twist_db,
        },
        Dialling::Pulse {
            break_ms,
            make_ms,
            interdigit_ms,
        } => Dialling::Pulse {
            break_ms: on_ms.unwrap_or(break_ms),
            make_ms: off_ms.unwrap_or(make_ms),
            interdigit_ms,
        },
    })
}

fn machine(ecm: bool) -> FaxMachine {
    FaxMachine {
        ecm,
        ..FaxMachine::default()
    }
}

fn report(code: ErrorCode, message: String, cure: &str) -> ErrorReport {
    ErrorReport {
        code,
        message,
        cure: Some(cure.to_owned()),
    }
}

fn refused(error: &SimError) -> ErrorReport {
    let code = match error {
        SimError::NoSuchPort { .. } => ErrorCode::UnknownPort,
        SimError::File { .. } => ErrorCode::File,
        SimError::WrongState { .. } | SimError::BadValue { .. } => ErrorCode::Refused,
        SimError::Engine { .. } | SimError::Stopped => ErrorCode::Internal,
    };
    ErrorReport {
        code,
        message: error.to_string(),
        cure: None,
    }
}

/// The card's snapshot in the words of the control socket.
fn shown(port: u16, s: sim::SimSnapshot) -> ctl::SimSnapshot {
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
        dialling: s.dialling,
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
        fault: s.card.fault.map(|f| super::words::fault(f).to_owned()),
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
        FaxPhase::Dialling => "dialling".into(),
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
