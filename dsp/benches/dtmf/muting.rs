//! What the far end hears of keys that go out of band, and what it misses of a voice.

use tipring_dsp::{Chain, ChainCommand, ChainConfig, Law};

use super::ears::EARS;
use super::signals::{Chance, KEYS, Signal, Style};

/// A chain off hook that listens for keys alone, and everything it lets through.
fn uplink(signal: &Signal, law: Law) -> (Chain, Vec<i16>, Vec<i16>) {
    let mut chain = Chain::new(&ChainConfig::new(law, 80)).expect("memory for one chain");
    chain.command(ChainCommand::EnableFaxTones(false));
    chain.command(ChainCommand::OffHook(true));
    let pcm = signal.pcm(law);
    let mut heard = vec![0; pcm.len()];
    let mut bytes = [0u8; 80];
    for (said, heard) in pcm.chunks(80).zip(heard.chunks_mut(80)) {
        let n = law.encode_block(said, &mut bytes);
        chain.uplink(&bytes[..n], heard);
        while chain.next_event().is_some() {}
    }
    (chain, pcm, heard)
}

/// What leaks of keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leak {
    /// Milliseconds of a key let through, fades among them: the most.
    pub(crate) most_ms: usize,
    /// The same, on average.
    pub(crate) mean_ms: f64,
    /// Keys that the receivers find in what was let through.
    pub(crate) recognised: [usize; 2],
    /// Keys not recognised.
    pub(crate) missed: usize,
}

/// 480 keys at chance offsets to the blocks, changed.
pub(crate) fn leak(style: Style, change: impl Fn(&mut Signal, &mut Chance)) -> Leak {
    const KEYS_PRESSED: usize = 480;
    let mut leak = Leak::default();
    for n in 0..KEYS_PRESSED {
        let law = [Law::Mu, Law::A][n % 2];
        let mut chance = Chance(n as u64 * 7919 + 13);
        let mut signal = Signal::default();
        let start = 4000 + n % 80;
        signal.silence(start);
        signal.press(KEYS[chance.below(16)], &style, &mut chance);
        let end = signal.0.len();
        signal.silence(2400);
        change(&mut signal, &mut chance);
        let (chain, _, heard) = uplink(&signal, law);
        let ms = heard[start..end]
            .chunks(8)
            .filter(|ms| ms.iter().any(|x| x.unsigned_abs() > 8))
            .count();
        leak.most_ms = leak.most_ms.max(ms);
        leak.mean_ms += ms as f64 / KEYS_PRESSED as f64;
        for (count, ear) in leak.recognised.iter_mut().zip(EARS) {
            *count += ear.keys(&heard).len();
        }
        leak.missed += usize::from(chain.meters().digits != 1);
    }
    leak
}

/// What is missed of a voice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missed {
    /// Times in an hour.
    pub(crate) times: f64,
    /// Milliseconds in an hour.
    pub(crate) ms: f64,
}

/// Times and time that this voice is muted for nothing.
pub(crate) fn missed(voice: &Signal) -> Missed {
    let (chain, pcm, heard) = uplink(voice, Law::Mu);
    let hours = pcm.len() as f64 / super::talk::HOUR as f64;
    let muted = |(said, heard): &(&[i16; 80], &[i16; 80])| {
        heard[20..60].iter().all(|x| *x == 0) && said[20..60].iter().any(|x| *x != 0)
    };
    let blocks = pcm.as_chunks().0.iter().zip(heard.as_chunks().0);
    Missed {
        times: chain.meters().false_mutes as f64 / hours,
        ms: 10.0 * blocks.filter(muted).count() as f64 / hours,
    }
}
