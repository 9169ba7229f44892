//! A CallManager that dies, in every way there is: when the ports are registered with the other one, what becomes of the
//! calls, and the way back. For root alone, like every test with networks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tipring_ctl::report::RegistrationState;
use tipring_tests::callmanager::CallManager;
use tipring_tests::gateway::Gateway;
use tipring_tests::set::Set;

use crate::hung::{Hung, Stage};
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
    /// The cable is pulled out at the gateway.
    Cable,
    /// It freezes, and so have six others of the list, each at another stage.
    Eight,
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
    /// Calls of which one side is not heard afterwards.
    one_way: usize,
    /// From the return of the server to the last registration with it.
    back: Duration,
    /// Of that, after the first port was back: the monitor time, and the others.
    followed: Duration,
    /// Most registrations within a second, there and back.
    rate: [usize; 2],
}

/// A size that a busy machine plays without trouble; `TIPRING_FAILOVER=48,10,3` is the table: ports, calls, rounds.
const SMALL: [u16; 3] = [8, 2, 1];
/// Nobody waits for longer, on a machine that does other things beside.
const LIMIT: Duration = Duration::from_secs(20);
/// The same for the way back.
const LIMIT_BACK: Duration = Duration::from_secs(60);
/// What the two ends of a call say.
const TONES: [f32; 2] = [1004.0, 700.0];
/// CallManager throttles devices from 2000 messages in 5 s on, and a registration is 15 of them.
const THROTTLED: usize = 2000 / 15;

/// A CallManager that answers a standby's keepalives. `TIPRING_DIALECT` names another kind.
fn callmanager(network: &Network, server: u8) -> CallManager {
    match std::env::var("TIPRING_DIALECT") {
        Ok(dialect) => network.callmanager(server, &["--dialect", &dialect]),
        Err(_) => {
            let cisco = ["--dialect", "cisco", "--switch", "standby=acks"];
            network.callmanager(server, &cisco)
        }
    }
}

fn numbers(variable: &str) -> Option<Vec<u16>> {
    let named = std::env::var(variable).ok()?;
    Some(named.split(',').filter_map(|p| p.parse().ok()).collect())
}

fn size() -> [u16; 3] {
    let named = numbers("TIPRING_FAILOVER");
    named.and_then(|p| p.try_into().ok()).unwrap_or(SMALL)
}

/// Ports 1 to 2 n call each other, odd ones the even ones; both sides talk.
fn calls(gateway: &Gateway, n: u16) -> Vec<[Set; 2]> {
    let pairs = (0..n).map(|pair| {
        let [mut caller, mut called] =
            [2 * pair + 1, 2 * pair + 2].map(|p| gateway.set(p).unwrap());
        caller.call(&number_of(gateway, called.port())).unwrap();
        called.answer().unwrap();
        caller.connected().unwrap();
        called.connected().unwrap();
        caller.tone(TONES[0], -13.0).unwrap();
        called.tone(TONES[1], -13.0).unwrap();
        [caller, called]
    });
    let mut pairs: Vec<_> = pairs.collect();
    assert_eq!(one_way(&mut pairs), 0, "before anything has happened");
    pairs
}

/// Calls of which one side does not hear the other.
fn one_way(pairs: &mut [[Set; 2]]) -> usize {
    let mut deaf = 0;
    for [caller, called] in pairs {
        let both = caller.hears_within(&[TONES[1]], 5).is_ok()
            && called.hears_within(&[TONES[0]], 5).is_ok();
        deaf += usize::from(!both);
    }
    deaf
}

fn dies(network: &Network, server: &mut Option<CallManager>, death: Death) {
    match death {
        Death::Fin => *server = None,
        Death::Rst => {
            network.reset_connections(0);
            *server = None;
        }
        Death::Frozen | Death::Eight => server.as_ref().unwrap().signal("STOP").unwrap(),
        Death::Dropped => network.kill(0),
        Death::Cable => network.cable(0, false),
    }
}

