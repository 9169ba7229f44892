//! The figures, in the order of the table. Each is the worst of the eight line models of G.168.

use tipring_dsp::{EchoCanceller, Law};

use super::models::{MODELS, Model, NARROW_BAND};
use super::rig::{Echo, Line, changed, hybrid, level};
use super::signals::{css, css_double_talk, hoth, pcm, tones};
use super::speech::speakers;

const SECOND: usize = 8000;

/// Makes a canceller with this tail (ms), with or without its suppressor.
pub(crate) type Make<'a> = dyn FnMut(u16, bool) -> Box<dyn EchoCanceller> + 'a;

/// What is wanted of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// At most: floor, goal.
    Most(f64, f64),
    /// At least: floor, goal.
    Least(f64, f64),
    /// Nothing: shown for comparison.
    Shown,
}

/// A figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) wanted: Wanted,
    pub(crate) value: f64,
    /// The line model, where one is known to be the worst.
    pub(crate) model: &'static str,
}

fn figure(name: impl Into<String>, unit: &'static str, wanted: Wanted, value: f64) -> Figure {
    Figure {
        name: name.into(),
        unit,
        wanted,
        value,
        model: "",
    }
}

fn worst(wanted: Wanted, values: impl Iterator<Item = f64>) -> f64 {
    match wanted {
        Wanted::Most(..) => values.fold(f64::MIN, f64::max),
        Wanted::Least(..) | Wanted::Shown => values.fold(f64::MAX, f64::min),
    }
}

/// A figure of each model, the worst of them shown.
fn over_models(
    name: &str,
    unit: &'static str,
    wanted: Wanted,
    mut each: impl FnMut(usize, &Model) -> f64,
) -> Figure {
    let values: Vec<f64> = MODELS.iter().enumerate().map(|(n, m)| each(n, m)).collect();
    let value = worst(wanted, values.iter().copied());
    // Which of them it was.
    let which = values.iter().position(|v| *v == value).unwrap_or(0);
    Figure {
        model: MODELS[which].name,
        ..figure(name, unit, wanted, value)
    }
}

/// All figures but cost and fax.
pub(crate) fn all(make: &mut Make<'_>) -> Vec<Figure> {
    let mut out = vec![];
    convergence(make, &mut out);
    changes(make, &mut out);
    small_change(make, &mut out);
    narrow(make, &mut out);
    near_end(make, &mut out);
    long(make, &mut out);
    speech(make, &mut out);
    out
}

/// Test 2B of G.168: convergence on the composite source signal.
fn convergence(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    use Wanted::{Least, Most, Shown};
    let cases = [
        ("u-law, ERL 6", Law::Mu, 6.0, -10.0, 0, true),
        ("A-law, ERL 6", Law::A, 6.0, -10.0, 0, true),
        ("ERL 6, +10 ms", Law::Mu, 6.0, -10.0, 80, true),
        ("ERL 6, LRin -20", Law::Mu, 6.0, -20.0, 0, true),
        ("ERL 6, LRin -30", Law::Mu, 6.0, -30.0, 0, false),
        ("ERL 10", Law::Mu, 10.0, -10.0, 0, true),
        ("ERL 20", Law::Mu, 20.0, -10.0, 0, true),
    ];
    for (name, law, erl, far, delay, required) in cases {
        let runs: Vec<[f64; 3]> = MODELS
            .iter()
            .map(|model| {
                let mut canceller = make(64, false);
                let mut line = Line::new(&mut *canceller, law, hybrid(model, erl, delay));
                let run = line.play(&css(10 * SECOND, far), &[]);
                [
                    run.time_to(20.0, far),
                    run.loss(1.0, 1.35),
                    run.loss(9.65, 10.0),
                ]
            })
            .collect();
        let wanted = if required {
            [Most(0.3, 0.3), Least(34.0, 34.0), Least(39.0, 39.0)]
        } else {
            // The law's rounding of an echo of -36 dBm0 alone is nearly that loud.
            [Most(0.3, 0.3), Shown, Shown]
        };
        let what = ["time to 20 dB", "loss at 1 s", "loss at 10 s"];
        for (k, unit) in ["s", "dB", "dB"].into_iter().enumerate() {
            let value = worst(wanted[k], runs.iter().map(|r| r[k]));
            out.push(figure(
                format!("2B {}, {name}", what[k]),
                unit,
                wanted[k],
                value,
            ));
        }
    }
}

