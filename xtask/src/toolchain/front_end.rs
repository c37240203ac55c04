//! `bin/native-image`: the driver's jar, the options of the JVM that runs the builder, and what `--version` prints.
//!
//! The driver of the released GraalVM is in no registry; ours is in `e2e/toolchain/graalvm-ce/driver`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::parts::Parts;
use crate::{cache, java, process};

/// The JVM's options beside modules. A build may take three quarters of the memory that it finds.
const OPTIONS: [&str; 17] = [
    "-XX:+UseParallelGC",
    "-XX:MaxRAMPercentage=75",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+UnlockExperimentalVMOptions",
    "-XX:+EnableJVMCI",
    "-XX:-UseJVMCICompiler",
    "-Xss10m",
    // The archive of JDK classes does not fit a JDK whose modules are upgraded.
    "-Xshare:off",
    "-Djava.awt.headless=true",
    // Lambdas without captures would be objects made before the builder can judge them.
    "-Djdk.internal.lambda.disableEagerInitialization=true",
    "-Dorg.graalvm.nativeimage.imagecode=buildtime",
    "-Dorg.graalvm.version=${version}",
    "-Djava.system.class.loader=com.oracle.svm.hosted.NativeImageSystemClassLoader",
    "--add-modules=ALL-DEFAULT",
    "--enable-native-access=org.graalvm.nativeimage.builder",
    "--upgrade-module-path=${home}/lib/jvmci/graal.jar",
    "--module-path=${home}/lib/svm/builder:${home}/lib/truffle/truffle-compiler.jar:${home}/lib/jvmci/word.jar:${home}/lib/jvmci/collections.jar:${home}/lib/jvmci/nativeimage.jar",
];

pub(crate) fn make(parts: &Parts, home: &Path, scratch: &Path) -> Result<()> {
    let folder = home.join("lib/anneal");
    fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut options: Vec<String> = OPTIONS.iter().map(|option| option.replace("${version}", &parts.version)).collect();
    options.extend(exports(home)?);
    write(&folder.join("builder.args"), &(options.join("\n") + "\n"))?;
    write(&folder.join("version"), &version(parts)?)?;
    driver(parts, &folder.join("driver.jar"), scratch)?;
    add_on(&folder.join("pgo.jar"))?;
    let program = home.join("bin/native-image");
    fs::copy(parts.sources.join("bin/native-image"), &program)
        .with_context(|| format!("cannot write {}", program.display()))
        .map(drop)
}

/// The first line is one that programs compare, the others say what it stands for.
fn version(parts: &Parts) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "native-image {} GraalVM CE, assembled {}", parts.version, parts.key)?;
    writeln!(text, "JDK {}", parts.jdk_version)?;
    writeln!(
        text,
        "GraalVM Community Edition's builder from Maven packages, with front end and C support libraries of Anneal's"
    )?;
    Ok(text)
}

/// The builder reaches into its own modules, and into the JDK's that it requires, beyond what they export.
fn exports(home: &Path) -> Result<Vec<String>> {
    let (mut modules, mut required, mut packages) = (vec!["ALL-UNNAMED".to_owned()], BTreeSet::new(), BTreeSet::new());
    for jar in jars_of(home)? {
        let described = process::output(Command::new(home.join("bin/jar")).arg("--describe-module").arg("--file").arg(&jar))?;
        let module = described
            .split(['@', ' ', '\n'])
            .next()
            .with_context(|| format!("{} is no module", jar.display()))?;
        modules.push(module.to_owned());
        required.extend(named(&described, "requires "));
        let listed = process::output(Command::new(home.join("bin/jar")).arg("--list").arg("--file").arg(&jar))?;
        packages.extend(packages_in(&listed).into_iter().map(|package| format!("{module}/{package}")));
    }
    for module in required.iter().filter(|name| name.starts_with("java.") || name.starts_with("jdk.")) {
        if !modules.contains(module) {
            let described = process::output(Command::new(home.join("bin/java")).arg("--describe-module").arg(module))?;
            let concealed = ["contains ", "qualified exports "].map(|start| named(&described, start));
            packages.extend(concealed.into_iter().flatten().map(|package| format!("{module}/{package}")));
        }
    }
    let to = modules.join(",");
    Ok(packages
        .into_iter()
        .map(|package| format!("--add-exports={package}={to}"))
        .collect())
}

/// The first words after `start` in a module's description.
fn named(described: &str, start: &str) -> Vec<String> {
    let lines = described.lines().filter_map(|line| line.strip_prefix(start));
    lines.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
}

fn jars_of(home: &Path) -> Result<Vec<PathBuf>> {
    let mut jars = Vec::new();
    for folder in ["lib/jvmci", "lib/truffle", "lib/svm/builder"] {
        let folder = home.join(folder);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        jars.extend(entries.flatten().map(|entry| entry.path()));
    }
    jars.retain(|path| path.extension().is_some_and(|extension| extension == "jar"));
    Ok(jars)
}

/// The packages of a jar's listing: the folders that have classes.
fn packages_in(listing: &str) -> BTreeSet<String> {
    let classes = listing
        .lines()
        .filter(|name| name.rsplit_once('.').is_some_and(|(_, kind)| kind == "class") && !name.starts_with("META-INF/"));
    classes
        .filter_map(|name| name.rsplit_once('/'))
        .map(|(folder, _)| folder.replace('/', "."))
        .collect()
}

fn driver(parts: &Parts, jar: &Path, scratch: &Path) -> Result<()> {
    let folder = parts.sources.join("driver");
    let mut sources: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    sources.sort();
    let classes = scratch.join("driver");
    let mut compile = Command::new(parts.jdk.join("bin/javac"));
    compile.args(["-Xlint:all", "-Werror", "-d"]).arg(&classes).args(sources);
    process::output(&mut compile).context("cannot compile the driver")?;
    let mut pack = Command::new(parts.jdk.join("bin/jar"));
    pack.args(["--create", "--file"])
        .arg(jar)
        .arg("--date=2025-01-01T00:00:00Z")
        .arg("-C")
        .arg(classes)
        .arg(".");
    process::output(&mut pack).map(drop)
}

/// What adds profile-guided optimization to the builder; the home's key follows from its sources.
fn add_on(target: &Path) -> Result<()> {
    let jar = java::pgo(&cache::repository())?;
    fs::copy(&jar, target)
        .with_context(|| format!("cannot copy {}", jar.display()))
        .map(drop)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{named, packages_in};

    #[test]
    fn packages_are_the_folders_with_classes() {
        let listing = "META-INF/MANIFEST.MF\nmodule-info.class\na/b/C.class\na/b/D.class\na/data.txt\nMETA-INF/versions/9/x/Y.class\n";
        assert_eq!(packages_in(listing).into_iter().collect::<Vec<_>>(), ["a.b"]);
    }

    #[test]
    fn reads_a_description_of_a_module() {
        let described = "java.x@25\nexports a\nrequires java.base mandated\nrequires java.y\ncontains b.c\n";
        assert_eq!(named(described, "requires "), ["java.base", "java.y"]);
        assert_eq!(named(described, "contains "), ["b.c"]);
    }
}
