//! What is counted of the hook.

use tipring_ctl::report::HookState;
use tipring_tests::gateway::Gateway;

use crate::place::{Place, SOON, number_of, until};

/// Waits until `tipring port show 1` has this number of off-hooks, flashes and pulse digits.
fn until_counted(gateway: &Gateway, wanted: [u64; 3]) {
    until(SOON, || {
        let line = gateway.port(1)?.line;
        match [line.off_hooks, line.flashes, line.pulse_digits] {
            now if now == wanted => Ok(()),
            now => Err(format!("off-hooks, flashes, pulse digits: {now:?}")),
        }
    });
}

pub(crate) fn pulses_and_flashes_are_no_off_hooks() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let gateway = place.gateway(2, "");
    let number = number_of(&gateway, 2);
    let mut phone = gateway.set(1).unwrap();
    phone.lift().unwrap();
    phone.hears_dial_tone().unwrap();
    phone.dial_pulse(&number[..2]).unwrap();
    until_counted(&gateway, [1, 0, 2]);
    phone.flash(600).unwrap();
    until_counted(&gateway, [1, 1, 2]);
    phone.finish().unwrap();
    until(SOON, || match gateway.port(1)?.summary.hook {
        HookState::OnHook => Ok(()),
        other => Err(format!("{other:?}")),
    });
    phone.lift().unwrap();
    until_counted(&gateway, [2, 1, 2]);
}