/// Another path; double talk (tests 3A and 3B); the room's noise (2C).
fn changes(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    let far = -10.0;
    out.push(over_models(
        "path change, time back to 20 dB",
        "s",
        Wanted::Most(1.0, 0.5),
        |n, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            (1..8usize)
                .map(|step| {
                    line.echo.path = hybrid(&MODELS[(n + step) % 8], 6.0, step * 13);
                    line.play(&css(3 * SECOND, far), &[]).time_to(20.0, far)
                })
                .skip(1)
                .fold(0.0, f64::max)
        },
    ));
    let mut snr = vec![];
    out.push(over_models(
        "3B loss after 5 s of double talk at 0 dB",
        "dB",
        Wanted::Least(36.0, 38.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            line.play(&css(5 * SECOND, far), &[]);
            let near = css_double_talk(5 * SECOND, far);
            let run = line.play(&css(5 * SECOND, far), &near);
            let harm: Vec<f64> = run
                .sout
                .iter()
                .zip(&near)
                .map(|(o, n)| f64::from(*o) - n)
                .collect();
            snr.push(level(&pcm(&near)) - level(&pcm(&harm)));
            line.play(&css(2800, far), &[]).loss(0.0, 0.35)
        },
    ));
    let wanted = Wanted::Least(26.0, 30.0);
    out.push(figure(
        "near speech to harm in it",
        "dB",
        wanted,
        worst(wanted, snr.into_iter()),
    ));
    out.push(over_models(
        "3A loss after double talk at -15 dB",
        "dB",
        Wanted::Least(36.0, 38.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            line.play(
                &css(2 * SECOND, far),
                &css_double_talk(2 * SECOND, far - 15.0),
            );
            line.play(&css(2800, far), &[]).loss(0.0, 0.35)
        },
    ));
    out.push(over_models(
        "2C left above a room of -45 dBm0",
        "dB",
        Wanted::Most(1.0, 1.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            let run = line.play(&css(6 * SECOND, far), &hoth(6 * SECOND, -45.0, 9));
            level(&run.sout[4 * SECOND..]) + 45.0
        },
    ));
}

/// A path that changes so little that it is no other path: the first filter has to follow.
fn small_change(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    for (by_db, after) in [(-20.0, 1.0), (-14.0, 3.0)] {
        out.push(over_models(
            &format!("path changes by {by_db} dB: loss after {after} s"),
            "dB",
            Wanted::Shown,
            |n, model| {
                let mut canceller = make(64, false);
                let path = hybrid(model, 6.0, 0);
                let other = hybrid(&MODELS[(n + 3) % 8], 6.0, 0);
                let mut line = Line::new(&mut *canceller, Law::Mu, path.clone());
                line.play(&css(20 * SECOND, -10.0), &[]);
                line.echo.path = changed(&path, &other, by_db);
                line.play(&css(4 * SECOND, -10.0), &[])
                    .loss(after - 0.35, after)
            },
        ));
    }
}

/// Tones: test 6 (G.168 6.4.2.7) and 7.
fn narrow(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    let far = -10.0;
    out.push(over_models(
        "6 loss after 40 s of narrow band",
        "dB",
        Wanted::Least(40.0, 40.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            line.play(&css(5 * SECOND, far), &[]);
            for [a, b] in NARROW_BAND {
                let both = [(f64::from(a), far - 3.0), (f64::from(b), far - 3.0)];
                line.play(
                    &tones(5 * SECOND, if b == 0 { &both[..1] } else { &both }),
                    &[],
                );
            }
            line.play(&css(2800, far), &[]).loss(0.0, 0.35)
        },
    ));
    let mut late = vec![];
    out.push(over_models(
        "7 loss on a tone from reset, 10 s",
        "dB",
        Wanted::Least(25.0, 40.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            let run = line.play(&tones(100 * SECOND, &[(1004.0, far)]), &[]);
            late.push(run.loss(99.0, 100.0));
            run.loss(9.0, 10.0)
        },
    ));
    let wanted = Wanted::Least(25.0, 38.0);
    let value = worst(wanted, late.into_iter());
    out.push(figure("7 the same, 100 s", "dB", wanted, value));
    // The law's rounding is all that this one leaves. A filter does better only by undoing the rounding of that very tone,
    // so that the goal of 40 is none where this is less (ARCHITECTURE.md, Echo).
    out.push(over_models(
        "7 the same, were the path itself the filter",
        "dB",
        Wanted::Shown,
        |_, model| {
            let path = hybrid(model, 6.0, 0);
            let mut canceller = Itself(Echo::new(path.clone()));
            let mut line = Line::new(&mut canceller, Law::Mu, path);
            line.play(&tones(10 * SECOND, &[(1004.0, far)]), &[])
                .loss(9.0, 10.0)
        },
    ));
}

