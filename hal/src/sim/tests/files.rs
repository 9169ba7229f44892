//! Files that are none, and disks that are stalled.

use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use super::super::files::{LONGEST, read_what_is_there, write_what_is_there};
use super::super::paper::Paper;
use super::super::recorder::Recorder;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A disk that takes nothing until it is released, and then answers this to every write.
struct Disk {
    let_go: Receiver<()>,
    full: bool,
    data: Cursor<Vec<u8>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The other end is dropped: released for good.
        let _ = self.let_go.recv();
        if self.full {
            return Err(io::Error::from_raw_os_error(nix::libc::ENOSPC));
        }
        self.data.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.data.seek(to)
    }
}

/// Answers `action` by the clock, or fails: a card whose thread waits for a file answers nobody.
fn ask(action: SimAction) -> Result<SimReply, SimError> {
    let Sim { world, .. } = build(&SimConfig::new(1)).unwrap();
    let (sender, answer) = channel();
    std::thread::spawn(move || {
        let handle = world.spawn().unwrap();
        let answer = match action {
            SimAction::Play { .. } => {
                handle
                    .request(SimRequest::port(0, SimAction::Lift))
                    .unwrap();
                handle.request(SimRequest::port(0, action))
            }
            action => handle.request(SimRequest::port(0, action)),
        };
        handle.request(SimRequest::Snapshot { port: None }).unwrap();
        sender.send(answer).unwrap();
    });
    answer
        .recv_timeout(PATIENCE)
        .expect("the card still answers")
}

/// Each thing that is no regular file, and what it is called.
fn odd_things(dir: &tiff::Scratch) -> Vec<(PathBuf, &'static str)> {
    let fifo = dir.file("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let socket = dir.file("socket");
    UnixListener::bind(&socket).unwrap();
    let folder = dir.file("folder");
    std::fs::create_dir(&folder).unwrap();
    vec![
        (fifo, "it is a named pipe (FIFO)"),
        (socket, "it is a socket"),
        (folder, "it is a directory"),
        ("/dev/null".into(), "it is a device"),
        ("/dev/tty".into(), "it is a device"),
    ]
}

fn is_refused(answer: Result<SimReply, SimError>, path: &Path, reason: &str, cure: &str) {
    let text = answer.expect_err("it is no regular file").to_string();
    let wanted = format!("{}: {reason}; ", path.display());
    assert!(text.starts_with(&wanted) && text.contains(cure), "{text}");
}

#[test]
fn what_is_no_regular_file_is_never_recorded_into() {
    let dir = tiff::Scratch::new("record-odd");
    for (path, reason) in odd_things(&dir) {
        let wav = Some(path.clone());
        let answer = ask(SimAction::StartRecording { wav });
        is_refused(answer, &path, reason, "choose a regular file");
    }
    let (kept, link) = (dir.file("letters"), dir.file("link"));
    std::fs::write(&kept, "somebody's letters").unwrap();
    std::os::unix::fs::symlink(&kept, &link).unwrap();
    let wav = Some(link.clone());
    let answer = ask(SimAction::StartRecording { wav });
    is_refused(
        answer,
        &link,
        "it is a symbolic link",
        "choose a regular file",
    );
    let answer = ask(SimAction::ReceiveFax(ReceiveFax::new(&link)));
    is_refused(
        answer,
        &link,
        "it is a symbolic link",
        "choose a regular file",
    );
    assert_eq!(std::fs::read(&kept).unwrap(), b"somebody's letters");
}

#[test]
fn what_is_no_regular_file_is_neither_played_nor_faxed() {
    let dir = tiff::Scratch::new("play-odd");
    for (path, reason) in odd_things(&dir) {
        let play = SimAction::Play {
            audio: Audio::Wav(path.clone()),
            repeat: false,
        };
        is_refused(ask(play), &path, reason, "give a regular file");
        let send = SimAction::SendFax(SendFax::new(&path, "1"));
        is_refused(ask(send), &path, reason, "give a regular file");
        let receive = SimAction::ReceiveFax(ReceiveFax::new(&path));
        is_refused(ask(receive), &path, reason, "choose a regular file");
    }
}

/// Answers within a time, or fails: opening a pipe may wait for its other end.
fn soon<T: Send + 'static>(open: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, answer) = channel();
    std::thread::spawn(move || sender.send(open()));
    answer.recv_timeout(PATIENCE).expect("it does not wait")
}

#[test]
fn what_took_the_place_of_a_regular_file_is_neither_written_nor_read() {
    let dir = tiff::Scratch::new("swapped");
    let (fifo, kept, link) = (dir.file("fifo"), dir.file("letters"), dir.file("link"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let is_a_pipe = |answer: Result<std::fs::File, SimError>| {
        let text = answer.expect_err("it is a pipe").to_string();
        assert!(text.contains("it is a named pipe (FIFO)"), "{text}");
    };
    let name = fifo.clone();
    is_a_pipe(soon(move || read_what_is_there(&name, "a cure")));
    // Nobody reads it, then somebody does.
    let name = fifo.clone();
    soon(move || write_what_is_there(&name)).expect_err("nobody reads it");
    let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let mut options = std::fs::OpenOptions::new();
    let reader = std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), flags);
    let _reader = reader.open(&fifo).unwrap();
    is_a_pipe(soon(move || write_what_is_there(&fifo)));
    std::fs::write(&kept, "somebody's letters").unwrap();
    std::os::unix::fs::symlink(&kept, &link).unwrap();
    write_what_is_there(&link).expect_err("it is a link");
    std::os::unix::fs::symlink(dir.file("nowhere"), dir.file("to-nowhere")).unwrap();
    write_what_is_there(&dir.file("to-nowhere")).expect_err("it is a link");
    assert!(!dir.file("nowhere").exists());
}

