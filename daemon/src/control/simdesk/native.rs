//! Control-socket actions in the words of the simulated card.

use std::time::Duration;

use tipring_ctl::request::{ErrorReport, SimAction, SimFault};
use tipring_hal::port::LineFault;
use tipring_hal::sim::{self, Audio, DialWait, Dialing, FaxMachine, ReceiveFax, SendFax};

use super::SimDesk;

impl SimDesk {
    /// The card's own name of an action; `None` when there is nothing to do.
    pub(super) async fn native(
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
                how: dialing(pulse, on_ms, off_ms),
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
                fax.machine = terminal(ecm);
                fax.wait = DialWait::DialTone(Duration::from_secs(15));
                Native::SendFax(fax)
            }
            SimAction::FaxReceive { tiff, ecm } => {
                let mut fax = ReceiveFax::new(tiff);
                fax.machine = terminal(ecm);
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
                SimFault::Alarm => Some(LineFault::Alarm),
                SimFault::Removed => Some(LineFault::Removed),
                SimFault::PowerAlarm => Some(LineFault::PowerAlarm),
            }),
        }))
    }
}

fn dialing(pulse: bool, on_ms: Option<u16>, off_ms: Option<u16>) -> Option<Dialing> {
    let pattern = match (pulse, on_ms, off_ms) {
        (false, None, None) => return None,
        (false, ..) => Dialing::TONE,
        (true, ..) => Dialing::PULSE,
    };
    Some(match pattern {
        Dialing::Tone {
            on_ms: on,
            off_ms: off,
            low_dbm0,
            twist_db,
        } => Dialing::Tone {
            on_ms: on_ms.unwrap_or(on),
            off_ms: off_ms.unwrap_or(off),
            low_dbm0,
            twist_db,
        },
        Dialing::Pulse {
            break_ms,
            make_ms,
            interdigit_ms,
        } => Dialing::Pulse {
            break_ms: on_ms.unwrap_or(break_ms),
            make_ms: off_ms.unwrap_or(make_ms),
            interdigit_ms,
        },
    })
}

fn terminal(ecm: bool) -> FaxMachine {
    FaxMachine {
        ecm,
        ..FaxMachine::default()
    }
}
