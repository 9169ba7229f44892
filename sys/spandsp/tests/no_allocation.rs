//! What the line thread calls does not allocate, neither in Rust nor in the C library: `malloc` and
//! its relations are those of this program, and count.

use std::cell::Cell;
use std::ffi::c_void;

use tipring_spandsp::{
    CallerId, CallerIdMessage, CallerIdRx, CallerIdStandard, CallerIdTx, ConnectTone,
    DtmfCallerIdFormat, DtmfRx, DtmfRxSettings, DtmfTx, FastModem, FastRx, FastTx, Heard,
    ModemConnectToneTx, Party, ToneDetector, ToneListener, V17Rate, V21Rx, V21Tx,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
}

fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
}

// SAFETY: takes the place of the C library's malloc and passes every call on to it.
#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    count();
    // SAFETY: the C library's own malloc, which accepts every size.
    unsafe { __libc_malloc(size) }
}

// SAFETY: takes the place of the C library's calloc and passes every call on to it.
#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(number: usize, size: usize) -> *mut c_void {
    count();
    // SAFETY: the C library's own calloc, which accepts every size.
    unsafe { __libc_calloc(number, size) }
}

// SAFETY: takes the place of the C library's realloc and passes every call on to it.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    count();
    // SAFETY: the C library's own realloc; the block came from it.
    unsafe { __libc_realloc(block, size) }
}

/// How often `work` allocates.
fn counted(work: impl FnOnce()) -> u64 {
    let before = allocations();
    work();
    allocations() - before
}

#[test]
fn the_counter_sees_rust_and_the_c_library() {
    let in_rust = counted(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(in_rust, 1);
    // The first sender also sets the library up.
    drop(DtmfTx::new());
    let in_c = counted(|| drop(std::hint::black_box(DtmfTx::new())));
    assert_eq!(in_c, 1, "one state, allocated by the C library");
}

#[test]
fn dtmf_allocates_nothing_after_new() {
    let mut tx = DtmfTx::new().unwrap();
    let mut rx = DtmfRx::new(DtmfRxSettings::default()).unwrap();
    let mut heard = 0;
    let allocated = counted(|| {
        tx.set_level(-8, 1);
        tx.set_timing(60, 60);
        tx.put("0123456789ABCD*#").unwrap();
        let mut block = [0; 80];
        while !tx.is_idle() {
            tx.process(&mut block);
            rx.process(&block);
            while rx.poll().is_some() {
                heard += 1;
            }
            std::hint::black_box(rx.status());
        }
        tx.clear();
        rx.skip_missing();
        rx.reset();
    });
    assert_eq!((heard, allocated), (32, 0));
}

#[test]
fn connect_tones_allocate_nothing_after_new() {
    for (tone, listener) in [
        (ConnectTone::Cng, ToneListener::Cng),
        (ConnectTone::AnsamPr, ToneListener::AnswerToneOrPreamble),
        (ConnectTone::Ans, ToneListener::AnswerTone),
    ] {
        let mut tx = ModemConnectToneTx::new(tone).unwrap();
        let mut rx = ToneDetector::new(listener).unwrap();
        let mut heard = false;
        let allocated = counted(|| {
            let mut block = [0; 80];
            for _ in 0..400 {
                tx.process(&mut block);
                heard |= rx.process(&block).is_some();
            }
            rx.reset();
        });
        assert_eq!((heard, allocated), (true, 0), "{}", tone.name());
    }
}

#[test]
fn caller_id_allocates_nothing_after_new() {
    let number = Party::Known("5550100".into());
    let caller = CallerId {
        number: number.clone(),
        ..CallerId::default()
    };
    let fsk = CallerIdMessage::call_setup(CallerIdStandard::Class, &caller).unwrap();
    let dtmf = CallerIdMessage::dtmf(DtmfCallerIdFormat::AToC, &number).unwrap();
    for message in [fsk, dtmf] {
        let mut tx = CallerIdTx::new(message.standard()).unwrap();
        let mut rx = CallerIdRx::new(message.standard()).unwrap();
        let mut heard = 0;
        let allocated = counted(|| {
            let mut block = [0; 80];
            for _ in 0..2 {
                tx.send_alert_tone().unwrap();
                tx.put_message(&message).unwrap();
                while !tx.is_idle() {
                    tx.process(&mut block);
                    rx.process(&block);
                }
                for _ in 0..20 {
                    rx.process(&[0; 80]);
                }
                while rx.poll().is_some() {
                    heard += 1;
                }
            }
            tx.abort();
            rx.reset();
        });
        assert_eq!((heard, allocated), (2, 0), "{}", message.standard().name());
    }
}

#[test]
fn modems_allocate_nothing_after_new() {
    let mut tx = FastTx::new(-14.0).unwrap();
    let mut rx = FastRx::new(FastModem::V29At9600).unwrap();
    let (mut v21_tx, mut v21_rx) = (V21Tx::new(-14.0).unwrap(), V21Rx::new(-42.0).unwrap());
    let rate = V17Rate::R9600;
    let modems = [
        FastModem::V27ter2400,
        FastModem::V29At9600,
        FastModem::V17 { rate, short: false },
        FastModem::V17 { rate, short: true },
    ];
    let (mut trained, mut bits) = (0, 0);
    let allocated = counted(|| {
        let mut block = [0; 80];
        for modem in modems {
            rx.set_cutoff(-40.0);
            rx.restart(modem);
            tx.restart(modem, true);
            let mut left = 500;
            for _ in 0..300 {
                tx.process(&mut block, || {
                    left -= 1;
                    (left > 0).then_some(left % 3 == 0)
                });
                rx.process(&block, |item| {
                    trained += u32::from(item == Heard::TrainingSucceeded);
                });
            }
        }
        v21_rx.restart();
        v21_tx.restart();
        for n in 0..100 {
            v21_tx.process(&mut block, || (n < 90).then_some(n % 2 == 0));
            v21_rx.process(&block, |item| {
                bits += u32::from(matches!(item, Heard::Bit(_)));
            });
        }
    });
    assert_eq!((trained, allocated), (4, 0));
    assert!(bits > 200, "{bits}");
}