fn returns(network: &Network, server: &mut Option<CallManager>, death: Death) {
    match death {
        Death::Fin | Death::Rst => *server = Some(callmanager(network, 0)),
        Death::Frozen | Death::Eight => server.as_ref().unwrap().signal("CONT").unwrap(),
        Death::Dropped => network.revive(0),
        Death::Cable => network.cable(0, true),
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// When each port registered with this server after `from`; ms after it.
fn registrations(gateway: &Gateway, ports: u16, server: u8, from: u64) -> Vec<(u16, u64)> {
    let wanted = Some(Network::address(server).to_string());
    let mut all = vec![];
    for port in 1..=ports {
        let history = gateway.port(port).unwrap().registration.history;
        let there = history.iter().rev().find(|h| {
            h.server == wanted && h.state == RegistrationState::Registered && h.at_unix_ms >= from
        });
        all.extend(there.map(|h| (port, h.at_unix_ms - from)));
    }
    all
}

/// Most of them within this time.
fn most_within(all: &[(u16, u64)], ms: u64) -> usize {
    let within = |from: u64| {
        let counted = all.iter().filter(|(_, at)| (from..from + ms).contains(at));
        counted.count()
    };
    all.iter().map(|(_, at)| within(*at)).max().unwrap_or(0)
}

fn last(all: &[(u16, u64)], from: u16) -> Duration {
    let at = all
        .iter()
        .filter(|(port, _)| *port >= from)
        .map(|(_, at)| *at);
    Duration::from_millis(at.max().unwrap_or(0))
}

/// Servers 1 to 6 hang, each at another stage.
fn hang(network: &Network) -> (Vec<Hung>, CallManager) {
    network.kill(1);
    let frozen = callmanager(network, 2);
    frozen.signal("STOP").unwrap();
    let stages = [Stage::Deaf, Stage::Keepalive, Stage::Accepts, Stage::Half];
    let hung = (3u8..).zip(stages).map(|(server, stage)| {
        let machine = network.machine(server);
        let wrapper = ["ip", "netns", "exec", &machine];
        Hung::start(&wrapper, stage, Network::address(server))
    });
    (hung.collect(), frozen)
}

fn one(death: Death, ports: u16, talking: u16) -> Cost {
    let other = if death == Death::Eight { 7 } else { 1 };
    let network = Network::new(other + 1);
    let place = Place::new();
    let _hung = (death == Death::Eight).then(|| hang(&network));
    let mut first = Some(callmanager(&network, 0));
    let _second = callmanager(&network, other);
    let gateway = network.start(&place, ports, "");
    all_at(&gateway, ports, Network::address(0), SOON * 2);
    let mut pairs = calls(&gateway, talking);
    let before = gateway.calls().unwrap().active.len();
    assert_eq!(before, 2 * usize::from(talking), "calls before the death");
    let (death_at, death_ms) = (Instant::now(), unix_ms());
    dies(&network, &mut first, death);
    let wanted = Network::address(other).to_string();
    let there = |ports: std::ops::RangeInclusive<u16>| {
        until(LIMIT, || {
            let list = gateway.ports()?;
            let away = list.iter().filter(|p| {
                ports.contains(&p.port)
                    && !(p.server.as_ref() == Some(&wanted)
                        && p.registration == RegistrationState::Registered)
            });
            match away.count() {
                0 => Ok(()),
                n => Err(format!("{death:?}: {n} ports are not there")),
            }
        });
    };
    // The first two that have no call: nobody waits for the others before dialing.
    let free = [2 * talking + 1, 2 * talking + 2];
    there(free[0]..=free[1]);
    let [mut set, mut called] = free.map(|port| gateway.set(port).unwrap());
    set.call(&number_of(&gateway, free[1])).unwrap();
    called.answer().unwrap();
    set.connected().unwrap();
    let call = death_at.elapsed();
    there(1..=ports);
    let moved = registrations(&gateway, ports, other, death_ms);
    assert_eq!(moved.len(), usize::from(ports), "{death:?}: {moved:?}");
    let after = gateway.calls().unwrap().active.len();
    let lost = (before + 2).saturating_sub(after);
    let one_way = one_way(&mut pairs);
    for port in 1..=free[1] {
        gateway.set(port).unwrap().hang().unwrap();
    }
    let return_ms = unix_ms();
    returns(&network, &mut first, death);
    all_at(&gateway, ports, Network::address(0), LIMIT_BACK);
    let returned = registrations(&gateway, ports, 0, return_ms);
    assert_eq!(
        returned.len(),
        usize::from(ports),
        "{death:?}: {returned:?}"
    );
    let back = last(&returned, 1);
    let began = returned.iter().map(|(_, at)| *at).min().unwrap_or(0);
    Cost {
        idle: last(&moved, 2 * talking + 1),
        all: last(&moved, 1),
        call,
        lost,
        one_way,
        back,
        followed: back.saturating_sub(Duration::from_millis(began)),
        rate: [most_within(&moved, 1000), most_within(&returned, 1000)],
    }
}

fn dying(death: Death) {
    let [ports, talking, rounds] = size();
    for round in 1..=rounds {
        let cost = one(death, ports, talking);
        let s = |time: Duration| time.as_secs_f32();
        eprintln!(
            "{death:?} {round}: idle {:.1} s, all {:.1} s, first call {:.1} s, lost {}, one-way {}, back {:.1} s (from the first port on {:.1} s), registrations in a second {} and {}",
            s(cost.idle),
            s(cost.all),
            s(cost.call),
            cost.lost,
            cost.one_way,
            s(cost.back),
            s(cost.followed),
            cost.rate[0],
            cost.rate[1],
        );
        assert_eq!((cost.lost, cost.one_way), (0, 0), "{cost:?}");
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

pub(crate) fn a_callmanager_whose_cable_is_cut_is_left_within_seconds_and_costs_no_call() {
    dying(Death::Cable);
}

pub(crate) fn seven_hung_callmanagers_of_eight_cost_no_call() {
    dying(Death::Eight);
}

/// `TIPRING_STORM=480` is the size of a whole site.
pub(crate) fn ports_by_the_hundred_come_at_a_rate_that_no_callmanager_throttles() {
    let ports = numbers("TIPRING_STORM").and_then(|n| n.first().copied());
    let ports = ports.unwrap_or(180);
    let network = Network::new(2);
    let place = Place::new();
    let mut first = Some(callmanager(&network, 0));
    let _second = callmanager(&network, 1);
    let patience = SOON * 4;
    let start_ms = unix_ms();
    let gateway = network.start(&place, ports, "");
    all_at(&gateway, ports, Network::address(0), patience);
    let started = registrations(&gateway, ports, 0, start_ms);
    let death_ms = unix_ms();
    first.take();
    all_at(&gateway, ports, Network::address(1), patience);
    let moved = registrations(&gateway, ports, 1, death_ms);
    let return_ms = unix_ms();
    returns(&network, &mut first, Death::Fin);
    all_at(&gateway, ports, Network::address(0), patience);
    let returned = registrations(&gateway, ports, 0, return_ms);
    for (what, all) in [("start", started), ("death", moved), ("return", returned)] {
        let (second, five) = (most_within(&all, 1000), most_within(&all, 5000));
        eprintln!(
            "{what} of {ports} ports: last registration after {:.1} s, most in a second {second}, in 5 s {five}",
            last(&all, 1).as_secs_f32(),
        );
        assert_eq!(all.len(), usize::from(ports), "{what}");
        assert!(five <= THROTTLED, "{what}: {five} registrations within 5 s");
    }
}