/// A canceller that was given the path.
struct Itself(Echo);

impl EchoCanceller for Itself {
    fn process(&mut self, near: &mut [i16], reference: &[i16]) {
        for (near, echo) in near.iter_mut().zip(self.0.of(reference)) {
            *near = (f32::from(*near) - echo).round() as i16;
        }
    }
}

/// The suppressor.
fn near_end(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    let far = -10.0;
    out.push(over_models(
        "NLP: change of the near end in double talk",
        "dB",
        Wanted::Most(0.5, 0.5),
        |_, model| {
            let mut canceller = make(64, true);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            line.play(&css(3 * SECOND, far), &[]);
            let near = css_double_talk(5 * SECOND, far - 6.0);
            let run = line.play(&css(5 * SECOND, far), &near);
            (level(&run.sout) - level(&pcm(&near))).abs()
        },
    ));
    for room in [-45.0, -55.0, -65.0] {
        out.push(over_models(
            &format!("NLP: noise level off, room of {room} dBm0"),
            "dB",
            Wanted::Most(2.0, 2.0),
            |_, model| {
                let mut canceller = make(64, true);
                let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
                line.play(&css(4 * SECOND, far), &hoth(4 * SECOND, room, 5));
                let run = line.play(&css(4 * SECOND, far), &hoth(4 * SECOND, room, 6));
                (level(&run.sout) - room).abs()
            },
        ));
    }
}

/// Long pure delays, tail of 128 ms, ERL 10.
fn long(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    let far = -10.0;
    for ms in [50, 110] {
        let mut late = vec![];
        let name = |what| format!("tail 128 ms, delay {ms} ms, ERL 10: {what}");
        out.push(over_models(
            &name("loss at 1 s"),
            "dB",
            Wanted::Shown,
            |_, model| {
                let mut canceller = make(128, false);
                let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 10.0, ms * 8));
                let run = line.play(&css(5 * SECOND, far), &[]);
                late.push(run.loss(4.65, 5.0));
                run.loss(1.0, 1.35)
            },
        ));
        let value = worst(Wanted::Shown, late.into_iter());
        out.push(figure(name("at 5 s"), "dB", Wanted::Shown, value));
    }
}

/// Speech of both sides.
fn speech(make: &mut Make<'_>, out: &mut Vec<Figure>) {
    let Ok([far, near]) = speakers(-18.0, -18.0) else {
        return;
    };
    let half = far.len() / 160 * 80;
    let far = &far[..2 * half];
    let mut snr = vec![];
    out.push(over_models(
        "speech: loss while the far end talks alone",
        "dB",
        Wanted::Least(30.0, 34.0),
        |_, model| {
            let mut canceller = make(64, false);
            let mut line = Line::new(&mut *canceller, Law::Mu, hybrid(model, 6.0, 0));
            let alone = line.play(&far[..half], &[]);
            let both = line.play(&far[half..], &near);
            let harm: Vec<f64> = both
                .sout
                .iter()
                .zip(near.iter().chain(std::iter::repeat(&0.0)))
                .map(|(o, n)| f64::from(*o) - n)
                .collect();
            let until = near.len().min(harm.len());
            snr.push(level(&pcm(&near[..until])) - level(&pcm(&harm[..until])));
            alone.loss(2.0, half as f64 / 8000.0)
        },
    ));
    let wanted = Wanted::Least(26.0, 26.0);
    let value = worst(wanted, snr.into_iter());
    out.push(figure(
        "speech: near speech to harm in it, 0 dB",
        "dB",
        wanted,
        value,
    ));
}
