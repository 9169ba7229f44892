//! From the line to the network.

use super::{CHUNK, Chain};
use crate::level::energy;
use tipring_types::Side;

impl Chain {
    /// Takes a block from the card and fills `out` with what the network hears. Call it before the
    /// [`downlink`](Chain::downlink) of the same tick. Samples of `out` beyond the block are silence.
    pub fn uplink(&mut self, from_line: &[u8], out: &mut [i16]) {
        let n = from_line.len().min(out.len());
        let (heard, beyond) = out.split_at_mut(n);
        beyond.fill(0);
        if !self.off_hook {
            heard.fill(0);
            // A block is at most seconds long.
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            self.on_hook_for = self.on_hook_for.saturating_add(n);
            self.rx_meter.take_silence(n);
            return;
        }
        let mut offset = 0;
        for (bytes, samples) in from_line[..n]
            .chunks(self.chunk)
            .zip(heard.chunks_mut(self.chunk))
        {
            self.uplink_chunk(bytes, samples, offset);
            offset += samples.len();
        }
    }

    fn uplink_chunk(&mut self, bytes: &[u8], samples: &mut [i16], offset: usize) {
        self.law.decode_block(bytes, samples);
        if self.data.relayed {
            let energy = energy(samples);
            self.rx_meter.take(samples, energy);
            self.note_silence(Side::Line, samples.len(), energy);
            return;
        }
        self.rx_gain.apply(samples);
        let mut buffer = [0i16; CHUNK];
        let reference = &mut buffer[..samples.len()];
        self.reference.read(offset, reference);
        self.canceller.process(samples, reference);

        let energy = energy(samples);
        self.rx_meter.take(samples, energy);
        let end = offset + samples.len();
        let sent = |window: &mut [i16]| self.reference.read_back(end, window);
        let loud = self.detectors.take(samples, energy, &mut self.events, sent);
        self.data_tones.take(Side::Line, samples, &mut self.events);
        self.act_on_data();
        self.note_silence(Side::Line, samples.len(), energy);
        self.data_tones.squelch(Side::Line, samples);
        if loud && self.mute_digits && !self.data.passes {
            self.mute.apply(samples, &self.detectors.keys);
        }
        if self.mute_uplink || !self.bridged {
            samples.fill(0);
        }
    }
}
