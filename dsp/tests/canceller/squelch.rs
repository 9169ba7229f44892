//! V.8 through two ports: Super G3 faxes agree on V.34 unless a port squelches it, and then go on as G3.

use std::collections::VecDeque;

use tipring_dsp::{
    CancellerConfig, Chain, ChainCommand, ChainConfig, ChainEvent, DataTone, Law, LineEchoCanceller,
};
use tipring_spandsp::{
    ConnectTone, FaxSettings, FaxTerminal, ModemConnectToneTx, V8Modem, V8Outcome,
};

use crate::fax_rig::page;
use crate::models::MODELS;
use crate::rig::{Echo, hybrid};

/// Blocks in transit from port to port.
const WAY: usize = 10;

/// A port with a bad hybrid; what the network holds for it.
struct Port {
    chain: Chain,
    echo: Echo,
    coming: VecDeque<i16>,
    tones: Vec<DataTone>,
    block: usize,
}

impl Port {
    fn new(squelch: bool, model: usize, block: usize) -> Port {
        let mut config = ChainConfig::new(Law::Mu, block);
        config.mute_detected_digits = false;
        config.v8_squelch = squelch;
        let canceller = LineEchoCanceller::new(CancellerConfig {
            nlp: false,
            takes_turns: true,
            ..CancellerConfig::default()
        });
        let mut chain = Chain::with_echo_canceller(&config, Box::new(canceller)).unwrap();
        chain.command(ChainCommand::OffHook(true));
        Port {
            chain,
            echo: Echo::new(hybrid(&MODELS[model], 10.0, 8)),
            coming: VecDeque::from(vec![0; WAY * 80]),
            tones: vec![],
            block,
        }
    }

    /// The phone has sent `said`, and hears what is answered; what the network gets is added to `out`.
    fn block(&mut self, said: &[i16], out: &mut VecDeque<i16>) -> Vec<i16> {
        let mut heard = vec![];
        for said in said.chunks(self.block) {
            // What the line hears of this block was written before it says something.
            let voice: Vec<i16> = self.coming.drain(..said.len()).collect();
            let mut bytes = vec![0; said.len()];
            self.chain.downlink(&voice, &mut bytes);
            let mut sound = vec![0; said.len()];
            Law::Mu.decode_block(&bytes, &mut sound);
            let echo = self.echo.of(&sound);
            let line: Vec<i16> = said
                .iter()
                .zip(&echo)
                .map(|(said, echo)| (f32::from(*said) * 0.7 + echo) as i16)
                .collect();
            Law::Mu.encode_block(&line, &mut bytes);
            let mut up = vec![0; said.len()];
            self.chain.command(ChainCommand::EchoDelay {
                samples: said.len() as u16,
            });
            self.chain.uplink(&bytes, &mut up);
            out.extend(up);
            heard.extend(sound);
            while let Some(event) = self.chain.next_event() {
                if let ChainEvent::DataTone { tone, .. } = event {
                    self.tones.push(tone);
                }
            }
        }
        heard
    }
}

/// What both ends come to with these ports.
fn handshake(squelch: [bool; 2], block: usize) -> [V8Outcome; 2] {
    let (outcomes, _) = handshake_with(squelch, block);
    outcomes
}

/// The same, and all that the caller said.
fn handshake_with(squelch: [bool; 2], block: usize) -> ([V8Outcome; 2], Vec<i16>) {
    let mut caller = vec![];
    let mut modems = [true, false].map(|calls| V8Modem::new(calls).unwrap());
    let mut ports = [
        Port::new(squelch[0], 1, block),
        Port::new(squelch[1], 4, block),
    ];
    for _ in 0..1200 {
        for end in 0..2 {
            let mut said = [0i16; 80];
            modems[end].tx(&mut said);
            if end == 0 {
                caller.extend(said);
            }
            let mut out = VecDeque::new();
            let heard = ports[end].block(&said, &mut out);
            modems[end].rx(&heard);
            ports[1 - end].coming.extend(out);
        }
    }
    let tone = if squelch[1] {
        DataTone::Ced
    } else {
        DataTone::AnsAmPr
    };
    assert!(ports[0].tones.contains(&tone), "{:?}", ports[0].tones);
    (modems.map(|m| m.outcome()), caller)
}

#[test]
fn v8_completes_through_two_ports_and_does_not_when_either_squelches_it() {
    for block in [80, 40, 8] {
        let agreed = V8Outcome::Agreed { v34: true };
        assert_eq!(handshake([false; 2], block), [agreed; 2]);
        for squelch in [[true, false], [false, true], [true, true]] {
            let ends = handshake(squelch, block);
            let none = ends
                .iter()
                .all(|e| !matches!(e, V8Outcome::Agreed { .. } | V8Outcome::Offered));
            assert!(none, "{squelch:?}, blocks of {block}: {ends:?}");
        }
    }
}

