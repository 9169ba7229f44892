//! Fax and modem tones: from the onset to the report at several levels, with libspandsp's receivers beside ours, and
//! false alarms in an hour of talk.
//!
//! `cargo bench -p tipring-dsp --bench tones` prints both tables; `-- times` the first alone. The same with every run.
#![forbid(unsafe_code)]

#[path = "../g168/models.rs"]
#[allow(dead_code, reason = "the G.168 bench uses the rest")]
mod models;
#[path = "../g168/signals.rs"]
#[allow(dead_code, reason = "the G.168 bench uses the rest")]
mod signals;
#[path = "../g168/speech.rs"]
#[allow(dead_code, reason = "the G.168 bench uses the rest")]
mod speech;
mod talk;

use std::f64::consts::TAU;

use signals::{pcm, white};
use tipring_dsp::level::sine_peak;
use tipring_dsp::{
    Chain, ChainCommand, ChainConfig, ChainEvent, DataTone, EchoState, Law, LineEchoCanceller, Side,
};
use tipring_spandsp::{ToneDetector, ToneEvent, ToneListener};

/// Silence before a tone, samples: no whole block.
const BEFORE: usize = 4033;
const LEVELS: [f64; 4] = [0.0, -12.0, -30.0, -40.0];

fn main() {
    times();
    if !std::env::args().any(|a| a == "times") {
        alarms();
    }
}

/// Name, what is to be reported (none: the canceller steps aside), wave, samples, libspandsp's receiver, floor and goal.
type Case = (
    &'static str,
    Option<DataTone>,
    Wave,
    usize,
    ToneListener,
    [f64; 2],
);

/// A tone at a level: sample after its onset to value.
type Wave = Box<dyn Fn(usize) -> f64>;

fn sine(hz: f64, modulated: bool, reversals: bool) -> Wave {
    Box::new(move |i| {
        let t = i as f64 / 8000.0;
        let swing = if modulated {
            1.0 + 0.2 * (TAU * 15.0 * t).sin()
        } else {
            1.0
        };
        let turned = reversals && (i / 3600) % 2 == 1;
        swing * (TAU * hz * t).sin() * if turned { -1.0 } else { 1.0 }
    })
}

/// HDLC flags at 300 bit/s on channel 2 of V.21.
fn flags() -> Wave {
    let mut phase = 0.0;
    let values: Vec<f64> = (0..16_000)
        .map(|i| {
            let bit = i * 300 / 8000 % 8;
            phase += if bit == 0 || bit == 7 { 1850.0 } else { 1650.0 } / 8000.0;
            (TAU * phase).sin()
        })
        .collect();
    Box::new(move |i| values.get(i).copied().unwrap_or(0.0))
}

fn signal(wave: &Wave, dbm0: f64, samples: usize, noise: Option<f64>) -> Vec<i16> {
    let mut signal = vec![0.0; BEFORE];
    signal.extend((0..samples).map(|i| sine_peak(dbm0) * wave(i)));
    if let Some(snr) = noise {
        for (x, noise) in signal
            .iter_mut()
            .zip(white(BEFORE + samples, dbm0 - snr, 7))
        {
            *x += noise;
        }
    }
    pcm(&signal)
}

/// Seconds from the onset to the report of a tone on one side of a chain, or to the canceller's stepping aside.
fn ours(signal: &[i16], side: Side, wanted: Option<DataTone>) -> Option<f64> {
    let canceller = LineEchoCanceller::new(Default::default());
    let mut config = ChainConfig::new(Law::Mu, 80);
    config.echo_delay_samples = 160;
    let mut chain =
        Chain::with_echo_canceller(&config, Box::new(canceller)).expect("memory for one chain");
    chain.command(ChainCommand::OffHook(true));
    let (mut up, mut down) = ([0i16; 80], [0u8; 80]);
    for (n, block) in signal.as_chunks::<80>().0.iter().enumerate() {
        let mut bytes = [Law::Mu.silence(); 80];
        let mut network = [0i16; 80];
        match side {
            Side::Line => _ = Law::Mu.encode_block(block, &mut bytes),
            Side::Network => network.copy_from_slice(block),
        }
        chain.uplink(&bytes, &mut up);
        chain.downlink(&network, &mut down);
        let mut found = wanted.is_none() && chain.meters().echo.state == EchoState::Disabled;
        while let Some(event) = chain.next_event() {
            found |= matches!(event, ChainEvent::DataTone { tone, from, .. } if Some(tone) == wanted && from == side);
        }
        if found {
            return Some(((n + 1) * 80) as f64 / 8000.0 - BEFORE as f64 / 8000.0);
        }
    }
    None
}

fn theirs(signal: &[i16], listener: ToneListener) -> Option<f64> {
    let mut detector = ToneDetector::new(listener).ok()?;
    let mut last = None;
    for (n, block) in signal.as_chunks::<80>().0.iter().enumerate() {
        if let Some(ToneEvent::On { .. }) = detector.process(block) {
            // A later one corrects an earlier one.
            last = Some(((n + 1) * 80) as f64 / 8000.0 - BEFORE as f64 / 8000.0);
        }
    }
    last
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| "never".to_owned(), |s| format!("{s:.2}"))
}

