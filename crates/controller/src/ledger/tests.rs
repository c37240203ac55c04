//! What is counted is counted once, whoever dies in between.

use std::collections::HashMap;

use anneal_protocol::{
    FunctionRef,
    gateway::{Counts, FunctionReport},
};
use proptest::prelude::*;

use super::*;

const DEPLOYMENTS: [&str; 2] = ["f-0000000000", "f-1111111111"];

/// A gateway's report of one Function: answers with 2xx by Deployment.
pub(crate) fn report(uid: &str, boot: &str, answered: &[(&str, u64)]) -> GatewayReport {
    let counts = |answered: u64| Counts {
        requests: answered,
        classes: [0, answered, 0, 0, 0],
        ..Counts::default()
    };
    let function = FunctionRef {
        namespace: "n".to_owned(),
        name: "f".to_owned(),
        uid: uid.to_owned(),
    };
    let deployments = answered.iter().map(|(name, answered)| ((*name).to_owned(), counts(*answered)));
    GatewayReport {
        gateway: format!("gateway of {boot}"),
        boot: boot.to_owned(),
        functions: vec![FunctionReport {
            function,
            generation: 1,
            deployments: deployments.collect(),
            unroutable: 0,
        }],
    }
}

fn names(count: usize) -> Vec<String> {
    DEPLOYMENTS.iter().take(count).map(|name| (*name).to_owned()).collect()
}

fn opened(kept: Vec<Shard>) -> Ledger {
    let ledger = Ledger::default();
    ledger.open(kept, Instant::now());
    ledger.visit("u", names(2).iter(), Instant::now());
    ledger
}

fn total(ledger: &Ledger) -> u64 {
    ledger.requests("u").unwrap_or_default().values().sum()
}

#[tokio::test]
async fn nothing_is_taken_before_it_is_known_what_was_counted_before() {
    let ledger = Ledger::default();
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    assert_eq!(ledger.requests("u"), None);
    ledger.open(Vec::new(), Instant::now());
    ledger.visit("u", names(1).iter(), Instant::now());
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 7)]));
    assert_eq!(total(&ledger), 7, "reports are cumulative");
}

#[tokio::test]
async fn boots_add_up_and_a_report_that_comes_late_or_twice_adds_nothing() {
    let ledger = opened(Vec::new());
    for (boot, answered) in [("a", 5), ("b", 3), ("a", 9), ("a", 9), ("a", 5)] {
        ledger.take(&report("u", boot, &[(DEPLOYMENTS[0], answered)]));
    }
    assert_eq!(total(&ledger), 12);
}

#[tokio::test]
async fn a_boot_that_died_stays_counted_when_its_mark_is_forgotten() {
    let ledger = opened(Vec::new());
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    ledger.due(Instant::now());
    ledger.keep_boots(&BTreeSet::from(["b".to_owned()]));
    assert_eq!(ledger.due(Instant::now()), [], "forgetting a mark is no reason to write");
    ledger.take(&report("u", "b", &[(DEPLOYMENTS[0], 2)]));
    assert_eq!(total(&ledger), 7);
    let kept = ledger.due(Instant::now());
    assert_eq!(kept[0].accounts["u"], r#"{"f-0000000000":{"total":[7],"marks":{"b":[2]}}}"#);
}

#[tokio::test]
async fn only_what_changed_is_written() {
    let ledger = opened(Vec::new());
    assert_eq!(ledger.due(Instant::now()), [], "nobody called");
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    let kept = ledger.due(Instant::now());
    assert_eq!((kept.len(), ledger.due(Instant::now()).len()), (1, 0));
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    ledger.visit("u", names(2).iter(), Instant::now());
    assert_eq!(ledger.due(Instant::now()), [], "an idle Function");
    let ledger = opened(kept.clone());
    assert_eq!(
        (total(&ledger), ledger.due(Instant::now())),
        (5, Vec::new()),
        "a restart writes nothing"
    );
    ledger.again(0);
    assert_eq!(ledger.due(Instant::now()), kept, "what could not be written is due again");
}

#[tokio::test]
async fn a_function_or_a_deployment_that_is_gone_leaves_what_is_kept() {
    let ledger = opened(Vec::new());
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5), (DEPLOYMENTS[1], 2)]));
    ledger.due(Instant::now());
    ledger.visit("u", names(1).iter(), Instant::now());
    assert_eq!((total(&ledger), ledger.due(Instant::now()).len()), (5, 1));
    ledger.forget("u");
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 6)]));
    let kept = ledger.due(Instant::now());
    assert!(kept.len() == 1 && kept[0].accounts.is_empty(), "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_went_while_nobody_looked_is_forgotten_after_an_hour() {
    let ledger = opened(Vec::new());
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    let kept = ledger.due(Instant::now());
    let ledger = Ledger::default();
    ledger.open(kept, Instant::now());
    tokio::time::advance(FORGOTTEN_AFTER).await;
    let kept = ledger.due(Instant::now());
    assert!(kept.len() == 1 && kept[0].accounts.is_empty(), "{kept:?}");
}

#[tokio::test]
async fn what_cannot_be_read_begins_anew_and_counts_nothing_twice() {
    let accounts = BTreeMap::from([("u".to_owned(), "no counts".to_owned())]);
    let ledger = opened(vec![Shard { number: 0, accounts }]);
    ledger.take(&report("u", "a", &[(DEPLOYMENTS[0], 5)]));
    assert_eq!(total(&ledger), 5);
}

