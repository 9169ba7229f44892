//! Bytes on the control socket: cut into lines and read as requests, and by the command as answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipring_ctl::wire::{LineSplitter, MAX_LINE, ServerLine, decode, decode_request, encode};

fuzz_target!(|input: &[u8]| {
    let [piece, stream @ ..] = input else {
        return;
    };
    let whole: Vec<&[u8]> = stream
        .split_inclusive(|&b| b == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let mut splitter = LineSplitter::new();
    let mut count = 0;
    for bytes in stream.chunks(usize::from(*piece).max(1)) {
        splitter.push(bytes);
        while let Some(line) = splitter.next_line().expect("short lines") {
            assert_eq!(Some(&line), whole.get(count), "in pieces of {piece}");
            count += 1;
            request(line);
            answer(line);
        }
    }
    assert_eq!(count, whole.len(), "lines of {stream:?}");
    // The same bytes at the end of a line that is as long as it may be.
    // A megabyte is slow: only for a few inputs.
    if *piece == 0 && stream.len() < 4 {
        too_long(stream);
    }
});

fn request(line: &[u8]) {
    match decode_request(line) {
        Ok(request) => {
            let again = encode(&request);
            let again = decode_request(again.strip_suffix(b"\n").expect("a line"));
            assert_eq!(again.ok(), Some(request));
        }
        Err((_, response)) => {
            let refusal = encode(&response);
            assert!(!refusal[..refusal.len() - 1].contains(&b'\n'), "one line");
        }
    }
}

fn answer(line: &[u8]) {
    if let Ok(said) = decode::<ServerLine>(line) {
        let again = encode(&said);
        assert!(decode::<ServerLine>(&again).is_ok(), "{said:?}");
    }
}

fn too_long(stream: &[u8]) {
    let mut splitter = LineSplitter::new();
    splitter.push(&vec![b' '; MAX_LINE]);
    assert_eq!(splitter.next_line(), Ok(None));
    splitter.push(stream);
    let fits = stream.is_empty() || stream.starts_with(b"\n");
    assert_eq!(splitter.next_line().is_ok(), fits);
}
