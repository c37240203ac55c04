use std::io::Read as _;

use anneal_protocol::{
    agent::{Build, BuildKind, JarInput, ProfileInput, Work},
    depot::{Confirmation, Readable, Writable},
    handler::{Contract, Handler},
    problem::ProblemCode,
    termination::Termination,
};
use flate2::read::GzDecoder;

use super::build;
use crate::{
    signals::{Ears, Signals},
    testing::{Backend, Fault, Pod, eventually, jar, lines, map_class, profile, sha256, soon},
};

/// What a compiler does that succeeds; `$PGO` is what it reports.
const COMPILE: &str = r#"
echo "compiling"
tr -d '"' < "${1#@}" > seen
out=$(sed -n '/^-o$/{n;p;}' seen)
report=$(sed -n 's/^-H:BuildOutputJSONFile=//p' seen)
echo "{\"general_info\":{\"graal_compiler\":{\"pgo\":$PGO}}}" > "$report"
printf binary > "$out"
"#;

struct Case {
    backend: Backend,
    pod: Pod,
    work: Build,
    ears: Ears,
    signals: Signals,
}

impl Case {
    async fn new(kind: BuildKind, compiler: &str) -> Self {
        let app = jar(&[("shop/FileHash.class", &map_class("shop/FileHash"))]);
        Self::with_jar(kind, compiler, &app).await
    }

    async fn with_jar(kind: BuildKind, compiler: &str, app: &[u8]) -> Self {
        let backend = Backend::start().await;
        let merged = profile(99);
        let work = Build {
            build_key: "key".to_owned(),
            kind,
            jar: JarInput {
                sha256: sha256(app),
                entry: Some(sha256(b"entry")),
                handler: Handler {
                    class: "shop.FileHash".to_owned(),
                    method: "main".to_owned(),
                    contract: Contract::Map,
                },
            },
            metadata: Some(sha256(b"{}")),
            profile: (kind == BuildKind::Optimized).then(|| ProfileInput {
                build_key: "instrumented".to_owned(),
                digest: sha256(merged.as_bytes()),
            }),
            arguments: vec!["-O2".to_owned(), "-Dgreeting=hi \"there\"".to_owned()],
            timeout_seconds: 60,
        };
        let metadata = Readable::Metadata {
            jar: sha256(app),
            digest: sha256(b"{}"),
        };
        let profile = Readable::Profile {
            build_key: "instrumented".to_owned(),
            digest: sha256(merged.as_bytes()),
        };
        for (object, bytes) in [
            (Readable::Jar { sha256: sha256(app) }, app),
            (Readable::Entry { sha256: sha256(b"entry") }, b"entry"),
            (metadata, b"{}"),
            (profile, merged.as_bytes()),
        ] {
            backend.put(&object, bytes);
        }
        let mut pod = Pod::new(&backend, Work::Build(work.clone()));
        let compiler = pod.script("native-image", compiler);
        compiler.to_str().unwrap().clone_into(&mut pod.settings.native_image);
        let (ears, signals) = Signals::pair();
        Self {
            backend,
            pod,
            work,
            ears,
            signals,
        }
    }

    async fn run(&self) -> Result<(), Option<Termination>> {
        let transfer = self.pod.transfer();
        let built = build(&self.pod.settings, &self.work, &transfer, &self.signals);
        soon(built).await.map_err(|error| error.termination())
    }

    fn log(&self) -> String {
        let object = Writable::BuildLog {
            build_key: "key".to_owned(),
        };
        let packed = self.backend.written(&object).unwrap();
        let mut text = String::new();
        GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
        text
    }

    /// The arguments, as the compiler saw them.
    fn seen(&self) -> Vec<String> {
        let file = self.pod.settings.workspace.output().join("seen");
        let work = self.pod.settings.workspace.root().display().to_string();
        let launcher = self.pod.settings.launcher.display().to_string();
        let short = |line: &String| line.replace(&work, "W").replace(&launcher, "L");
        lines(&file).iter().map(short).collect()
    }
}

fn compiler(pgo: &str) -> String {
    format!("PGO='{pgo}'{COMPILE}")
}

#[tokio::test]
async fn an_executable_is_stored_and_confirmed() {
    let case = Case::new(BuildKind::Native, &compiler("null")).await;
    assert_eq!(case.run().await, Ok(()));
    let artifact = Writable::Artifact {
        build_key: "key".to_owned(),
    };
    assert_eq!(case.backend.written(&artifact).unwrap(), b"binary");
    let report = Writable::BuildOutput {
        build_key: "key".to_owned(),
    };
    assert!(case.backend.written(&report).is_some());
    assert_eq!(case.log(), "compiling\n");
    let confirmations = case.backend.confirmed(1).await;
    let Confirmation::Build {
        build_key,
        sha256: digest,
        bytes: 6,
        ..
    } = &confirmations[0]
    else {
        panic!("{confirmations:?}")
    };
    assert_eq!((build_key.as_str(), digest), ("key", &sha256(b"binary")));
    let expected = [
        "-cp",
        "W/inputs/app.jar:W/inputs/entry.jar:L",
        "-o",
        "W/out/function",
        "-H:BuildOutputJSONFile=W/out/build-output.json",
        "-H:ConfigurationFileDirectories=W/metadata",
        "-O2",
        "-Dgreeting=hi \\there\\",
        "anneal.Entry",
    ];
    assert_eq!(case.seen(), expected);
}

