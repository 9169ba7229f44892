//! Behaviour of the wrapped calls.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use super::*;

/// The environment variable by which a test knows that it runs as a process of its own.
const CHILD: &str = "TIPRING_LINUX_TEST_CHILD";

#[derive(Clone, Copy, PartialEq)]
enum Rights {
    Kept,
    Dropped,
}

/// Runs the test named `name` again as a process of its own: what it does to the process then
/// disturbs no other test. Returns true in that child; the parent reports the child's verdict.
fn in_child(name: &str, rights: Rights) -> bool {
    if std::env::var_os(CHILD).is_some() {
        if rights == Rights::Dropped {
            for resource in [Resource::RLIMIT_RTPRIO, Resource::RLIMIT_MEMLOCK] {
                nix::sys::resource::setrlimit(resource, 0, 0).expect("limits may be lowered");
            }
        }
        return true;
    }
    // A copy that anybody may execute: build directories are often private.
    let copy = std::env::temp_dir().join(format!("tipring-linux-{}-{name}", std::process::id()));
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let mut command = Command::new(&copy);
    command
        .arg("--exact")
        .arg(format!("realtime::tests::{name}"))
        .arg("--nocapture")
        .current_dir("/")
        .env(CHILD, "1");
    if rights == Rights::Dropped && nix::unistd::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let output = command.output();
    let _ = fs::remove_file(&copy);
    let output = output.expect("the test binary runs again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    for line in text.lines().filter(|line| line.contains("NOT TESTED")) {
        eprintln!("{line}");
    }
    false
}

#[test]
fn fifo_is_taken_and_given_back_or_refused_with_the_cure() {
    let verdict = thread::spawn(|| {
        let before = scheduling().unwrap();
        assert_eq!(before, Scheduling::Ordinary);
        match set_fifo(5) {
            Ok(()) => {
                assert_eq!(scheduling().unwrap(), Scheduling::Fifo { priority: 5 });
                let child = thread::spawn(|| scheduling().unwrap()).join().unwrap();
                assert_eq!(
                    child,
                    Scheduling::Ordinary,
                    "threads started do not inherit it"
                );
                unset_fifo().unwrap();
                assert_eq!(scheduling().unwrap(), Scheduling::Ordinary);
                None
            }
            Err(error @ SchedError::NotPermitted { .. }) => Some(error.to_string()),
            Err(error) => panic!("{error}"),
        }
    })
    .join()
    .unwrap();
    if let Some(refused) = verdict {
        eprintln!("NOT TESTED: SCHED_FIFO itself, for want of rights: {refused}");
    }
    let here = scheduling().unwrap();
    assert_eq!(
        here,
        Scheduling::Ordinary,
        "only the calling thread is meant"
    );
}

#[test]
fn fifo_without_rights_names_the_cure() {
    if !in_child("fifo_without_rights_names_the_cure", Rights::Dropped) {
        return;
    }
    let error = set_fifo(20).unwrap_err();
    assert!(
        matches!(
            error,
            SchedError::NotPermitted {
                priority: 20,
                limit: 0
            }
        ),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("CAP_SYS_NICE") && text.contains("LimitRTPRIO=20"),
        "{text}"
    );
    assert_eq!(scheduling().unwrap(), Scheduling::Ordinary);
    unset_fifo().unwrap();
}

#[test]
fn priorities_that_do_not_exist_are_refused() {
    for priority in [0, 100, 255] {
        let error = set_fifo(priority).unwrap_err();
        assert!(
            matches!(
                error,
                SchedError::OutOfRange {
                    min: 1,
                    max: 99,
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn memory_is_locked_and_unlocked() {
    if !in_child("memory_is_locked_and_unlocked", Rights::Kept) {
        return;
    }
    let locked_kib = || -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmLck:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    match lock_memory() {
        Ok(()) => {
            assert!(locked_kib() > 0);
            unlock_memory().unwrap();
            assert_eq!(locked_kib(), 0);
        }
        Err(error @ LockError::Limit { .. }) => {
            eprintln!("NOT TESTED: locking memory itself, for want of rights: {error}");
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn locking_beyond_the_limit_names_the_cure() {
    if !in_child("locking_beyond_the_limit_names_the_cure", Rights::Dropped) {
        return;
    }
    assert_eq!(memory_lock_limit(), Some(0));
    let error = lock_memory().unwrap_err();
    assert!(
        matches!(error, LockError::Limit { limit_kib: 0 }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("LimitMEMLOCK") && text.contains("CAP_IPC_LOCK"),
        "{text}"
    );
}

#[test]
fn prefault_touches_what_was_asked_and_never_overruns_the_stack() {
    let touched = thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(|| {
            (
                prefault_stack(256 * 1024),
                prefault_stack(usize::MAX),
                prefault_stack(0),
            )
        })
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(touched.0, 256 * 1024);
    assert!((300_000..1024 * 1024).contains(&touched.1), "{}", touched.1);
    assert_eq!(touched.2, 0);
    assert!(prefault_stack(100_000) > 0);
}

#[test]
fn prefaulted_stack_takes_no_fault_later() {
    let faults = || {
        let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD);
        usage.unwrap().minor_page_faults()
    };
    let (cold, warm) = thread::Builder::new()
        .stack_size(4 * 1024 * 1024)
        .spawn(move || {
            let begin = faults();
            prefault_stack(512 * 1024);
            let middle = faults();
            prefault_stack(512 * 1024);
            (middle - begin, faults() - middle)
        })
        .unwrap()
        .join()
        .unwrap();
    // Large pages may serve the cold stack with few faults; the warm one needs none.
    assert!(cold >= 1, "{cold}");
    assert_eq!(warm, 0);
}

#[test]
fn thread_names_are_shown_cut_to_fifteen_bytes() {
    let named = |name: &'static str| {
        thread::spawn(move || {
            set_thread_name(name);
            fs::read_to_string("/proc/thread-self/comm").unwrap()
        })
        .join()
        .unwrap()
    };
    assert_eq!(named("line-0"), "line-0\n");
    assert_eq!(named("a-name-much-too-long"), "a-name-much-too\n");
    assert_eq!(named("cut\0here"), "cut\n");
    assert_eq!(named(""), "\n");
}

#[test]
fn monotonic_never_goes_back() {
    let mut last = monotonic();
    for _ in 0..10_000 {
        let now = monotonic();
        assert!(now >= last);
        last = now;
    }
    assert!(last > Duration::ZERO);
}

#[test]
fn realtime_is_the_time_since_1970() {
    let wall = std::time::SystemTime::now();
    let wall = wall.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!(realtime().abs_diff(wall) < Duration::from_secs(5));
}

#[test]
fn thread_cpu_time_counts_work_and_not_waiting() {
    let (event, begin) = (crate::EventFd::new().unwrap(), thread_cpu_time());
    let deadline = nix::poll::PollTimeout::from(50_u8);
    let mut fds = [nix::poll::PollFd::new(
        std::os::fd::AsFd::as_fd(&event),
        nix::poll::PollFlags::POLLIN,
    )];
    assert_eq!(nix::poll::poll(&mut fds, deadline), Ok(0));
    let waited = thread_cpu_time() - begin;
    assert!(
        waited < Duration::from_millis(25),
        "{waited:?} while waiting 50 ms"
    );
    let mut steps = 0_u64;
    while thread_cpu_time() - begin < waited + Duration::from_millis(5) {
        steps = std::hint::black_box(steps + 1);
    }
    assert!(steps > 0);
}
