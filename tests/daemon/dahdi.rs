//! `[card] driver = "dahdi"` where there is no DAHDI: what a technician finds before the card's driver is there.
//!
//! On a machine that has DAHDI the channels asked for are ones that no machine has.

use std::path::Path;

use tipring_ctl::report::{HookState, PortState, RegistrationState};

use crate::place::{Place, SOON, until};

/// The cause, as it is on this machine.
fn cause(text: &str) -> bool {
    if Path::new("/dev/dahdi").exists() {
        text.contains("does not exist") || text.contains("no permission")
    } else {
        text == "DAHDI is not loaded: there is no /dev/dahdi"
    }
}

fn config(place: &Place, more: &str) -> String {
    // Nobody listens there; no port comes so far.
    let server = place.sccp();
    format!(
        "[card]\ndriver = \"dahdi\"\n[callmanager]\nservers = [\"{server}\"]\n{more}\
         [[port]]\nchannel = 1023\nnumber = 1\n[[port]]\nchannel = 1024\nnumber = 2\n\
         [[port]]\nchannel = 1022\nnumber = 3\nenabled = false\n"
    )
}

pub(crate) fn without_dahdi_the_daemon_starts_says_what_is_missing_and_goes_on_trying() {
    let place = Place::new();
    let gateway = place.launch(&config(&place, "")).start().unwrap();
    let tried = |n: u64| {
        until(SOON, || {
            let card = gateway.port(2).unwrap().card;
            (card.open_failures >= n)
                .then_some(())
                .ok_or(format!("{card:?}"))
        });
    };
    tried(1);
    let status = gateway.status().unwrap();
    assert_eq!(
        (
            status.card.driver.as_str(),
            status.card.open_ports,
            status.card.closed_ports
        ),
        ("dahdi", 0, 2)
    );
    assert_eq!(status.port_counts.in_trouble, 2);
    for port in status.ports.iter().filter(|p| p.enabled) {
        assert_eq!(
            (port.hook, port.state),
            (HookState::Unknown, PortState::Fault)
        );
        assert_eq!(port.registration, RegistrationState::Stopped);
        let finding = &port.findings[0];
        assert!(cause(&finding.what()), "{finding:?}");
        assert!(!finding.cure.is_empty(), "{finding:?}");
    }
    assert!(status.ports[2].findings.is_empty(), "it is switched off");
    let detail = gateway.port(1).unwrap();
    assert!(
        !detail.card.open && detail.capabilities.is_empty(),
        "{detail:?}"
    );
    assert_eq!(detail.card.opened, 0);
    // It tries again, and reports nothing new.
    tried(3);
    let log = gateway.log();
    assert_eq!(log.matches("a line cannot be opened").count(), 2, "{log}");
    let text = gateway.tipring(&["status"]).unwrap();
    assert!(text.contains("0 with an open channel, 2 without"), "{text}");
    assert!(text.contains("cure: "), "{text}");
    gateway.stop().unwrap();
}

pub(crate) fn a_block_that_dahdi_does_not_take_is_refused_with_the_reason() {
    let place = Place::new();
    let config = config(&place, "[line-thread]\nblock-ms = 1\n");
    let mut gateway = place.launch(&config).spawn().unwrap();
    let status = gateway.ended(SOON).unwrap();
    assert_eq!(status.code(), Some(78));
    let log = gateway.log();
    assert!(
        log.contains("is too short for DAHDI") && log.contains("make block-ms 2 or more"),
        "{log}"
    );
}
