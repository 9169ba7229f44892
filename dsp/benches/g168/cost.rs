//! What a sample costs: instructions counted by callgrind, as the difference of a long run and a short one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tipring_dsp::{CancellerConfig, EchoCanceller, Law, LineEchoCanceller};

use super::models::MODELS;
use super::rig::{Line, hybrid};
use super::signals::{css, css_double_talk};

const SHORT: usize = 500;
const LONG: usize = 1500;
const BLOCK: usize = 80;

/// Samples from the line and those it heard: a second without double talk, then `talk` or not.
fn signals(talk: bool) -> (Vec<i16>, Vec<i16>) {
    struct Through;
    impl EchoCanceller for Through {
        fn process(&mut self, _near: &mut [i16], _reference: &[i16]) {}
    }
    let samples = LONG * BLOCK;
    let mut through = Through;
    let mut line = Line::new(&mut through, Law::Mu, hybrid(&MODELS[0], 6.0, 0));
    let near = if talk {
        css_double_talk(samples, -10.0)
    } else {
        vec![]
    };
    let run = line.play(&css(samples, -10.0), &near);
    (run.sin, run.rin)
}

/// One run under callgrind: `CASE TAIL_MS NLP BLOCKS CHUNK`.
pub(crate) fn count(args: &[String]) {
    let number = |n: usize| {
        args.get(n)
            .and_then(|a| a.parse::<usize>().ok())
            .unwrap_or(0)
    };
    let (near, reference) = signals(args.first().is_some_and(|a| a == "talk"));
    let mut canceller = LineEchoCanceller::new(CancellerConfig {
        tail_ms: number(1) as u16,
        nlp: number(2) == 1,
        ..CancellerConfig::default()
    });
    let chunk = number(4).max(1);
    let samples = number(3) * BLOCK;
    let mut out = [0i16; BLOCK];
    for (near, reference) in near[..samples].chunks(chunk).zip(reference.chunks(chunk)) {
        let out = &mut out[..near.len()];
        out.copy_from_slice(near);
        canceller.process(out, reference);
        std::hint::black_box(&out);
    }
}

/// Instructions for each sample of ours.
pub(crate) fn ours(case: &str, tail_ms: u16, nlp: bool, chunk: usize) -> Result<f64, String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let run = |blocks: usize| {
        let args = [
            "count".to_owned(),
            case.to_owned(),
            tail_ms.to_string(),
            u8::from(nlp).to_string(),
            blocks.to_string(),
            chunk.to_string(),
        ];
        collected(&me, &args, &[])
    };
    Ok((run(LONG)? - run(SHORT)?) / ((LONG - SHORT) * BLOCK) as f64)
}

/// Instructions for each sample of speexdsp, its pipes (about 10) included.
pub(crate) fn speex(program: &Path, tail_ms: u16, nlp: bool) -> Result<f64, String> {
    let (near, reference) = signals(false);
    let mut input = vec![];
    for (near, reference) in near.chunks(BLOCK).zip(reference.chunks(BLOCK)) {
        input.extend(near.iter().chain(reference).flat_map(|x| x.to_le_bytes()));
    }
    let args = [
        (u32::from(tail_ms) * 8).to_string(),
        u8::from(nlp).to_string(),
    ];
    let run = |blocks: usize| collected(program, &args, &input[..blocks * 4 * BLOCK]);
    Ok((run(LONG)? - run(SHORT)?) / ((LONG - SHORT) * BLOCK) as f64)
}

fn collected(program: &Path, args: &[String], input: &[u8]) -> Result<f64, String> {
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("valgrind does not start: {e}; install valgrind"))?;
    let mut pipe = child.stdin.take();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || pipe.as_mut().map(|pipe| pipe.write_all(&input)));
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    let _ = feeder.join();
    let report = String::from_utf8_lossy(&output.stderr);
    report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, number)| number.trim().parse().ok())
        .ok_or_else(|| format!("no figure from callgrind in:\n{report}"))
}
