//! What is rendered: restricted pods, no credential, one owner, deterministic.

use std::collections::{BTreeMap, BTreeSet};

use anneal_core::{
    digest::{BuildKey, Digest},
    names,
    plan::{ExecutorSpec, JobWish, JobWork, Program},
    revision::{Contract, Handler, Inputs, Revision},
    spec::{Identity, Source, Tracer, Wanted},
    stage::{Code, Stage},
    state::Placement,
    template::{self, Template},
};
use serde_json::{Value, json};

use super::*;
use crate::convert;

mod snapshots;

fn config() -> Config {
    serde_json::from_value(json!({
        "clusterDomain": "cluster.local",
        "gatewayService": {"name": "anneal-gateway", "namespace": "anneal-system", "port": 80},
        "gatewaySelector": {"app.kubernetes.io/component": "gateway"},
        "depotSelector": {"app.kubernetes.io/component": "depot"},
        "depotUrl": "https://depot:8081",
        "image": "anneal:1",
        "imagePullPolicy": "IfNotPresent",
        "defaultToolchain": "t",
        "toolchains": {"t": {"edition": "Oracle", "builder": "b:1", "tracerJvm": "t:1", "jvm": "j:1", "nativeBase": "n:1", "architecture": "amd64"}},
    }))
    .unwrap()
}

fn function() -> Identity {
    Identity {
        namespace: "shop".to_owned(),
        name: "hello".to_owned(),
        uid: "uid-1".to_owned(),
        generation: 1,
    }
}

fn wanted(config: &Config) -> Wanted {
    let spec = serde_json::from_value(json!({
        "source": {"configMap": {"name": "hello-jar", "key": "app.jar"}},
        "env": [{"name": "A", "value": "1"}, {"name": "B", "secretKeyRef": {"name": "s", "key": "k"}}, {"name": "EMPTY", "value": ""}],
    }));
    convert::wanted(&spec.unwrap(), |name| config.toolchain(name)).unwrap()
}

fn inputs() -> Inputs {
    Inputs {
        jar: Digest::of(b"jar"),
        entry: Some(Digest::of(b"entry")),
        handler: Handler {
            class: "a.B".to_owned(),
            method: "main".to_owned(),
            contract: Contract::Map,
        },
        launcher: Digest::of(b"launcher"),
        builder: "b:1".to_owned(),
        jvm: "j:1".to_owned(),
        tracer_jvm: "t:1".to_owned(),
        tracer: Tracer::Anneal,
        native_base: "n:1".to_owned(),
        architecture: "amd64".to_owned(),
        arguments: vec!["-O2".to_owned()],
    }
}

fn revision() -> Revision {
    Revision {
        number: 1,
        generation: 1,
        inputs: inputs(),
        metadata: Some(Digest::of(b"m")),
        profile: Some(Digest::of(b"p")),
        passed: BTreeSet::new(),
        retrace: None,
    }
}

fn executor(stage: Stage, program: Program, wanted: &Wanted) -> (Placement, ExecutorSpec) {
    let (key, template) = (BuildKey::new(Digest::of(b"key")), Template::of(wanted, stage));
    let deployment = names::deployment("hello", &key, &template.digest());
    let agent_image = "anneal:1".to_owned();
    let spec = ExecutorSpec {
        template,
        version: template::VERSION,
        agent_image,
        image: "i:1".to_owned(),
        program,
        revision: revision().as_recorded_at(stage),
    };
    (Placement { stage, key, deployment }, spec)
}

fn wishes() -> Vec<JobWish> {
    let key = BuildKey::new(Digest::of(b"key"));
    let resolve = JobWork::Resolve {
        source: Source::ConfigMap {
            name: "hello-jar".to_owned(),
            key: "app.jar".to_owned(),
            sha256: None,
        },
        sha256: Digest::of(b"jar"),
    };
    let build = |stage| JobWork::Build {
        stage,
        inputs: Box::new(inputs()),
        metadata: Some(Digest::of(b"m")),
        profile: (stage == Stage::PgoOptimized).then(|| (key.clone(), Digest::of(b"p"))),
    };
    let works = [
        (Code::Resolve, resolve),
        (Stage::Native.code(), build(Stage::Native)),
        (Stage::PgoInstrumented.code(), build(Stage::PgoInstrumented)),
        (Stage::PgoOptimized.code(), build(Stage::PgoOptimized)),
    ];
    let wish = |(code, work)| JobWish {
        name: names::job("hello", code, &key, 1),
        code,
        key: key.clone(),
        attempt: 1,
        memory_mebibytes: 1024,
        work,
    };
    works.into_iter().map(wish).collect()
}

/// Every pod template that can be rendered, by what it is for.
fn pods() -> BTreeMap<String, Value> {
    let (config, function) = (config(), function());
    let (site, wanted) = (
        Site {
            config: &config,
            function: &function,
        },
        wanted(&config),
    );
    let programs = [
        (Stage::HotspotAgent, Program::TracedJvm),
        (Stage::Hotspot, Program::Jvm),
        (
            Stage::Native,
            Program::Binary {
                digest: Digest::of(b"a"),
                bytes: 1,
            },
        ),
        (
            Stage::PgoInstrumented,
            Program::Binary {
                digest: Digest::of(b"a"),
                bytes: 1,
            },
        ),
    ];
    let executors = programs.into_iter().map(|(stage, program)| {
        let (placement, spec) = executor(stage, program, &wanted);
        (
            stage.as_str().to_owned(),
            deployment(site, &placement, &spec)["spec"]["template"]["spec"].clone(),
        )
    });
    let jobs = jobs(site, &wanted, &wishes())
        .into_iter()
        .map(|job| (job.name, job.object["spec"]["template"]["spec"].clone()));
    executors.chain(jobs).collect()
}

