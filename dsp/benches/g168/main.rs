//! x
#![allow(dead_code, unused)]
mod models; mod rig; mod signals;
use models::*; use rig::*; use signals::*;
use tipring_dsp::*;

fn main(){
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.first().is_some_and(|a| a == "cost") {
        let mut c = LineEchoCanceller::new(CancellerConfig{tail_ms: args[1].parse().unwrap(), nlp: false});
        let n: usize = args[2].parse().unwrap();
        let far = pcm(&white(8000, -15.0, 3)); let mut near = pcm(&white(8000, -25.0, 4));
        for i in 0..n { let k = (i % 100) * 80; let mut b = near[k..k+80].to_vec(); c.process(&mut b, &far[k..k+80]); std::hint::black_box(&b); }
        return;
    }
    let law = if std::env::var("ALAW").is_ok() { Law::A } else { Law::Mu };
    let delay: usize = std::env::var("DELAY").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    let tail: usize = std::env::var("TAIL").ok().and_then(|v| v.parse().ok()).unwrap_or(64);
    let erl = 6.0;
    let mut worst = [f64::MIN; 12]; 
    let start = std::time::Instant::now();
    for (m, model) in MODELS.iter().enumerate() {
        let lr = -10.0;
        let far = css(12*8000, lr);
        let mut c = LineEchoCanceller::new(CancellerConfig{tail_ms: tail as u16, nlp: false});
        let mut line = Line::new(&mut c, law, hybrid(model, erl, delay));
        let run = line.play(&far, &[]);
        let (t20, l1, l10) = (run.time_to(20.0, lr), run.loss(1.0, 1.35), run.loss(9.65, 10.0));
        // path change
        let other = &MODELS[(m + 3) % 8];
        line.path = hybrid(other, erl, delay);
        let run = line.play(&css(6*8000, lr), &[]);
        let (r20, rl) = (run.time_to(20.0, lr), run.loss(5.0, 6.0));
        // double talk
        let dt = css_double_talk(5*8000, lr);
        let run = line.play(&css(5*8000, lr), &dt);
        let diff: Vec<i16> = run.sout.iter().zip(&dt).map(|(a,b)| (*a as f64 - b).round().clamp(-32768.0,32767.0) as i16).collect();
        let snr = level(&pcm(&dt)) - level(&diff);
        let run = line.play(&css(3*8000, lr), &[]);
        let after = run.loss(0.0, 0.35);
        // narrow band
        let mut nb = vec![];
        for [a, b] in NARROW_BAND { let t: Vec<(f64,f64)> = if b == 0 { vec![(a as f64, lr)] } else { vec![(a as f64, lr-3.0), (b as f64, lr-3.0)] }; nb.extend(tones(5*8000, &t)); }
        let run = line.play(&nb, &[]);
        let run = line.play(&css(3*8000, lr), &[]);
        let nbl = run.loss(0.0, 0.35);
        let sw = c.meters();
        let mut c = LineEchoCanceller::new(CancellerConfig{tail_ms: tail as u16, nlp: false});
        let mut line = Line::new(&mut c, law, hybrid(model, erl, delay));
        let run = line.play(&tones(10*8000, &[(1004.0, lr)]), &[]);
        let tl = run.loss(9.0, 10.0);
        let sp: Vec<f64> = vec![];
        println!("{}: t20 {t20:.2} @1 {l1:.1} @10 {l10:.1} | path {r20:.2} {rl:.1} | DT snr {snr:.1} after {after:.1} | NB {nbl:.1} tone {tl:.1} {:?}", model.name, sw);
        for (w, v) in worst.iter_mut().zip([t20, -l1, -l10, r20, -rl, -snr, -after, -nbl, -tl]) { *w = w.max(v); }
    }
    println!("WORST t20 {:.2} @1 {:.1} @10 {:.1} | path {:.2} {:.1} | snr {:.1} after {:.1} | NB {:.1} tone {:.1}   ({:?})", worst[0], -worst[1], -worst[2], worst[3], -worst[4], -worst[5], -worst[6], -worst[7], -worst[8], start.elapsed());
}
