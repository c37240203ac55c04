//! What the front end makes of command lines, without a builder: a table of lines and what must come of each.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A command line in `FOLDER`, and what must be among the builder's arguments.
const ACCEPTED: &[(&[&str], &[&str])] = &[
    (
        &["-cp", "a:b", "--no-fallback", "-o", "out/app", "-O3", "x.Main"],
        &[
            "-imagecp",
            "FOLDER/a:FOLDER/b",
            "-H:Path@driver=FOLDER/out",
            "-H:Name@driver=app",
            "-H:Class@driver=x.Main",
            "-H:FallbackThreshold@user+api=0",
            "-H:Optimize@user+api=3",
        ],
    ),
    (
        &["@arguments"],
        &["FOLDER/with space", "-H:Name@driver=quoted \"name\"", "-H:Class@driver=x.Main"],
    ),
    (&["-cp", "a", "x.Main", "named"], &["-H:Name@driver=named"]),
    (&["-cp", "a", "x.Main"], &["-H:Name@driver=x.main"]),
    (
        &[
            "-cp",
            "a",
            "--initialize-at-build-time=p.A,p.B",
            "--initialize-at-run-time=p.C",
            "x.Main",
        ],
        &[
            "-H:ClassInitialization@user+api=p.A:build_time,p.B:build_time",
            "-H:ClassInitialization@user+api=p.C:run_time",
        ],
    ),
    (
        &[
            "-cp",
            "a",
            "--exact-reachability-metadata",
            "-march=native",
            "--enable-https",
            "x.Main",
        ],
        &[
            "-H:ThrowMissingRegistrationErrors@user+api=",
            "-H:MicroArchitecture@user+api=native",
            "-H:EnableURLProtocols@user+api=https",
        ],
    ),
    (
        &[
            "-cp",
            "a",
            "-H:BuildOutputJSONFile=o.json",
            "-H:ConfigurationFileDirectories=m",
            "-H:+AddAllCharsets",
            "x.Main",
        ],
        &[
            "-H:BuildOutputJSONFile=o.json",
            "-H:ConfigurationFileDirectories=m",
            "-H:+AddAllCharsets",
        ],
    ),
    (
        &["-cp", "a", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "x.Main"],
        &["-H:AddOpens@user+api=java.base/java.lang=ALL-UNNAMED"],
    ),
    // Profiles come with the add-on that the home has.
    (
        &["-cp", "a", "--pgo-instrument", "x.Main"],
        &[
            "-imagecp",
            "FOLDER/a:HOME/lib/anneal/pgo.jar",
            "-H:+TrackNodeSourcePosition@driver",
            "-H:Features@driver=dev.anneal.pgo.InstrumentFeature",
        ],
    ),
    (
        &["-cp", "a", "--pgo=one.iprof,two.iprof", "x.Main"],
        &[
            "-imagecp",
            "FOLDER/a:HOME/lib/anneal/pgo.jar",
            "-H:+TrackNodeSourcePosition@driver",
            "-H:Features@driver=dev.anneal.pgo.ApplyFeature",
            "-H:AnnealProfiles@driver=FOLDER/one.iprof,FOLDER/two.iprof",
        ],
    ),
    // The class path's own options come with it, and stand before the user's.
    (
        &["-cp", "jar", "-O1", "x.Main"],
        &[
            "-H:ReachabilityMetadataResources@driver=META-INF/native-image/g/a/reachability-metadata.json",
            "-H:ResourceConfigurationResources=META-INF/native-image/g/a/own.json",
            "-H:ClassInitialization@user+api=g.Early:build_time",
            "-H:Optimize@user+api=1",
        ],
    ),
];

