//! A log that goes nowhere: nobody reads it, or there is no room for it.

use std::fs::File;
use std::io::{PipeReader, Write};
use std::os::fd::OwnedFd;

use crate::place::{Place, SOON, counter};
use crate::talk::can_call;

/// A pipe without room for another byte; the writer would wait in it for ever.
fn full_pipe() -> (PipeReader, File) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let filler = writer.try_clone().unwrap();
    // A thread fills it and stays in its last write; its end comes with the reader's.
    let (progress, written) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut filler = filler;
        while filler.write_all(&[b'.'; 4096]).is_ok() {
            let _ = progress.send(());
        }
    });
    // A pipe holds 64 KiB; what comes after that comes no more.
    while written
        .recv_timeout(std::time::Duration::from_millis(500))
        .is_ok()
    {}
    writer.flush().unwrap();
    (reader, File::from(OwnedFd::from(writer)))
}

pub(crate) fn a_pipe_that_nobody_reads_stops_nothing() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let (reader, writer) = full_pipe();
    let launch = place.launch(&place.config(2, "[log]\nlevel = \"debug\"\n"));
    let gateway = launch.stderr(writer).start().unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    can_call(&gateway, 1, 2);
    assert_eq!(counter(&gateway, 1, "registrations"), 1);
    // Nothing of it has come out: the pipe is as full as it was.
    let status = gateway.status().unwrap();
    let counters = status.counters.iter();
    let kept_back =
        counters.filter(|c| c.name == "log-lines-waiting" || c.name == "log-lines-lost");
    let lines: u64 = kept_back.map(|c| c.value).sum();
    assert!(lines >= 3, "{:?}", status.counters);
    // It ends in order too, without waiting for its last lines for ever.
    gateway.stop().unwrap();
    drop(reader);
}

pub(crate) fn a_full_disk_costs_log_lines_alone() {
    let place = Place::new();
    let _callmanager = place.callmanager();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let gateway = place
        .launch(&place.config(2, ""))
        .stderr(full)
        .start()
        .unwrap();
    gateway.wait_registered(2, SOON).unwrap();
    can_call(&gateway, 1, 2);
    let status = gateway.status().unwrap();
    let lost = status.counters.iter().find(|c| c.name == "log-lines-lost");
    assert!(lost.is_some_and(|c| c.value >= 3), "{:?}", status.counters);
    gateway.stop().unwrap();
}