/// What a line says, after a fax has answered or not, comes out of its port.
fn through(said: &[i16], fax: bool) -> Vec<i16> {
    let mut port = Port::new(true, 0, 80);
    let mut out = VecDeque::new();
    let mut answer = vec![0i16; 8000];
    if fax {
        let mut tone = ModemConnectToneTx::new(ConnectTone::Ans).unwrap();
        tone.process(&mut answer);
    }
    for block in answer.chunks(80).chain(said.chunks(80)) {
        port.coming.extend([0; 80]);
        port.block(block, &mut out);
    }
    out.drain(..8000);
    out.into()
}

#[test]
fn the_menu_of_a_caller_does_not_pass_once_a_fax_was_heard_and_a_calling_tone_does() {
    let (_, caller) = handshake_with([false; 2], 80);
    let loud = |samples: &[i16]| {
        let loud = |block: &&[i16]| crate::rig::level(block) > -30.0;
        samples.chunks(80).filter(loud).count()
    };
    let said = loud(&caller);
    assert!(said > 80, "{said} blocks of CI and CM");
    let before = loud(&through(&caller, false));
    assert!(before + 2 > said, "{before} of {said}");
    let after = loud(&through(&caller, true));
    // The first 60 ms of each: neither CI nor CM is so short.
    assert!(after < said / 3, "{after} of {said}");
    let mut calling = vec![0i16; 8000 * 4];
    let mut tone = ModemConnectToneTx::new(ConnectTone::Cng).unwrap();
    tone.process(&mut calling);
    assert_eq!(loud(&through(&calling, true)), loud(&calling));
}

#[test]
fn a_squelched_answer_tone_is_a_plain_one_of_the_same_level() {
    let mut tone = vec![0i16; 8000 * 4];
    ModemConnectToneTx::new(ConnectTone::AnsamPr)
        .unwrap()
        .process(&mut tone);
    let mut port = Port::new(true, 0, 80);
    let mut out = VecDeque::new();
    for block in tone.chunks(80) {
        port.coming.extend([0; 80]);
        port.block(block, &mut out);
    }
    let sent: Vec<i16> = out.into();
    let levels: Vec<f64> = sent[4000..24_000]
        .chunks(80)
        .map(crate::rig::level)
        .collect();
    let low = levels.iter().copied().fold(f64::MAX, f64::min);
    let high = levels.iter().copied().fold(f64::MIN, f64::max);
    let wanted = crate::rig::level(&tone[4000..24_000]) + 20.0 * 0.7f64.log10();
    assert!(high - low < 0.3, "{low:.2} to {high:.2} dBm0");
    assert!((low - wanted).abs() < 0.5, "{low:.2} for {wanted:.2} dBm0");
    let mut other = Chain::new(&ChainConfig::new(Law::Mu, 80)).unwrap();
    other.command(ChainCommand::OffHook(true));
    let mut bytes = [0; 80];
    let mut reported = vec![];
    for block in sent.chunks(80) {
        other.downlink(block, &mut bytes);
        while let Some(ChainEvent::DataTone { tone, .. }) = other.next_event() {
            reported.push(tone);
        }
    }
    assert_eq!(reported, [DataTone::Ced]);
}

#[test]
fn a_g3_page_passes_two_ports_that_squelch() {
    for ecm in [true, false] {
        let dir = std::env::temp_dir().join(format!("tipring-squelch-{}", std::process::id()));
        let page = page(&dir);
        let settings = |s: FaxSettings| FaxTerminal::new(&FaxSettings { ecm, ..s }).unwrap();
        let mut faxes = [
            settings(FaxSettings::sender(&page)),
            settings(FaxSettings::receiver(dir.join("got.tif"))),
        ];
        let mut ports = [Port::new(true, 1, 80), Port::new(true, 4, 80)];
        let mut passed = false;
        for _ in 0..180 * 100 {
            for end in 0..2 {
                let mut said = [0i16; 80];
                faxes[end].tx(&mut said);
                let mut out = VecDeque::new();
                let heard = ports[end].block(&said, &mut out);
                let quieter: Vec<i16> =
                    heard.iter().map(|x| (f32::from(*x) * 0.7) as i16).collect();
                faxes[end].rx(&quieter);
                ports[1 - end].coming.extend(out);
            }
            if let (Some(a), Some(b)) = (faxes[0].result(), faxes[1].result()) {
                passed = a.is_ok() && b.is_ok() && b.stats.pages_rx == 1;
                break;
            }
        }
        let _ = std::fs::remove_dir_all(&dir);
        assert!(
            passed,
            "ECM {ecm}: {:?} {:?}",
            ports[0].tones, ports[1].tones
        );
        // A key at a port for people makes its call voice again: nothing of a fax is one.
        assert!(ports.iter().all(|p| p.chain.meters().digits == 0));
    }
}
