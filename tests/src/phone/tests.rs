//! Phones on a line that is a pair of sockets: what they do without a kernel.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;

const BLOCK: usize = 160;
const LONG: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Seen {
    hook: Vec<bool>,
    news: VecDeque<LineNews>,
}

/// A line in the test's hands: codes through a socket, the rest in `seen`.
struct Wire {
    stream: UnixStream,
    seen: Arc<Mutex<Seen>>,
}

impl Copper for Wire {
    fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
    fn read(&mut self, codes: &mut [u8]) -> Reading {
        match self.stream.read(codes) {
            Ok(0) | Err(_) => Reading::Nothing,
            Ok(n) => Reading::Codes(n),
        }
    }
    fn write(&mut self, codes: &[u8]) -> bool {
        self.stream.write_all(codes).is_ok()
    }
    fn news(&mut self) -> Option<LineNews> {
        self.seen.lock().unwrap().news.pop_front()
    }
    fn hook(&mut self, closed: bool) -> io::Result<()> {
        self.seen.lock().unwrap().hook.push(closed);
        Ok(())
    }
    fn battery(&self) -> bool {
        true
    }
    fn flush(&mut self) {}
}

fn line() -> (Exchange, Phone, UnixStream, Arc<Mutex<Seen>>) {
    let (near, far) = UnixStream::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let wire = Wire {
        stream: far,
        seen: Arc::clone(&seen),
    };
    let exchange = Exchange::new(vec![(7, Box::new(wire))], BLOCK).unwrap();
    let phone = exchange.phone(7).unwrap();
    (exchange, phone, near, seen)
}

#[test]
fn a_flash_is_one_opening_of_the_length_asked_for() {
    let (_exchange, phone, _near, seen) = line();
    phone.lift().unwrap();
    let asked = Duration::from_millis(120);
    let open = phone.flash(asked).unwrap();
    assert!(open >= asked, "{open:?}");
    assert_eq!(seen.lock().unwrap().hook, [true, false, true]);
    assert!(phone.is_lifted());
}

#[test]
fn a_pulsed_number_is_as_many_openings() {
    let (_exchange, phone, _near, seen) = line();
    phone.lift().unwrap();
    let quick = PulseStyle {
        break_ms: 3,
        make_ms: 2,
        between_ms: 10,
    };
    phone.pulse("130", quick).unwrap();
    let opened = seen.lock().unwrap().hook.iter().filter(|c| !**c).count();
    assert_eq!(opened, 1 + 3 + 10);
}

#[test]
fn a_line_that_gives_everything_back_gives_a_whole_talk() {
    let (_exchange, phone, mut near, _seen) = line();
    phone.lift().unwrap();
    phone.follow(7);
    phone.talk();
    // The line speaks first, silence, and then repeats what it received.
    near.write_all(&[0xFF; BLOCK]).unwrap();
    let mut block = [0; BLOCK];
    for _ in 0..200 {
        near.read_exact(&mut block).unwrap();
        near.write_all(&block).unwrap();
    }
    let end = Instant::now() + LONG;
    while phone.continuity().samples < 150 * BLOCK as u64 {
        assert!(Instant::now() < end, "{}", phone.continuity());
        std::thread::yield_now();
    }
    let heard = phone.continuity();
    assert!(heard.is_whole(), "{heard}");
    assert_eq!((heard.first_index, heard.silence_before), (0, BLOCK as u64));
}

#[test]
fn ringing_and_a_lost_battery_are_reported() {
    let (_exchange, phone, mut near, seen) = line();
    for news in [LineNews::RingOn, LineNews::RingOver, LineNews::BatteryGone] {
        seen.lock().unwrap().news.push_back(news);
    }
    near.write_all(&[0xFF; BLOCK]).unwrap();
    phone.rings(1, LONG).unwrap();
    phone
        .awaits(&PhoneNews::Battery { there: false }, LONG)
        .unwrap();
    // The phone looks for its battery by itself.
    phone
        .awaits(&PhoneNews::Battery { there: true }, LONG)
        .unwrap();
    phone.forget();
    assert!(phone.news().is_empty());
    assert_eq!(phone.bell().bursts(), []);
}
