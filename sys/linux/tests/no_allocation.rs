//! The counting allocator counts, and what the line thread calls allocates nothing.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tipring_linux::alloc_count::{
    CountingAllocator, allocations_in_this_thread, frees_in_this_thread,
};
use tipring_linux::{EventFd, RecvBatch, SendBatch, TimerFd, enable_timestamps, monotonic};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn allocations_resizes_and_frees_are_counted() {
    let (allocations, frees) = (allocations_in_this_thread(), frees_in_this_thread());
    let mut kept: Vec<u8> = Vec::with_capacity(10);
    let zeroed = std::hint::black_box(vec![0_u8; 100]);
    kept.reserve_exact(1000);
    std::hint::black_box(&mut kept);
    assert_eq!(allocations_in_this_thread() - allocations, 3);
    assert_eq!(frees_in_this_thread() - frees, 0);
    drop(kept);
    drop(zeroed);
    assert_eq!(frees_in_this_thread() - frees, 2);
}

#[test]
fn other_threads_are_counted_apart() {
    let before = allocations_in_this_thread();
    let (start, stop) = std::thread::scope(|scope| {
        let before_spawned = allocations_in_this_thread();
        let inner = scope.spawn(|| {
            let begin = allocations_in_this_thread();
            std::hint::black_box(vec![1_u8; 10]);
            allocations_in_this_thread() - begin
        });
        assert_eq!(inner.join().unwrap(), 1);
        (before, before_spawned)
    });
    assert!(stop >= start);
}

#[test]
fn the_line_threads_calls_allocate_nothing() {
    let from = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = UdpSocket::bind("127.0.0.1:0").unwrap();
    enable_timestamps(&to).unwrap();
    let SocketAddr::V4(address) = to.local_addr().unwrap() else {
        panic!("an IPv4 socket has an IPv4 address");
    };
    let mut send = SendBatch::new(8, 172);
    let mut recv = RecvBatch::new(8, 172);
    let event = EventFd::new().unwrap();
    let timer = TimerFd::periodic(monotonic(), Duration::from_millis(1)).unwrap();

    let (allocations, frees) = (allocations_in_this_thread(), frees_in_this_thread());
    for round in 0..50_u8 {
        for _ in 0..8 {
            send.push(address, &[round; 172]).unwrap();
        }
        assert_eq!(send.send(&from).sent, 8);
        let mut got = 0;
        while got < 8 {
            got += recv.receive(&to).unwrap();
        }
        assert!(recv.iter().all(|datagram| datagram.received_at.is_some()));
        event.add(1).unwrap();
        assert_eq!(event.drain().unwrap(), 1);
        timer.expirations().unwrap();
        std::hint::black_box((monotonic(), tipring_linux::thread_cpu_time()));
    }
    assert_eq!(allocations_in_this_thread() - allocations, 0);
    assert_eq!(frees_in_this_thread() - frees, 0);
}
