//! Direct current, of Sin and of Rin: it shows nothing of the echo path, and is taken away before anything else.

/// Direct current is what all blocks have in common: their mean at first, as if four without any had been there before,
/// then followed by this share with each block (3 dB at 0.13 Hz). Any faster, and it follows voices too: at 2 Hz it was off
/// by -31 dB of a near end, for which it took 0.3 s of the echo's loss.
const FOLLOWS: f32 = 0.008;
const BEGINS: f32 = 4.0;

/// The direct current of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Direct {
    level: f32,
    /// The blocks that it was found in.
    blocks: u32,
}

impl Direct {
    /// What is to be taken away from the samples of this block.
    #[inline(always)]
    pub(super) fn level(&self) -> f32 {
        self.level
    }

    /// A block is over, of which that was taken away already.
    #[inline(always)]
    pub(super) fn follow(&mut self, block: &[f32]) {
        self.blocks = self.blocks.saturating_add(1);
        let follow = FOLLOWS.max(1.0 / (self.blocks as f32 + BEGINS));
        let mut lanes = [0f32; 8];
        let (chunks, rest) = block.as_chunks::<8>();
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += x;
            }
        }
        let sum = lanes.iter().sum::<f32>() + rest.iter().sum::<f32>();
        self.level += follow * sum / block.len() as f32;
    }
}