#[test]
fn a_link_to_a_regular_file_is_played() {
    let dir = tiff::Scratch::new("play-link");
    let (wav, link) = (dir.file("a.wav"), dir.file("link.wav"));
    let mut rig = Rig::new(&SimConfig::new(1));
    let record = Some(wav.clone());
    rig.act(0, SimAction::StartRecording { wav: record });
    rig.run_ms(100);
    rig.act(0, SimAction::StopRecording);
    std::os::unix::fs::symlink(&wav, &link).unwrap();
    assert_eq!(load_wav(&link).unwrap().len(), 800);
}

#[test]
fn a_recording_that_is_refused_leaves_the_file_and_makes_none() {
    let dir = tiff::Scratch::new("refused");
    let (first, second) = (dir.file("first.wav"), dir.file("second.wav"));
    let mut rig = Rig::new(&SimConfig::new(1));
    let record = |wav: &PathBuf| SimAction::StartRecording {
        wav: Some(wav.clone()),
    };
    rig.act(0, record(&first));
    rig.run_ms(100);
    for wav in [&first, &second] {
        let answer = rig.try_act(0, record(wav));
        assert!(matches!(answer, Err(SimError::WrongState { .. })));
    }
    // Nor is anything of somebody's file lost.
    let kept = dir.file("letters");
    std::fs::write(&kept, "somebody's letters").unwrap();
    assert!(rig.try_act(0, record(&kept)).is_err());
    assert_eq!(std::fs::read(&kept).unwrap(), b"somebody's letters");
    rig.act(0, SimAction::StopRecording);
    assert_eq!(load_wav(&first).unwrap().len(), 800);
    assert!(!second.exists());
}

/// A rig that records onto such a disk, and what lets it go.
fn recording(full: bool) -> (Rig, std::sync::mpsc::Sender<()>) {
    let (hold, let_go) = channel();
    let data = Cursor::default();
    let disk = Disk { let_go, full, data };
    let recorder = Recorder::start("disk.wav".into(), move || Ok(disk)).unwrap();
    let mut rig = Rig::new(&SimConfig::new(1));
    rig.world.record(0, recorder);
    (rig, hold)
}

#[test]
fn a_stalled_disk_holds_up_neither_the_card_nor_the_recording() {
    let (mut rig, hold) = recording(false);
    // With a disk that is waited for, this would not end.
    rig.run_ms(2000);
    assert!(rig.snapshot(0).recording.is_some());
    drop(hold);
    let Ok(SimReply::Recording { samples, .. }) = rig.try_act(0, SimAction::StopRecording) else {
        panic!("no recording");
    };
    assert_eq!(samples, 16_000);
}

#[test]
fn a_disk_stalled_for_ever_ends_the_recording_before_the_memory_runs_out() {
    let (mut rig, hold) = recording(false);
    rig.run_ms(LONGEST as u64 / 8 + 100);
    let failed = rig.noticed().into_iter().find_map(|kind| match kind {
        SimEventKind::RecordingFailed(why) => Some(why),
        _ => None,
    });
    let why = failed.expect("it has failed");
    assert!(why.contains("the disk takes nothing any more"), "{why}");
    assert_eq!(rig.snapshot(0).recording, None);
    drop(hold);
}

#[test]
fn a_recording_that_ran_out_of_disk_reports_it_when_it_is_ended() {
    let (mut rig, hold) = recording(true);
    drop(hold);
    // The recording's thread writes the disk: wait until it has reported.
    let end = std::time::Instant::now() + PATIENCE;
    while rig.snapshot(0).recording.is_some() {
        assert!(std::time::Instant::now() < end, "it has not failed");
        rig.run_ms(100);
    }
    let Err(error) = rig.try_act(0, SimAction::StopRecording) else {
        panic!("it cannot have been recorded");
    };
    assert!(
        error.to_string().contains("No space left on device"),
        "{error}"
    );
    assert!(error.to_string().contains("make room"), "{error}");
}

#[test]
fn pages_that_cannot_be_kept_are_no_good_fax() {
    let dir = tiff::Scratch::new("paper");
    let (sent, folder) = (dir.file("sent.tif"), dir.file("folder"));
    tiff::write(&sent, 2);
    std::fs::create_dir(&folder).unwrap();
    let saved = |to: &Path| {
        let (paper, pages) = Paper::copy(&sent).unwrap();
        assert_eq!(pages, 2);
        let mut saving = paper.save(to.to_owned());
        let end = std::time::Instant::now() + PATIENCE;
        loop {
            if let Some(saved) = saving.ended() {
                return saved;
            }
            assert!(std::time::Instant::now() < end, "it is not written");
            std::thread::yield_now();
        }
    };
    let why = saved(&folder).unwrap_err().to_string();
    assert!(why.contains("it is a directory"), "{why}");
    let copy = dir.file("copy.tif");
    std::fs::write(&copy, vec![7; 1 << 20]).unwrap();
    saved(&copy).unwrap();
    assert!(std::fs::read(&copy).unwrap() == std::fs::read(&sent).unwrap());
}