#[tokio::test]
async fn of_two_copies_of_a_move_that_was_not_finished_the_newer_counts() {
    let copy = |number, answered: u64| Shard {
        number,
        accounts: BTreeMap::from([("u".to_owned(), format!(r#"{{"f-0000000000":{{"total":[{answered}]}}}}"#))]),
    };
    for kept in [vec![copy(0, 5), copy(1, 7)], vec![copy(0, 7), copy(1, 5)]] {
        let ledger = opened(kept);
        assert_eq!(total(&ledger), 7);
        let kept = ledger.due(Instant::now());
        assert_eq!(
            kept.iter().map(|shard| shard.accounts.len()).sum::<usize>(),
            0,
            "the older copy goes: {kept:?}"
        );
    }
}

#[tokio::test]
async fn no_object_outgrows_what_a_config_map_holds() {
    let (ledger, now) = (Ledger::default(), Instant::now());
    ledger.open(Vec::new(), now);
    let deployments: Vec<String> = (0..5).map(|number| format!("{}-{number:010}", "f".repeat(36))).collect();
    let uids: Vec<String> = (0..600).map(|number| format!("00000000-0000-0000-0000-{number:012}")).collect();
    // Counts grow after the Functions have their places.
    for answered in [1, u64::MAX / 100] {
        for uid in &uids {
            ledger.visit(uid, deployments.iter(), now);
            for boot in 0..8 {
                let answered: Vec<_> = deployments.iter().map(|name| (name.as_str(), answered)).collect();
                ledger.take(&report(uid, &format!("{boot:032}"), &answered));
            }
        }
        let kept = ledger.due(now);
        for shard in &kept {
            let bytes: usize = shard.accounts.iter().map(|(uid, text)| uid.len() + text.len()).sum();
            assert!(
                shard.accounts.len() <= FUNCTIONS && bytes <= MOST_BYTES,
                "{} Functions, {bytes} bytes",
                shard.accounts.len()
            );
        }
        let names: BTreeSet<&String> = kept.iter().flat_map(|shard| shard.accounts.keys()).collect();
        assert_eq!(names.len(), uids.len());
    }
}

/// Something that happens to two gateways and one controller.
#[derive(Clone, Debug)]
enum Happening {
    Requests(usize, usize, u64),
    Report(usize),
    LateReport(usize),
    Visit,
    Keep,
    RestartController,
    RestartGateway(usize),
    ForgetBoots,
}

fn happening() -> impl Strategy<Value = Happening> {
    let gateway = 0..2_usize;
    prop_oneof![
        6 => (gateway.clone(), 0..2_usize, 1..9_u64).prop_map(|(gateway, name, count)| Happening::Requests(gateway, name, count)),
        6 => gateway.clone().prop_map(Happening::Report),
        1 => gateway.clone().prop_map(Happening::LateReport),
        1 => Just(Happening::Visit),
        3 => Just(Happening::Keep),
        2 => Just(Happening::RestartController),
        2 => gateway.prop_map(Happening::RestartGateway),
        1 => Just(Happening::ForgetBoots),
    ]
}

/// Requests of one boot: answered, taken by the controller, and kept in the apiserver.
#[derive(Clone, Copy, Default)]
struct Tally {
    answered: [u64; 2],
    taken: u64,
    kept: u64,
}

proptest! {
    #[test]
    fn no_request_is_counted_twice_and_only_what_was_never_kept_is_lost(happenings in prop::collection::vec(happening(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let _entered = runtime.enter();
        let (mut ledger, mut kept) = (opened(Vec::new()), BTreeMap::<usize, Shard>::new());
        let mut tallies: HashMap<String, Tally> = HashMap::new();
        let (mut boots, mut number) = ([String::from("0"), String::from("1")], 1);
        let mut older: [Option<GatewayReport>; 2] = [None, None];
        let said = |boot: &str, tally: Tally| {
            report("u", boot, &[(DEPLOYMENTS[0], tally.answered[0]), (DEPLOYMENTS[1], tally.answered[1])])
        };
        for happening in happenings {
            match happening {
                Happening::Requests(gateway, name, count) => tallies.entry(boots[gateway].clone()).or_default().answered[name] += count,
                Happening::Report(gateway) => {
                    let tally = tallies.entry(boots[gateway].clone()).or_default();
                    let report = said(&boots[gateway], *tally);
                    ledger.take(&report);
                    tally.taken = tally.answered.iter().sum();
                    older[gateway].get_or_insert(report);
                }
                Happening::LateReport(gateway) => older[gateway].iter().for_each(|report| ledger.take(report)),
                Happening::Visit => ledger.visit("u", names(2).iter(), Instant::now()),
                Happening::Keep => {
                    kept.extend(ledger.due(Instant::now()).into_iter().map(|shard| (shard.number, shard)));
                    for tally in tallies.values_mut() {
                        tally.kept = tally.taken;
                    }
                }
                Happening::RestartController => {
                    ledger = opened(kept.values().cloned().collect());
                    older = [None, None];
                    for tally in tallies.values_mut() {
                        tally.taken = tally.kept;
                    }
                }
                Happening::RestartGateway(gateway) => {
                    number += 1;
                    boots[gateway] = number.to_string();
                    older[gateway] = None;
                }
                Happening::ForgetBoots => ledger.keep_boots(&boots.iter().cloned().collect()),
            }
            let taken: u64 = tallies.values().map(|tally| tally.taken).sum();
            prop_assert_eq!(total(&ledger), taken);
        }
        for boot in &boots {
            let tally = tallies.entry(boot.clone()).or_default();
            ledger.take(&said(boot, *tally));
            tally.taken = tally.answered.iter().sum();
        }
        prop_assert_eq!(total(&ledger), tallies.values().map(|tally| tally.taken).sum::<u64>());
    }
}