#[test]
fn every_pod_is_restricted_and_holds_no_token_but_the_depots() {
    let pods = pods();
    assert_eq!(pods.len(), 8);
    for (name, pod) in &pods {
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        assert_eq!(pod["enableServiceLinks"], false, "{name}");
        let context = &pod["securityContext"];
        assert_eq!(
            (&context["runAsNonRoot"], &context["seccompProfile"]["type"]),
            (&json!(true), &json!("RuntimeDefault")),
            "{name}"
        );
        let containers = ["initContainers", "containers"]
            .iter()
            .flat_map(|list| pod[*list].as_array().unwrap());
        for container in containers {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{name}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        }
        for volume in pod["volumes"].as_array().unwrap() {
            let allowed = ["emptyDir", "projected", "configMap"].iter().any(|kind| volume.get(kind).is_some());
            assert!(allowed, "{name}: {volume}");
        }
        let sources: Vec<&Value> = pod["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|volume| volume["projected"]["sources"].as_array())
            .flatten()
            .collect();
        assert_eq!(sources.len(), 2, "{name}");
        assert_eq!(sources[0]["serviceAccountToken"]["audience"], "anneal-depot", "{name}");
        assert_eq!(
            sources[1]["configMap"],
            json!({"name": "anneal-trust", "items": [{"key": "ca.crt", "path": "ca.crt"}]}),
            "{name}: the authorities lie where the agent looks for them"
        );
    }
}

#[test]
fn exact_metadata_is_asked_of_every_build_but_the_instrumented() {
    for (name, pod) in pods() {
        let env = pod["containers"][0]["env"].as_array().unwrap().clone();
        let config = env.iter().find(|variable| variable["name"] == "ANNEAL_AGENT_CONFIG").unwrap()["value"]
            .as_str()
            .unwrap()
            .to_owned();
        let exact = config.contains("--exact-reachability-metadata");
        assert_eq!(
            exact,
            name.starts_with("hello-n-") || name.starts_with("hello-o-"),
            "{name}: {config}"
        );
    }
}

#[test]
fn what_a_policy_leaves_out_lies_within_what_it_leaves_it_out_of() {
    let (mut config, function) = (config(), function());
    config.network_policy.api_server = ["10.96.0.1/32", "fd00::1/128", "2001:4860::1/128"].map(str::to_owned).to_vec();
    let site = Site {
        config: &config,
        function: &function,
    };
    for policy in network_policy::all(site) {
        let peers = policy["spec"]["egress"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|rule| rule["to"].as_array().into_iter().flatten());
        for block in peers.filter_map(|peer| peer.get("ipBlock")) {
            let excepted = block["except"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|network| network.as_str().unwrap());
            for network in excepted {
                let fits = match block["cidr"].as_str().unwrap() {
                    "0.0.0.0/0" => !network.contains(':'),
                    "2000::/3" => network.starts_with(['2', '3']) && network.contains(':'),
                    _ => network.contains(':'),
                };
                assert!(fits, "{network} in {block}");
            }
        }
    }
}

#[test]
fn a_build_reaches_nothing_but_dns_depot_and_store() {
    let (config, function) = (config(), function());
    let site = Site {
        config: &config,
        function: &function,
    };
    let policy = network_policy::all(site)
        .into_iter()
        .find(|policy| policy["metadata"]["name"] == "anneal-hello-build")
        .unwrap();
    let rules = policy["spec"]["egress"].as_array().unwrap();
    assert_eq!(rules.len(), 3);
    assert_eq!(
        rules[1]["to"][0]["podSelector"]["matchLabels"],
        json!({"app.kubernetes.io/component": "depot"})
    );
}

#[test]
fn every_child_is_owned_by_its_function_and_carries_none_of_its_labels() {
    let (config, function) = (config(), function());
    let (site, wanted) = (
        Site {
            config: &config,
            function: &function,
        },
        wanted(&config),
    );
    let children = standing(site).into_iter().chain(jobs(site, &wanted, &wishes()));
    for child in children {
        let owner = &child.object["metadata"]["ownerReferences"][0];
        assert_eq!(
            (&owner["uid"], &owner["controller"]),
            (&json!("uid-1"), &json!(true)),
            "{}",
            child.name
        );
        assert_eq!(
            child.object["metadata"]["labels"]["app.kubernetes.io/instance"], "hello",
            "{}",
            child.name
        );
        assert!(child.name.len() <= 63, "{}", child.name);
    }
}

#[test]
fn only_executors_that_collect_are_marked_for_the_gateways() {
    let (config, function) = (config(), function());
    let (site, wanted) = (
        Site {
            config: &config,
            function: &function,
        },
        wanted(&config),
    );
    for (stage, marked) in [(Stage::HotspotAgent, true), (Stage::Hotspot, false), (Stage::PgoInstrumented, true)] {
        let (placement, spec) = executor(stage, Program::Jvm, &wanted);
        for object in [
            deployment(site, &placement, &spec)["spec"]["template"].clone(),
            headless_service(site, &placement, &spec),
        ] {
            assert_eq!(
                object["metadata"]["labels"].get("anneal.dev/windows").is_some(),
                marked,
                "{stage:?}"
            );
            assert_eq!(object["metadata"]["labels"]["anneal.dev/deployment"], placement.deployment.as_str());
        }
    }
}
