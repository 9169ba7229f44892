//! After it is made, a relay neither allocates nor frees.

use tipring_dsp::relay::{Network, Relay, RelayConfig};
use tipring_linux::alloc_count::{
    CountingAllocator, allocations_in_this_thread, frees_in_this_thread,
};

use crate::network::Weather;
use crate::rig::{self, Case, Folder, V17, V29};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn both_directions_of_whole_calls_neither_allocate_nor_free() {
    for (modems, ecm) in [(V17, true), (V29, false)] {
        for which in [0, 1] {
            let case = Case {
                rows: 30,
                ..Case::new(modems, ecm, Weather::of(5.0, 150))
            };
            let folder = Folder::new(&format!("alloc-{ecm}-{which}"));
            let given = rig::record(&case, 3, folder.path(), which, 4000);
            let mut relay = Relay::new(&RelayConfig::default()).unwrap();
            let mut out = [0; 80];
            let mut packets_out = 0_u32;
            let before = (allocations_in_this_thread(), frees_in_this_thread());
            for (samples, packets) in &given {
                for packet in packets {
                    relay.network_in(Network::Packet(packet));
                }
                relay.line_out(&mut out);
                relay.line_in(samples, |_| packets_out += 1);
                while relay.seen().is_some() {}
            }
            relay.network_in(Network::Missing(3));
            let after = (allocations_in_this_thread(), frees_in_this_thread());
            assert_eq!(after, before, "{modems:?} relay {which}");
            let figures = relay.figures();
            assert!(figures.carriers >= 2 && packets_out > 20, "{figures:?}");
            assert!(figures.frames.iter().all(|n| *n >= 2), "{figures:?}");
        }
    }
}
