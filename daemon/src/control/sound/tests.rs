use super::*;

#[test]
fn every_built_in_country_can_be_played_whole() {
    let countries = tipring_config::Countries::built_in();
    for code in countries.codes() {
        let country = countries.get(code).unwrap();
        let plan = Plan::new(country, country.caller_id).unwrap_or_else(|e| panic!("{e}"));
        for tone in [
            SccpTone::INSIDE_DIAL,
            SccpTone::BUSY,
            SccpTone::REORDER,
            SccpTone::HOWLER,
        ] {
            let program = plan.tone(tone).unwrap();
            assert_eq!(
                program.duration_ms(),
                None,
                "{code} {tone} must not end by itself"
            );
        }
        let waiting = plan.tone(SccpTone::CALL_WAITING).unwrap();
        assert!(
            waiting.duration_ms().is_some(),
            "{code}: call waiting is one burst"
        );
        assert!(plan.ring(RingMode::INSIDE).parts_ms[0] > 0);
    }
}

fn plan(country: &str) -> Plan {
    let countries = tipring_config::Countries::built_in();
    let country = countries.get(country).unwrap();
    Plan::new(country, country.caller_id).unwrap()
}

fn bytes(plan: &Plan, number: Presented, name: Presented) -> Vec<u8> {
    let caller = Caller { number, name };
    let sent = plan.caller_id(&caller, false, None).unwrap();
    sent.message.bytes().to_vec()
}

fn text(text: &str) -> Presented {
    Presented::Text(text.to_owned())
}

#[test]
fn a_name_that_caller_id_cannot_carry_does_not_cost_the_number() {
    let sent = bytes(&plan("us"), text("5551234"), text("M\u{fc}ller"));
    let same = bytes(&plan("us"), text("5551234"), text("Muller"));
    assert_eq!(sent, same);
    let long = bytes(&plan("us"), text("5551234"), text(&"x".repeat(80)));
    assert!(long.windows(7).any(|w| w == b"5551234"));
    assert!(long.windows(50).any(|w| w == [b'x'; 50]));
}

#[test]
fn a_number_that_caller_id_cannot_carry_does_not_cost_the_name() {
    for country in ["us", "de", "uk", "nz"] {
        let plan = plan(country);
        let cut = bytes(&plan, text(&"1".repeat(30)), text("Ada"));
        assert_eq!(cut, bytes(&plan, text(&"1".repeat(20)), text("Ada")));
        let none = bytes(&plan, text("alice@example.com"), text("Ada"));
        assert_eq!(none, bytes(&plan, Presented::Unknown, text("Ada")));
        let spaced = bytes(&plan, text("(555) 123-4567"), text("Ada"));
        assert_eq!(spaced, bytes(&plan, text("5551234567"), text("Ada")));
    }
}

#[test]
fn by_dtmf_a_number_is_its_digits_and_an_absent_one_the_code_of_the_network() {
    let sent = |country: &str, number| bytes(&plan(country), number, text("Ada"));
    assert_eq!(sent("se", text("+46 8-123 45 67")), b"A4681234567C");
    assert_eq!(sent("nl", text("+31201234567")), b"D31201234567C");
    assert_eq!(sent("se", Presented::Withheld), b"B10C");
    assert_eq!(sent("se", text("Anna")), b"B00C");
    for absent in [Presented::Withheld, Presented::Unknown, text("Anna")] {
        assert_eq!(sent("nl", absent), b"D0000000000C");
    }
}

#[test]
fn a_port_without_caller_id_sends_nothing() {
    let countries = tipring_config::Countries::built_in();
    let plan = Plan::new(countries.get("us").unwrap(), None).unwrap();
    let caller = Caller {
        number: text("1"),
        name: Presented::Unknown,
    };
    assert!(plan.caller_id(&caller, false, None).is_none());
    assert!(plan.message_lamp(true).is_none());
}

#[test]
fn the_lamp_message_follows_the_country() {
    let us = plan("us").message_lamp(true).unwrap();
    assert_eq!(us.alert, Alert::None);
    let uk = plan("uk");
    assert_eq!(uk.message_lamp(true).unwrap().alert, Alert::DtAs);
    let on = uk.message_lamp(true).unwrap().message.bytes().to_vec();
    let off = uk.message_lamp(false).unwrap().message.bytes().to_vec();
    assert_ne!(on, off);
}

#[test]
fn a_zip_is_short_also_where_confirmation_is_steady() {
    let countries = tipring_config::Countries::built_in();
    for code in countries.codes() {
        let zip = plan(code).tone(SccpTone::ZIP).unwrap();
        assert!(zip.duration_ms().is_some_and(|ms| ms <= 1000), "{code}");
    }
    let confirmation = plan("uk").tone(SccpTone::CONFIRMATION).unwrap();
    assert_eq!(confirmation.duration_ms(), None);
}

#[test]
fn a_port_may_be_spared_the_call_waiting_tone_only() {
    let plan = plan("us").without_call_waiting();
    assert_eq!(plan.tone(SccpTone::CALL_WAITING), None);
    assert!(plan.tone(SccpTone::BUSY).is_some());
}

#[test]
fn inside_outside_and_precedence_calls_ring_as_the_country_has_them() {
    for code in ["us", "uk", "de"] {
        let plan = plan(code);
        let precedence = plan.ring(RingMode::PRECEDENCE);
        assert_eq!(precedence.parts_ms[..3], [1640, 360, 0], "{code}");
        for mode in [RingMode::INSIDE, RingMode::OUTSIDE] {
            assert!(plan.ring(mode).parts_ms[0] > 0, "{code}");
            assert_ne!(plan.ring(mode), precedence, "{code}");
        }
    }
}

#[test]
fn an_unknown_ring_mode_rings_and_an_unknown_tone_is_silence() {
    let plan = plan("us");
    assert_eq!(plan.ring(RingMode(9999)), plan.ring(RingMode::INSIDE));
    assert_eq!(plan.tone(SccpTone(0xFFFF)), None);
}

#[test]
fn the_keys_have_their_two_frequencies() {
    let keys: HashMap<u32, (u16, u16)> = digits().map(|(k, l, h)| (k, (l, h))).collect();
    assert_eq!(keys.len(), 16);
    assert_eq!((keys[&1], keys[&5]), ((697, 1209), (770, 1336)));
    assert_eq!(
        (keys[&10], keys[&14], keys[&15]),
        ((941, 1336), (941, 1209), (941, 1477))
    );
    assert_eq!(keys[&19], (941, 1633));
}

#[test]
fn a_cadence_repeats_from_its_cycle() {
    let stutter =
        CountryTone::parse("!350+440/100, !0/100, !350+440/100, !0/100, 350+440", -13.0).unwrap();
    assert_eq!(program(&stutter).unwrap().duration_ms(), None);
    let busy = CountryTone::parse("480+620/500, 0/500", -13.0).unwrap();
    let again = ToneSegment::new(&[Tone::new(480, -130), Tone::new(620, -130)], 500, 500).unwrap();
    assert_eq!(
        program(&busy).unwrap(),
        ToneProgram::cadence(&[again], Some(0)).unwrap()
    );
}