#[tokio::test]
async fn each_kind_has_its_arguments_and_its_proof() {
    let instrumented = Case::new(BuildKind::Instrumented, &compiler("[\"instrument\"]")).await;
    assert_eq!(instrumented.run().await, Ok(()));
    assert!(instrumented.seen().contains(&"--pgo-instrument".to_owned()));

    let optimized = Case::new(BuildKind::Optimized, &compiler("[\"user-provided\"]")).await;
    assert_eq!(optimized.run().await, Ok(()));
    assert!(optimized.seen().contains(&"--pgo=W/profile.iprof".to_owned()));

    for pgo in ["null", "[]", "[\"ML-inferred\"]"] {
        let case = Case::new(BuildKind::Optimized, &compiler(pgo)).await;
        assert_eq!(case.run().await, Err(Some(Termination::PgoNotApplied)), "{pgo}");
        assert!(case.backend.facts().confirmations.is_empty());
        assert_eq!(case.log(), "compiling\n");
    }
}

#[tokio::test]
async fn every_failure_of_a_compiler_has_its_word_and_its_log() {
    for (script, expected) in [
        ("echo oops >&2; exit 1", Termination::BuildFailed { exit: 1 }),
        ("kill -11 $$", Termination::BuildFailed { exit: 139 }),
        ("exit 137", Termination::BuildOutOfMemory),
        ("kill -9 $$", Termination::BuildOutOfMemory),
        (
            "echo 'java.lang.OutOfMemoryError: Java heap space'; exit 1",
            Termination::BuildOutOfMemory,
        ),
        ("echo \"Error: Could not find option 'PGO'.\"; exit 1", Termination::PgoUnavailable),
        (
            "echo 'Error: Failed to read PGO profile: unexpected end'; exit 1",
            Termination::ProfileRefused,
        ),
        ("exit 0", Termination::BuildNoArtifact),
        ("ln -s /etc/passwd function", Termination::BuildNoArtifact),
        ("printf x > function", Termination::BuildFailed { exit: 0 }),
    ] {
        let case = Case::new(BuildKind::Optimized, script).await;
        assert_eq!(case.run().await, Err(Some(expected)), "{script}");
        case.log();
        assert!(case.backend.facts().confirmations.is_empty());
    }
}

#[tokio::test]
async fn a_compiler_that_does_not_end_is_killed_with_its_group() {
    let mut case = Case::new(BuildKind::Native, "sleep 600 & echo $! > left; wait").await;
    case.work.timeout_seconds = 1;
    assert_eq!(case.run().await, Err(Some(Termination::BuildTimeout)));
    let left = lines(&case.pod.settings.workspace.output().join("left")).remove(0);
    eventually(async || {
        let stat = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_goes_ends_the_compiler_and_says_nothing_of_the_build() {
    let script = "trap 'exit 143' TERM; touch up; while :; do sleep 60 & wait $!; done";
    let case = Case::new(BuildKind::Native, script).await;
    let up = case.pod.settings.workspace.output().join("up");
    let goes = async {
        eventually(async || up.exists().then_some(())).await;
        case.ears.leave();
    };
    let (built, ()) = tokio::join!(case.run(), goes);
    assert_eq!(built, Err(None));
}

#[tokio::test]
async fn a_compiler_that_is_not_there_is_a_failed_build() {
    let mut case = Case::new(BuildKind::Native, "").await;
    "/nowhere/at/all".clone_into(&mut case.pod.settings.native_image);
    assert_eq!(case.run().await, Err(Some(Termination::BuildFailed { exit: 127 })));
}

#[tokio::test]
async fn faults_of_depot_and_store_are_told_apart() {
    let case = Case::new(BuildKind::Native, &compiler("null")).await;
    let refuse = |code, times| {
        let faults = std::iter::repeat_n(Fault::Refuse(code), times);
        case.backend.facts().grant_faults.extend(faults);
    };
    refuse(ProblemCode::Gone, 1);
    assert_eq!(case.run().await, Err(Some(Termination::Gone)));
    refuse(ProblemCode::NotFound, 1);
    assert_eq!(case.run().await, Err(Some(Termination::InputUnavailable)));
    refuse(ProblemCode::Unavailable, 4);
    assert_eq!(case.run().await, Err(Some(Termination::DepotUnavailable)));
    case.backend.facts().confirm_faults.push_back(Fault::Refuse(ProblemCode::Forbidden));
    assert_eq!(case.run().await, Err(Some(Termination::DepotUnavailable)));
    case.backend.facts().confirm_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    assert_eq!(case.run().await, Err(Some(Termination::Gone)));

    let mut lacking = Case::new(BuildKind::Optimized, &compiler("null")).await;
    lacking.work.profile = None;
    assert_eq!(lacking.run().await, Err(Some(Termination::AgentFault)));
}

#[tokio::test]
async fn forbidden_arguments_of_a_jar_do_not_reach_the_compiler() {
    let properties = b"Args = -o /tmp/evil --enable-http".as_slice();
    let app = jar(&[
        ("shop/FileHash.class", &map_class("shop/FileHash")),
        ("META-INF/native-image/shop/native-image.properties", properties),
    ]);
    let case = Case::with_jar(BuildKind::Native, &compiler("null"), &app).await;
    assert_eq!(case.run().await, Ok(()));
    let seen = case.seen();
    assert_eq!(seen[1], "W/inputs/filtered.jar:W/inputs/entry.jar:L");
    assert!(seen.contains(&"--enable-http".to_owned()));
    let used = std::fs::read(case.pod.settings.workspace.filtered_jar()).unwrap();
    let name = b"native-image.properties";
    assert!(!used.windows(name.len()).any(|window| window == name));
}
