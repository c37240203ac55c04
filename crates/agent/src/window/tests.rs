use std::time::{Duration, Instant};

use anneal_protocol::agent::{AcceptState, TotalsReport};

use super::{Drained, FRESH, GATEWAYS, Tally, jittered};

fn report(gateway: &str, boot: &str, requests: u64) -> TotalsReport {
    TotalsReport {
        gateway: gateway.to_owned(),
        boot: boot.to_owned(),
        requests,
        in_flight: 0,
        seen: AcceptState::Accepting,
    }
}

fn acking(gateway: &str, requests: u64) -> TotalsReport {
    TotalsReport {
        seen: AcceptState::Draining,
        ..report(gateway, "b", requests)
    }
}

#[test]
fn jitter_stays_within_a_fifth_and_reaches_both_ends() {
    for requests in [1, 4, 5, 1000, 1_000_000, u64::MAX / 4] {
        let (low, high) = (requests - requests / 5, requests + requests / 5);
        for chance in [0, 1, requests / 3, 2 * (requests / 5), u64::MAX] {
            let goal = jittered(requests, chance);
            assert!((low.max(1)..=high).contains(&goal), "{requests}: {goal}");
        }
    }
    assert_eq!((jittered(1000, 0), jittered(1000, 400)), (800, 1200));
    assert_eq!(jittered(0, 7), 1);
}

#[test]
fn totals_are_summed_over_gateways_and_boots() {
    let (mut tally, now) = (Tally::default(), Instant::now());
    for (gateway, boot) in [("a", "1"), ("b", "1"), ("a", "2")] {
        tally.count(now, &report(gateway, boot, 0));
    }
    tally.count(now, &report("a", "1", 10));
    tally.count(now, &report("b", "1", 5));
    tally.count(now, &report("a", "2", 1));
    assert_eq!(tally.served(), 16);
}

#[test]
fn what_was_sent_before_the_first_report_belongs_to_others() {
    let (mut tally, now) = (Tally::default(), Instant::now());
    tally.count(now, &report("a", "1", 500));
    tally.count(now, &report("a", "1", 510));
    assert_eq!(tally.served(), 10);
}

#[test]
fn a_new_window_begins_at_zero() {
    let (mut tally, now) = (Tally::default(), Instant::now());
    tally.count(now, &report("a", "1", 0));
    tally.count(now, &report("a", "1", 30));
    tally.open();
    assert_eq!(tally.served(), 0);
    tally.count(now, &report("a", "1", 33));
    assert_eq!(tally.served(), 3);
}

#[test]
fn a_report_that_was_overtaken_takes_nothing_away() {
    let (mut tally, now) = (Tally::default(), Instant::now());
    for requests in [0, 20, 10] {
        tally.count(now, &report("a", "1", requests));
    }
    assert_eq!(tally.served(), 20);
}

#[test]
fn forgotten_gateways_still_count() {
    let (mut tally, now) = (Tally::default(), Instant::now());
    for number in 0..(GATEWAYS + 50) {
        let gateway = format!("g{number}");
        tally.count(now, &report(&gateway, "1", 0));
        tally.count(now, &report(&gateway, "1", 2));
    }
    assert_eq!(tally.gateways.len(), GATEWAYS);
    assert_eq!(tally.served(), 2 * (GATEWAYS as u64 + 50));
    tally.count(now + Duration::from_secs(3600), &report("late", "1", 0));
    assert_eq!(tally.gateways.len(), 1);
    assert_eq!(tally.served(), 2 * (GATEWAYS as u64 + 50));
}

/// A tally with two gateways that were told of the drain at `now`.
fn draining(now: Instant) -> Tally {
    let mut tally = Tally::default();
    for gateway in ["a", "b"] {
        tally.count(now, &report(gateway, "b", 0));
    }
    tally.drain();
    for gateway in ["a", "b"] {
        tally.answer(&report(gateway, "b", 0), AcceptState::Draining);
    }
    tally
}

#[test]
fn a_drain_ends_when_every_gateway_has_acked() {
    let now = Instant::now();
    let mut tally = draining(now);
    tally.answer(&acking("a", 0), AcceptState::Draining);
    assert_eq!(tally.drained(now), Drained::NotBefore(now + FRESH));
    tally.answer(&acking("b", 0), AcceptState::Draining);
    assert_eq!(tally.drained(now), Drained::Yes);
}

#[test]
fn requests_in_flight_are_no_ack() {
    let now = Instant::now();
    let mut tally = draining(now);
    tally.answer(&acking("a", 0), AcceptState::Draining);
    let waiting = TotalsReport {
        in_flight: 1,
        ..acking("b", 0)
    };
    tally.answer(&waiting, AcceptState::Draining);
    assert_ne!(tally.drained(now), Drained::Yes);
}

#[test]
fn an_ack_of_an_earlier_drain_is_none_of_this_one() {
    let now = Instant::now();
    let mut tally = draining(now);
    tally.drain();
    // Both still say what they saw the last time; they have not been told of this drain yet.
    for gateway in ["a", "b"] {
        tally.answer(&acking(gateway, 0), AcceptState::Draining);
    }
    assert_ne!(tally.drained(now), Drained::Yes);
    for gateway in ["a", "b"] {
        tally.answer(&acking(gateway, 0), AcceptState::Draining);
    }
    assert_eq!(tally.drained(now), Drained::Yes);
}

#[test]
fn a_gateway_that_vanished_is_waited_for_five_seconds() {
    let now = Instant::now();
    let mut tally = draining(now);
    tally.answer(&acking("a", 0), AcceptState::Draining);
    let almost = now + Duration::from_millis(4999);
    assert_eq!(tally.drained(almost), Drained::NotBefore(now + FRESH));
    assert_eq!(tally.drained(now + FRESH), Drained::Yes);
}

#[test]
fn without_gateways_there_is_nothing_to_wait_for() {
    assert_eq!(Tally::default().drained(Instant::now()), Drained::Yes);
}