/// A command line, and what the refusal must name.
const REFUSED: &[(&[&str], &str)] = &[
    (&["-cp", "a", "--pgo-sampling", "x.Main"], "Could not find option 'PGO'"),
    (
        &["-cp", "a", "--pgo=missing.iprof", "x.Main"],
        "The profile file 'missing.iprof' of --pgo cannot be read",
    ),
    (&["-cp", "a", "--pgo=,", "x.Main"], "The profile file '' of --pgo cannot be read"),
    (
        &["-cp", "a", "--pgo=one.iprof", "--pgo-instrument", "x.Main"],
        "--pgo-instrument and --pgo exclude each other",
    ),
    (
        &["-cp", "profiled", "x.Main"],
        "asks for profile-guided optimization: '--pgo-instrument'",
    ),
    (&["-cp", "a", "--gc=G1", "x.Main"], "UseG1GC"),
    (
        &["-cp", "a", "--no-such", "-Owrong", "x.Main"],
        "Unrecognized option(s): '--no-such', '-Owrong'",
    ),
    (&["-cp", "a"], "Please specify class"),
    (&["-cp"], "'-cp' requires an argument"),
    (&["@missing"], "The argument file 'missing' does not exist"),
    (&["-cp", "bad", "x.Main"], "Unrecognized option(s): '--from-jar'"),
];

pub(crate) fn run(home: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    // A temporary folder may itself stand behind a link.
    let folder = folder.path().canonicalize().context("cannot resolve a folder")?;
    fixtures(&folder)?;
    for (line, expected) in ACCEPTED {
        let (arguments, said) = drive(home, &folder, line)?;
        let arguments = arguments.with_context(|| format!("{line:?} was refused: {said}"))?;
        let mut rest = arguments.iter();
        for expected in *expected {
            let expected = expected
                .replace("FOLDER", &folder.to_string_lossy())
                .replace("HOME", &home.to_string_lossy());
            ensure!(
                rest.any(|argument| *argument == expected),
                "{line:?} gave no {expected:?} in its place: {arguments:?}"
            );
        }
    }
    for (line, expected) in REFUSED {
        let (arguments, said) = drive(home, &folder, line)?;
        ensure!(arguments.is_none(), "{line:?} was accepted");
        ensure!(said.contains(expected), "{line:?} was refused without {expected:?}: {said}");
    }
    println!("front end: {} passed, 0 failed", ACCEPTED.len() + REFUSED.len());
    Ok(())
}

/// The builder's arguments, unless the line was refused, and what was said.
fn drive(home: &Path, folder: &Path, line: &[&str]) -> Result<(Option<Vec<String>>, String)> {
    let output = folder.join("files");
    fs::create_dir_all(&output).context("cannot create a folder")?;
    let ended = Command::new(home.join("bin/java"))
        .current_dir(folder)
        .arg("-cp")
        .arg(home.join("lib/anneal/driver.jar"))
        .arg("dev.anneal.driver.NativeImage")
        .args([home, &output])
        .args(line)
        .output()
        .context("cannot start the driver")?;
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    if !ended.status.success() {
        return Ok((None, said));
    }
    let image = fs::read_to_string(output.join("image")).context("the driver wrote nothing for the builder")?;
    Ok((Some(image.split('\0').map(str::to_owned).collect()), said))
}

fn fixtures(folder: &Path) -> Result<()> {
    let files = [
        (
            "arguments",
            "# a comment\n\"-cp\"\n\"with space\" \"-o\" 'quoted \"name\"'\nx.\"Main\"\n",
        ),
        (
            "jar/META-INF/native-image/g/a/native-image.properties",
            "Args = -H:ResourceConfigurationResources=${.}/own.json \\\n  --initialize-at-build-time=g.Early\n",
        ),
        ("jar/META-INF/native-image/g/a/reachability-metadata.json", "{}"),
        ("one.iprof", "{}"),
        ("two.iprof", "{}"),
        (
            "profiled/META-INF/native-image/native-image.properties",
            "Args = --pgo-instrument\n",
        ),
        ("bad/META-INF/native-image/native-image.properties", "Args = --from-jar\n"),
    ];
    for (name, content) in files {
        let path = folder.join(name);
        let parent = path.parent().context("a fixture has a folder")?;
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, content))
            .context("cannot write a fixture")?;
    }
    Ok(())
}
