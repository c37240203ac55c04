use std::path::Path;

use anneal_protocol::{
    FunctionRef,
    agent::{AgentConfig, Build, BuildKind, JarInput, Resolve, Source, Work},
    depot::Confirmation,
    handler::{Contract, Handler, HandlerRequest},
    termination::Termination,
};
use clap::Parser;
use tempfile::TempDir;

use crate::{
    Args, run,
    testing::{Backend, jar, map_class},
};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// A container's folder, and the flags that make the agent use it.
fn container(config: &str, authorities: &str) -> (TempDir, Args) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string();
    for (name, content) in [
        ("token", "token"),
        ("ca.crt", authorities),
        ("launcher.jar", "jar"),
        ("termination-log", ""),
    ] {
        std::fs::write(path(name), content).unwrap();
    }
    let mut words = vec!["agent".into(), "--config".into(), config.into()];
    for (flag, name) in [
        ("--work-dir", "work"),
        ("--token-file", "token"),
        ("--authorities-file", "ca.crt"),
        ("--launcher", "launcher.jar"),
        ("--source-dir", "source"),
        ("--termination-log", "termination-log"),
        ("--native-image", "no-such-compiler"),
    ] {
        words.extend([flag.into(), path(name)]);
    }
    let args = Command::parse_from(words).args;
    (folder, args)
}

fn config(depot: &str, work: Work) -> String {
    let function = FunctionRef {
        namespace: "shop".to_owned(),
        name: "filehash".to_owned(),
        uid: "u-1".to_owned(),
    };
    serde_json::to_string(&AgentConfig {
        function,
        depot: depot.to_owned(),
        work,
    })
    .unwrap()
}

fn message(folder: &TempDir) -> Option<Termination> {
    Termination::parse(&std::fs::read_to_string(folder.path().join("termination-log")).unwrap())
}

fn resolve() -> Work {
    let source = Source::ConfigMap {
        key: "app.jar".to_owned(),
        sha256: None,
    };
    Work::Resolve(Resolve {
        source,
        handler: HandlerRequest::default(),
    })
}

fn mount(folder: &Path, bytes: &[u8]) {
    std::fs::create_dir(folder.join("source")).unwrap();
    std::fs::write(folder.join("source/app.jar"), bytes).unwrap();
}

#[tokio::test]
async fn work_that_is_done_says_so() {
    let backend = Backend::start().await;
    let (folder, args) = container(&config(&backend.base, resolve()), &backend.site.authorities.bundle());
    mount(folder.path(), &jar(&[("A.class", &map_class("A"))]));
    run(args).await.unwrap();
    assert_eq!(message(&folder), Some(Termination::Done));
    assert!(matches!(backend.facts().confirmations[0], Confirmation::Jar(_)));
}

#[tokio::test]
async fn work_that_fails_says_why_and_is_an_error() {
    let backend = Backend::start().await;
    let (folder, args) = container(&config(&backend.base, resolve()), &backend.site.authorities.bundle());
    mount(folder.path(), b"not a jar");
    run(args).await.unwrap_err();
    assert_eq!(message(&folder), Some(Termination::JarInvalid));
}

#[tokio::test]
async fn a_build_without_its_inputs_says_so() {
    let handler = Handler {
        class: "A".to_owned(),
        method: "main".to_owned(),
        contract: Contract::Map,
    };
    let work = Work::Build(Build {
        build_key: "key".to_owned(),
        kind: BuildKind::Native,
        jar: JarInput {
            sha256: "00".to_owned(),
            entry: None,
            handler,
        },
        metadata: None,
        profile: None,
        arguments: Vec::new(),
        timeout_seconds: 1,
    });
    let backend = Backend::start().await;
    let refusal = crate::testing::Fault::Refuse(anneal_protocol::problem::ProblemCode::NotFound);
    backend.facts().grant_faults.push_back(refusal);
    let (folder, args) = container(&config(&backend.base, work), &backend.site.authorities.bundle());
    run(args).await.unwrap_err();
    assert_eq!(message(&folder), Some(Termination::InputUnavailable));
}

#[tokio::test]
async fn a_configuration_of_another_shape_is_a_fault_of_ours() {
    let plain = config("http://depot:8081", resolve());
    for config in ["", "{}", "{\"function\":{}}", &plain] {
        let (folder, args) = container(config, "");
        run(args).await.unwrap_err();
        assert_eq!(message(&folder), Some(Termination::AgentFault), "{config:?}");
    }
}

#[test]
fn the_defaults_are_the_contracts() {
    let args = Command::parse_from(["agent", "--config", "{}"]).args;
    assert_eq!(args.work_dir, Path::new("/var/lib/anneal/work"));
    assert_eq!(args.token_file, Path::new("/var/run/secrets/anneal.dev/token"));
    assert_eq!(args.authorities_file, Path::new("/var/run/secrets/anneal.dev/ca.crt"));
    assert_eq!(args.launcher, Path::new("/var/lib/anneal/bin/anneal-launcher.jar"));
    assert_eq!(args.termination_log, Path::new("/dev/termination-log"));
    assert_eq!((args.control_port, args.function_port), (9901, 8080));
}