fn times() {
    println!(
        "\nFax and modem tones, s from onset to report (worst of both sides; libspandsp 0.0.6 beside)"
    );
    print!("  {:<38}", "");
    for dbm0 in LEVELS {
        print!(" {:>8}", format!("{dbm0} dBm0"));
    }
    println!(
        " {:>9} {:>9} {:>8} {:>8}",
        "SNR 15 dB", "libspandsp", "floor", "goal"
    );
    let answer = ToneListener::AnswerTone;
    let cases: Vec<Case> = vec![
        (
            "CNG 1100 Hz, 0.5 s",
            Some(DataTone::Cng),
            sine(1100.0, false, false),
            4000,
            ToneListener::Cng,
            [0.5, 0.4],
        ),
        (
            "CNG 1062 Hz, 0.425 s",
            Some(DataTone::Cng),
            sine(1062.0, false, false),
            3400,
            ToneListener::Cng,
            [0.5, 0.4],
        ),
        (
            "CNG 1138 Hz, 0.425 s",
            Some(DataTone::Cng),
            sine(1138.0, false, false),
            3400,
            ToneListener::Cng,
            [0.5, 0.4],
        ),
        (
            "CED 2100 Hz",
            Some(DataTone::Ced),
            sine(2100.0, false, false),
            24_000,
            answer,
            [0.6, 0.55],
        ),
        (
            "CED 2079 Hz",
            Some(DataTone::Ced),
            sine(2079.0, false, false),
            24_000,
            answer,
            [0.6, 0.55],
        ),
        (
            "CED 2121 Hz",
            Some(DataTone::Ced),
            sine(2121.0, false, false),
            24_000,
            answer,
            [0.6, 0.55],
        ),
        (
            "ANSam",
            Some(DataTone::AnsAm),
            sine(2100.0, true, false),
            24_000,
            answer,
            [0.6, 0.55],
        ),
        (
            "ANS with phase reversals",
            Some(DataTone::AnsPr),
            sine(2100.0, false, true),
            24_000,
            answer,
            [1.0, 0.9],
        ),
        (
            "ANSam with phase reversals",
            Some(DataTone::AnsAmPr),
            sine(2100.0, true, true),
            24_000,
            answer,
            [1.0, 0.9],
        ),
        (
            "the same -> echo canceller off",
            None,
            sine(2100.0, true, true),
            24_000,
            answer,
            [1.0, 0.9],
        ),
        (
            "V.21 flags",
            Some(DataTone::V21Preamble),
            flags(),
            8000,
            ToneListener::V21Preamble,
            [0.4, 0.2],
        ),
    ];
    for (name, tone, wave, samples, listener, [floor, goal]) in cases {
        let worst = |signal: &[i16]| {
            let sides = [Side::Line, Side::Network].map(|side| ours(signal, side, tone));
            sides[0].and_then(|a| sides[1].map(|b| a.max(b)))
        };
        print!("  {name:<38}");
        let mut met = true;
        for dbm0 in LEVELS {
            let delay = worst(&signal(&wave, dbm0, samples, None));
            // The canceller does not step aside for a tone below -38 dBm0.
            let due = tone.is_some() || dbm0 > -38.0;
            met &= !due || delay.is_some_and(|s| s <= floor);
            print!(" {:>8}", if due { seconds(delay) } else { "-".to_owned() });
        }
        let noisy = worst(&signal(&wave, -20.0, samples, Some(15.0)));
        met &= noisy.is_some_and(|s| s <= floor);
        let other = theirs(&signal(&wave, -12.0, samples, None), listener);
        println!(
            " {:>9} {:>9} {:>8} {:>8}{}",
            seconds(noisy),
            seconds(other),
            format!("<= {floor:.2}"),
            format!("<= {goal:.2}"),
            if met { "" } else { "  MISSED" }
        );
    }
}

/// One level of talk, and what became of it.
struct Talk {
    dbm0: f64,
    chain: Chain,
    alarms: usize,
    squelched_ms: usize,
}

impl Talk {
    fn new(dbm0: f64) -> Talk {
        let mut config = ChainConfig::new(Law::Mu, 80);
        config.v8_squelch = true;
        config.mute_detected_digits = false;
        config.detect_dtmf = false;
        let mut chain = Chain::new(&config).expect("memory for one chain");
        chain.command(ChainCommand::OffHook(true));
        Talk {
            dbm0,
            chain,
            alarms: 0,
            squelched_ms: 0,
        }
    }

    fn hear(&mut self, piece: &[f64]) {
        let gain = 10f64.powf(self.dbm0 / 20.0);
        let piece: Vec<f64> = piece.iter().map(|x| x * gain).collect();
        let (mut up, mut down) = ([0i16; 80], [0u8; 80]);
        for block in pcm(&piece).as_chunks::<80>().0 {
            let mut bytes = [0u8; 80];
            Law::Mu.encode_block(block, &mut bytes);
            self.chain.uplink(&bytes, &mut up);
            self.chain.downlink(block, &mut down);
            let mut said = [0i16; 80];
            Law::Mu.decode_block(&bytes, &mut said);
            self.squelched_ms += if up == said { 0 } else { 10 };
            while let Some(event) = self.chain.next_event() {
                self.alarms += usize::from(matches!(event, ChainEvent::DataTone { .. }));
            }
        }
    }
}

fn alarms() {
    println!("\nFalse alarms in an hour of talk (nine languages, espeak-ng), both sides listening");
    println!(
        "  {:<12} {:>8} {:>8} {:>16} {:>6}",
        "level", "minutes", "alarms", "V.8 squelch, ms", "floor"
    );
    let mut talks = [-12.0, -22.0, -32.0].map(Talk::new);
    let seconds = match talk::hour(|piece| talks.iter_mut().for_each(|t| t.hear(piece))) {
        Ok(seconds) => seconds,
        Err(why) => return println!("  SKIPPED: {why}"),
    };
    for Talk {
        dbm0,
        alarms,
        squelched_ms,
        ..
    } in talks
    {
        println!(
            "  {:<12} {:>8.1} {alarms:>8} {squelched_ms:>16} {:>6}{}",
            format!("{dbm0} dBm0"),
            seconds / 60.0,
            "0",
            if alarms > 0 { "  MISSED" } else { "" }
        );
    }
}
