//! The flows, each on ports of its own.

mod audio;
mod digits;
mod fax;
mod features;
mod hylafax;
mod incoming;
mod line;
mod outcomes;
mod restart;
mod t38;

use crate::figures::{Failure, Figures};
use crate::stage::Stage;

/// A flow's name and body.
pub(crate) type Flow = (&'static str, fn(&Stage) -> Result<Figures, Failure>);

/// Flows that disturb nobody.
pub(crate) const SIDE_BY_SIDE: &[Flow] = &[
    ("registration", registration),
    ("audio", audio::port_to_port),
    ("sip", audio::sip_peer),
    ("h323", audio::h323_peer),
    ("hang-up", audio::hang_up),
    ("digits", digits::dtmf),
    ("pulse", digits::pulse),
    ("caller-id", incoming::caller_id),
    ("withheld", incoming::withheld),
    ("outcomes", outcomes::failures),
    ("no-answer", outcomes::no_answer),
    ("no-digit", outcomes::no_digit),
    ("mwi", features::message_waiting),
    ("fax-out", fax::to_server),
    ("fax-in", fax::from_server),
];

/// Flows of a fax to and from fax machines that are not ours: minutes long, the same whatever the version, so they are in
/// one round only, and beside the others there.
pub(crate) const IN_ONE_ROUND: &[Flow] = &[
    ("t38-out", t38::to_server),
    ("t38-in", t38::from_server),
    ("t38-out-loss", t38::to_server_lossy),
    ("t38-in-loss", t38::from_server_lossy),
    ("hylafax", hylafax::both_ways),
];

/// Flows that transfer calls (chan_skinny has races of its own there and now and then crashes under load), the one with
/// chan_mgcp, which leaves other calls of the call manager hanging now and then, and flows that stop the call manager or a
/// device; in order.
pub(crate) const ONE_BY_ONE: &[Flow] = &[
    ("mgcp", line::mgcp_peer),
    ("call-waiting", features::call_waiting),
    ("hold", features::hold_and_resume),
    ("transfer", features::transfer),
    ("reset", restart::reset_and_restart),
    ("server-idle", restart::server_out_of_a_call),
    ("server-call", restart::server_in_a_call),
];

fn registration(stage: &Stage) -> Result<Figures, Failure> {
    let shown = stage.peer.rx("skinny show devices")?;
    let prefix = stage.device(0).trim_end_matches('0').to_owned();
    let there = shown
        .lines()
        .filter(|l| l.starts_with(&prefix) && l.split_whitespace().any(|w| w == "Y"))
        .count();
    let text = format!(
        "{there} ports registered by the server's count, in {:.1} s; trans-hybrid loss {} dB",
        stage.registered_after().as_secs_f64(),
        stage.hybrid_loss_db()
    );
    if there == usize::from(crate::stage::PORTS) {
        Ok(Figures::say(text))
    } else {
        Err(format!("{text}\n{shown}").into())
    }
}
