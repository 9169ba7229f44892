//! A CallManager that dies, in every way there is: when the ports are registered with the other one, what becomes of the
//! calls, and the way back. For root alone, like every test with networks.

use std::time::{Duration, Instant};

use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;

use crate::network::{Network, all_at};
use crate::place::{Place, SOON, number_of, until};

/// How a CallManager dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// The process ends, and its kernel closes the connections.
    Fin,
    /// The connections are reset, and the process ends.
    Rst,
    /// The process is frozen; its kernel still acknowledges everything.
    Frozen,
    /// Nothing comes from the machine any more.
    Dropped,
}

/// What it cost.
#[derive(Debug)]
struct Cost {
    /// From death to the last registration with the other one, of ports without a call.
    idle: Duration,
    /// The same of all ports.
    all: Duration,
    /// From death to the first call that is connected afterwards.
    call: Duration,
    /// Calls that did not outlive it.
    lost: usize,
    /// From the return of the server to the last registration with it.
    back: Duration,
}

/// A size that a busy machine plays without trouble; `TIPRING_FAILOVER=48,10,3` is the table: ports, calls, rounds.
const SMALL: [u16; 3] = [8, 2, 1];
/// Nobody waits for longer, on a machine that does other things beside.
const LIMIT: Duration = Duration::from_secs(20);
/// The same for the way back.
const LIMIT_BACK: Duration = Duration::from_secs(90);

fn size() -> [u16; 3] {
    let named = std::env::var("TIPRING_FAILOVER").ok();
    let parts = named.map(|n| {
        n.split(',')
            .filter_map(|p| p.parse().ok())
            .collect::<Vec<u16>>()
    });
    parts.and_then(|p| p.try_into().ok()).unwrap_or(SMALL)
}

/// Ports 1 to 2 n call each other, odd ones the even ones.
fn calls(gateway: &Gateway, n: u16) -> usize {
    for pair in 0..n {
        let [mut caller, mut called] =
            [2 * pair + 1, 2 * pair + 2].map(|p| gateway.set(p).unwrap());
        caller.call(&number_of(gateway, called.port())).unwrap();
        called.answer().unwrap();
        caller.connected().unwrap();
        called.connected().unwrap();
    }
    gateway.calls().unwrap().active.len()
}

fn dies(network: &Network, server: &mut Option<CallManager>, death: Death) {
    match death {
        Death::Fin => *server = None,
        Death::Rst => {
            network.reset_connections(0);
            *server = None;
        }
        Death::Frozen => server.as_ref().unwrap().signal("STOP").unwrap(),
        Death::Dropped => network.kill(0),
    }
}

fn returns(network: &Network, server: &mut Option<CallManager>, death: Death) {
    match death {
        Death::Fin | Death::Rst => *server = Some(network.callmanager(0, &[])),
        Death::Frozen => server.as_ref().unwrap().signal("CONT").unwrap(),
        Death::Dropped => network.revive(0),
    }
}

fn one(death: Death, ports: u16, talking: u16) -> Cost {
    let network = Network::new(2);
    let place = Place::new();
    let mut first = Some(network.callmanager(0, &[]));
    let _second = network.callmanager(1, &[]);
    let gateway = network.start(&place, ports, "probe-s = 5");
    all_at(&gateway, ports, Network::address(0), SOON * 2);
    let before = calls(&gateway, talking);
    let death_at = Instant::now();
    dies(&network, &mut first, death);
    let wanted = Network::address(1).to_string();
    let there = |from: u16| {
        until(LIMIT, || {
            let list = gateway.ports()?;
            let away = list.iter().filter(|p| {
                p.port >= from
                    && !(p.server.as_ref() == Some(&wanted)
                        && p.registration == tipring_ctl::report::RegistrationState::Registered)
            });
            match away.count() {
                0 => Ok(()),
                n => Err(format!("{death:?}: {n} ports are not there")),
            }
        });
        death_at.elapsed()
    };
    let idle = there(2 * talking + 1);
    let mut set = gateway.set(ports).unwrap();
    let other = number_of(&gateway, ports - 1);
    set.call(&other).unwrap();
    let mut called = gateway.set(ports - 1).unwrap();
    called.answer().unwrap();
    set.connected().unwrap();
    let call = death_at.elapsed();
    let all = there(1);
    let after = gateway.calls().unwrap().active.len();
    let lost = (before + 2).saturating_sub(after);
    for port in (1..=2 * talking).chain([ports - 1, ports]) {
        gateway.set(port).unwrap().hang().unwrap();
    }
    returns(&network, &mut first, death);
    let began = Instant::now();
    all_at(&gateway, ports, Network::address(0), LIMIT_BACK);
    Cost {
        idle,
        all,
        call,
        lost,
        back: began.elapsed(),
    }
}

fn dying(death: Death) {
    let [ports, talking, rounds] = size();
    for round in 1..=rounds {
        let cost = one(death, ports, talking);
        eprintln!(
            "{death:?} {round}: idle {:.1} s, all {:.1} s, first call {:.1} s, lost {}, back {:.1} s",
            cost.idle.as_secs_f32(),
            cost.all.as_secs_f32(),
            cost.call.as_secs_f32(),
            cost.lost,
            cost.back.as_secs_f32()
        );
        assert_eq!(cost.lost, 0, "{cost:?}");
    }
}

pub(crate) fn a_callmanager_that_ends_costs_no_call() {
    dying(Death::Fin);
}

pub(crate) fn a_callmanager_whose_connections_are_reset_costs_no_call() {
    dying(Death::Rst);
}

pub(crate) fn a_frozen_callmanager_is_left_within_seconds_and_costs_no_call() {
    dying(Death::Frozen);
}

pub(crate) fn a_callmanager_whose_packets_are_dropped_is_left_within_seconds_and_costs_no_call() {
    dying(Death::Dropped);
}
