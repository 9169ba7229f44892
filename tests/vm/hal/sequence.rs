//! A known sequence of law bytes, and an ear that counts what is lost, repeated or altered.

/// The byte at this place. All 256 codes come, and no run of 32 comes twice in hours.
pub(crate) fn byte(place: u64) -> u8 {
    let mixed = (place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as u8 ^ (mixed >> 29) as u8
}

/// Writes the sequence, block by block.
#[derive(Default)]
pub(crate) struct Mouth {
    /// Bytes sent up to now.
    pub(crate) said: u64,
}

impl Mouth {
    /// The next block. It counts as sent only with [`Mouth::accepted`].
    pub(crate) fn fill(&self, block: &mut [u8]) {
        for (place, to) in (self.said..).zip(block) {
            *to = byte(place);
        }
    }

    pub(crate) fn accepted(&mut self, bytes: usize) {
        self.said += bytes as u64;
    }
}

const RUN: usize = 32;

/// Listens for the sequence.
#[derive(Default)]
pub(crate) struct Ear {
    /// Only then it listens: looking for a place in silence is work.
    pub(crate) open: bool,
    next: Option<u64>,
    /// Bytes that were where they belong.
    pub(crate) right: u64,
    /// Times that the sequence broke.
    pub(crate) breaks: u64,
    /// Bytes between what was last said and what was last heard: least and most.
    pub(crate) delay: Option<(u64, u64)>,
}

impl Ear {
    /// Begins to listen.
    pub(crate) fn listen(&mut self) {
        *self = Ear {
            open: true,
            ..Ear::default()
        };
    }

    /// Hears a block while `said` bytes have been said.
    pub(crate) fn hear(&mut self, block: &[u8], said: u64) {
        if !self.open {
            return;
        }
        match self.next {
            Some(mut place) => {
                for &heard in block {
                    if byte(place) == heard {
                        self.right += 1;
                    } else {
                        self.breaks += 1;
                        self.next = None;
                        return;
                    }
                    place += 1;
                }
                self.next = Some(place);
            }
            None => self.next = place_after(block, said),
        }
        if let Some(place) = self.next {
            let delay = said.saturating_sub(place);
            let (least, most) = self.delay.unwrap_or((delay, delay));
            self.delay = Some((least.min(delay), most.max(delay)));
        }
    }
}

/// The place after this block, found by its end.
fn place_after(block: &[u8], said: u64) -> Option<u64> {
    let run = block.last_chunk::<RUN>()?;
    // Half a second back is more than any buffer here holds.
    let first = said.saturating_sub(4_000);
    (first..said)
        .find(|&start| {
            (start..)
                .zip(run)
                .all(|(place, heard)| byte(place) == *heard)
        })
        .map(|start| start + RUN as u64)
}
