use std::time::{Duration, Instant};

use anneal_protocol::agent::{AcceptState, Collects, TotalsReport, Window};

use super::{Figures, Machine, Rules, Step};
use crate::window::FRESH;

const DRAIN: Duration = Duration::from_secs(60);
const SETTLE: Duration = Duration::from_secs(2);

fn machine(window: impl Into<Option<Window>>) -> Machine {
    let window = window.into();
    let mut machine = Machine::new(Rules {
        window,
        drain: DRAIN,
        settle: SETTLE,
    });
    machine.start(3);
    machine
}

fn profiles() -> Window {
    Window {
        collects: Collects::Profile,
        requests: 1000,
        max_seconds: Some(300),
    }
}

fn metadata() -> Window {
    Window {
        collects: Collects::Metadata,
        requests: 1000,
        max_seconds: Some(600),
    }
}

/// A gateway, as far as the agent can tell.
struct Gateway {
    name: &'static str,
    requests: u64,
    in_flight: u64,
    seen: AcceptState,
}

impl Gateway {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            requests: 0,
            in_flight: 0,
            seen: AcceptState::Starting,
        }
    }

    fn report(&mut self, machine: &mut Machine, now: Instant) -> AcceptState {
        let report = TotalsReport {
            gateway: self.name.to_owned(),
            boot: "1".to_owned(),
            requests: self.requests,
            in_flight: self.in_flight,
            seen: self.seen,
        };
        self.seen = machine.report(now, &report).state;
        self.seen
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn nothing_is_accepted_before_the_child_answers() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    assert_eq!(Gateway::new("a").report(&mut machine, now), AcceptState::Starting);
    assert_eq!(machine.poll(now), Step::Wait(None));
    machine.accept(now, 0);
    assert_eq!(Gateway::new("a").report(&mut machine, now), AcceptState::Accepting);
}

#[test]
fn a_window_rotates_at_its_jittered_goal() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let mut gateway = Gateway::new("a");
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    gateway.requests = 799;
    assert_eq!(gateway.report(&mut machine, now), AcceptState::Accepting);
    gateway.requests = 800;
    gateway.in_flight = 2;
    assert_eq!(gateway.report(&mut machine, now), AcceptState::Draining);
    assert_eq!(machine.poll(now), Step::Wait(Some(now + FRESH)));
    gateway.in_flight = 0;
    gateway.report(&mut machine, now + seconds(1));
    assert_eq!(machine.poll(now + seconds(1)), Step::EndChild);
    let figures = machine.figures(now + seconds(1));
    assert_eq!(figures, Figures { requests: 800, seconds: 1 });

    machine.start(4);
    assert_eq!(gateway.report(&mut machine, now + seconds(2)), AcceptState::Starting);
    machine.accept(now + seconds(3), 400);
    assert_eq!(machine.figures(now + seconds(3)).requests, 0);
    gateway.requests = 800 + 1199;
    assert_eq!(gateway.report(&mut machine, now + seconds(4)), AcceptState::Accepting);
    gateway.requests += 1;
    assert_eq!(gateway.report(&mut machine, now + seconds(5)), AcceptState::Draining);
}

#[test]
fn a_metadata_window_has_no_jitter() {
    let (mut machine, now) = (machine(metadata()), Instant::now());
    let mut gateway = Gateway::new("a");
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    gateway.requests = 999;
    assert_eq!(gateway.report(&mut machine, now), AcceptState::Accepting);
    gateway.requests = 1000;
    assert_eq!(gateway.report(&mut machine, now), AcceptState::Draining);
}

#[test]
fn a_window_ends_by_time() {
    let (mut machine, now) = (machine(metadata()), Instant::now());
    machine.accept(now, 0);
    assert_eq!(machine.poll(now), Step::Wait(Some(now + seconds(600))));
    assert_eq!(machine.poll(now + seconds(600)), Step::EndChild);
}

#[test]
fn an_idle_profile_window_goes_on() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let mut gateway = Gateway::new("a");
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    assert_eq!(machine.poll(now + seconds(900)), Step::Wait(None));
    gateway.requests = 1;
    let state = gateway.report(&mut machine, now + seconds(901));
    assert_eq!(state, AcceptState::Draining);
}

#[test]
fn a_gateway_that_vanished_holds_the_drain_for_five_seconds() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let (mut lost, mut gateway) = (Gateway::new("lost"), Gateway::new("a"));
    lost.report(&mut machine, now);
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    lost.requests = 1;
    lost.in_flight = 1;
    lost.report(&mut machine, now + seconds(1));
    gateway.requests = 2000;
    gateway.report(&mut machine, now + seconds(2));
    gateway.report(&mut machine, now + seconds(3));
    assert_eq!(machine.poll(now + seconds(3)), Step::Wait(Some(now + seconds(6))));
    assert_eq!(machine.poll(now + seconds(6)), Step::EndChild);
}

#[test]
fn a_drain_ends_at_its_deadline() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let mut gateway = Gateway::new("a");
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    (gateway.requests, gateway.in_flight) = (2000, 1);
    for second in 0..60 {
        gateway.report(&mut machine, now + seconds(second));
        let step = machine.poll(now + seconds(second));
        assert!(matches!(step, Step::Wait(Some(_))), "after {second} s: {step:?}");
    }
    assert_eq!(machine.poll(now + DRAIN), Step::EndChild);
}

#[test]
fn a_pod_that_goes_drains_whatever_it_has_served() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let mut gateway = Gateway::new("a");
    gateway.report(&mut machine, now);
    machine.accept(now, 0);
    gateway.requests = 7;
    gateway.report(&mut machine, now);
    machine.leave(now);
    assert_eq!(machine.poll(now), Step::Wait(Some(now + FRESH)));
    gateway.requests = 8;
    assert_eq!(gateway.report(&mut machine, now), AcceptState::Draining);
    gateway.report(&mut machine, now);
    assert_eq!(machine.poll(now), Step::EndChild);
    assert_eq!(machine.figures(now).requests, 8);
}

#[test]
fn a_pod_without_windows_stays_up_until_its_gateways_have_heard() {
    let (mut machine, now) = (machine(None), Instant::now());
    machine.accept(now, 0);
    assert_eq!(machine.poll(now + seconds(99_999)), Step::Wait(None));
    machine.leave(now);
    assert_eq!(machine.poll(now), Step::Wait(Some(now + SETTLE)));
    assert_eq!(machine.poll(now + SETTLE), Step::EndChild);
}

#[test]
fn a_pod_that_goes_while_its_child_starts_drains_at_once() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    machine.leave(now);
    assert_eq!(machine.state(), AcceptState::Starting);
    machine.accept(now, 0);
    assert_eq!(machine.poll(now), Step::EndChild);
}

#[test]
fn a_closed_pod_accepts_nothing_and_waits() {
    let (mut machine, now) = (machine(metadata()), Instant::now());
    machine.accept(now, 0);
    machine.close();
    assert_eq!(Gateway::new("a").report(&mut machine, now), AcceptState::Closed);
    assert_eq!(machine.poll(now + seconds(10_000)), Step::Wait(None));
}

#[test]
fn the_reply_names_the_window() {
    let (mut machine, now) = (machine(profiles()), Instant::now());
    let report = TotalsReport {
        gateway: "a".to_owned(),
        boot: "1".to_owned(),
        requests: 0,
        in_flight: 0,
        seen: AcceptState::Starting,
    };
    assert_eq!(machine.report(now, &report).window, 3);
}
