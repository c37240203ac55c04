//! Whole objects as they are rendered, to be read like code: `INSTA_UPDATE=always cargo test -p anneal-controller snapshots`
//! writes them anew.

use insta::assert_yaml_snapshot;

use super::*;

fn program(stage: Stage) -> Program {
    match stage {
        Stage::HotspotAgent => Program::TracedJvm,
        Stage::Hotspot => Program::Jvm,
        Stage::Native | Stage::PgoInstrumented | Stage::PgoOptimized => Program::Binary {
            digest: Digest::of(b"a"),
            bytes: 1,
        },
    }
}

#[test]
fn executors_of_each_stage() {
    let (config, function) = (config(), function());
    let site = Site {
        config: &config,
        function: &function,
    };
    for stage in Stage::ALL {
        let (placement, spec) = executor(stage, program(stage), &wanted(&config));
        let (code, what) = (stage.code().as_str(), stage.as_str());
        assert_yaml_snapshot!(format!("deployment-{code}-{what}"), deployment(site, &placement, &spec));
        assert_yaml_snapshot!(format!("service-{code}-{what}"), headless_service(site, &placement, &spec));
    }
}

#[test]
fn jobs_of_each_kind() {
    let (config, function) = (config(), function());
    let site = Site {
        config: &config,
        function: &function,
    };
    for (wish, job) in wishes().iter().zip(jobs(site, &wanted(&config), &wishes())) {
        assert_yaml_snapshot!(format!("job-{}", wish.code.as_str()), job.object);
    }
}

#[test]
fn what_a_function_has_at_every_stage() {
    let (config, function) = (config(), function());
    let site = Site {
        config: &config,
        function: &function,
    };
    for child in standing(site) {
        assert_yaml_snapshot!(format!("{}-{}", child.kind.as_str(), child.name), child.object);
    }
}

#[test]
fn policies_where_everything_is_named() {
    let (mut config, function) = (config(), function());
    let peer = |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    config.network_policy = serde_json::from_value(json!({
        "dns": [peer("kube-system")],
        "store": {"peers": [peer("minio"), {"ipBlock": {"cidr": "203.0.113.7/32"}}], "ports": [9000]},
        "apiServer": ["10.96.0.1/32", "fd00::1"],
    }))
    .unwrap();
    config.sources.http.allowed_networks = vec!["10.1.0.0/16".to_owned(), "10.2.0.1".to_owned(), "fd01::1".to_owned()];
    let site = Site {
        config: &config,
        function: &function,
    };
    for policy in network_policy::all(site) {
        let name = policy["metadata"]["name"].as_str().unwrap().to_owned();
        assert_yaml_snapshot!(format!("{name}-named"), policy["spec"]["egress"]);
    }
}
