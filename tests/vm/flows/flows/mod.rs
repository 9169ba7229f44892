//! The flows, in the order in which they run.

mod calls;
mod dialing;
mod display;
mod fax;
mod line;
mod load;
mod trouble;
mod trunk;

use crate::stage::Stage;

/// A flow's name and body.
pub(crate) type Flow = (&'static str, fn(&Stage) -> Result<String, String>);

/// All of them.
pub(crate) const ALL: &[Flow] = &[
    ("bare-line", line::bare),
    ("registration", calls::registration),
    ("dial-tone", calls::again),
    ("ringing", calls::ringing),
    ("voice", calls::voice),
    ("samples", calls::samples),
    ("dtmf", dialing::dtmf),
    ("pulse", dialing::pulse),
    ("flash", dialing::flash),
    ("caller-id", display::caller_id),
    ("lamp", display::message_waiting),
    ("fax-out", fax::to_server),
    ("fax-in", fax::from_server),
    ("all-ports", load::ours),
    ("chan-dahdi", load::compared),
    ("busy", trouble::busy),
    ("no-cards", trouble::no_cards),
    ("alarm", trouble::alarm_in_a_call),
    ("power-alarm", trouble::power_alarm),
    ("pulled", trouble::pulled),
    ("unloaded", trouble::unloaded),
    ("killed", trouble::killed),
    ("no-channel", trouble::no_such_channel),
    ("isdn-out", trunk::out),
    ("isdn-in", trunk::into),
    ("loopback", calls::loopback),
    ("signalling", trouble::signalling),
];

/// The Debian packages that this flow needs and the guest lacks.
pub(crate) fn missing_packages(stage: &Stage, flow: &str) -> Option<String> {
    let wants_chan_dahdi = ["chan-dahdi", "isdn-out", "isdn-in"].contains(&flow);
    let missing = || stage.missing_packages().join(" ");
    wants_chan_dahdi.then(missing).filter(|m| !m.is_empty())
}
