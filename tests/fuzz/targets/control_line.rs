//! Bytes on the control socket: cut into lines and read as requests.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipring_ctl::wire::{LineSplitter, decode_request, encode};

fuzz_target!(|input: &[u8]| {
    let [piece, stream @ ..] = input else {
        return;
    };
    let mut splitter = LineSplitter::new();
    for bytes in stream.chunks(usize::from(*piece).max(1)) {
        splitter.push(bytes);
        while let Ok(Some(line)) = splitter.next_line() {
            if let Ok(request) = decode_request(line) {
                let again = encode(&request);
                let again = decode_request(again.strip_suffix(b"\n").expect("a line"));
                assert_eq!(again.ok(), Some(request));
            }
        }
    }
});
