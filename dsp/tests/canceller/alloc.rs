//! After it is made, a canceller neither allocates nor frees.

use tipring_dsp::{CancellerConfig, EchoCanceller, LineEchoCanceller};
use tipring_linux::alloc_count::{
    CountingAllocator, allocations_in_this_thread, frees_in_this_thread,
};

use crate::signals::{css, pcm, white};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn voice_path_changes_silence_modems_and_resets_neither_allocate_nor_free() {
    let mut canceller = LineEchoCanceller::new(CancellerConfig::default());
    let far = pcm(&css(8000, -10.0));
    let noise = pcm(&white(8000, -20.0, 3));
    let silence = vec![0; 8000];
    let mut out = vec![0; 80];
    let before = (allocations_in_this_thread(), frees_in_this_thread());
    for block in [80, 16, 7] {
        for (near, reference) in [
            (&far, &far),
            (&noise, &far),
            (&silence, &far),
            (&noise, &silence),
        ] {
            for (near, reference) in near.chunks(block).zip(reference.chunks(block)) {
                out[..near.len()].copy_from_slice(near);
                canceller.process(&mut out[..near.len()], reference);
            }
            std::hint::black_box(canceller.meters());
        }
        canceller.set_disabled(true);
        canceller.process(&mut out, &far[..80]);
        canceller.set_disabled(false);
        canceller.pass_data(true);
        canceller.reset();
    }
    let after = (allocations_in_this_thread(), frees_in_this_thread());
    assert_eq!(after, before);
}
