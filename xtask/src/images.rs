//! Container images, made without a container engine and brought to a cluster without a registry.
//!
//! This module knows what is in each image; `layer` and `oci` know the formats.

pub(crate) mod command;

mod debian;
mod layer;
mod oci;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use oci::Image;

use crate::builder::Builder;
use crate::cluster::{Cluster, Selection};
use crate::{apt, cache, go_parts, java, jdk, process, toolchain};
use layer::{Entries, Layer};
use oci::Start;

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
const SCRATCH_PATH: &str = "PATH=/";
const DEBIAN_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const STANDIN_PATH: &str = "PATH=/opt/standin/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Every container's user: no image needs root.
const USER: &str = "65532:65532";

const GRAALVM_PATH: &str = "PATH=/opt/graalvm/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The images there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The operator: one static binary.
    Anneal,
    /// What the suites run in a cluster.
    E2e,
    /// The object store.
    Minio,
    /// A JRE.
    Jvm,
    /// The JRE with the stand-in for GraalVM.
    Standin,
    /// GraalVM Community Edition, assembled from packages, with what its executables are linked by.
    GraalvmCe,
    /// Holds a pod's namespaces.
    Pause,
}

impl Kind {
    /// What runs on a cluster where this compiles.
    pub(crate) const fn of(builder: Builder) -> [Self; 5] {
        let compiler = match builder {
            Builder::Standin => Self::Standin,
            Builder::GraalvmCe => Self::GraalvmCe,
        };
        [Self::Anneal, Self::E2e, Self::Minio, Self::Jvm, compiler]
    }
}

/// What a demo or a suite has to bring to the cluster that was chosen.
pub(crate) fn needed(root: &Path, selection: &Selection, builder: Builder) -> Result<Vec<Image>> {
    if selection.images_loaded() {
        Ok(Vec::new())
    } else {
        build(root, &Kind::of(builder))
    }
}

/// Builds some images; what is in the cache and unchanged is not built again.
pub(crate) fn build(root: &Path, kinds: &[Kind]) -> Result<Vec<Image>> {
    let crates: Vec<&str> = kinds
        .iter()
        .filter_map(|kind| match kind {
            Kind::Anneal => Some("anneal"),
            Kind::E2e => Some("anneal-e2e"),
            _ => None,
        })
        .collect();
    let binaries = if crates.is_empty() {
        PathBuf::new()
    } else {
        static_binaries(root, &crates)?
    };
    kinds
        .iter()
        .map(|kind| match kind {
            Kind::Anneal => {
                let launcher = java::launcher(root)?;
                let tracer = java::tracer(root)?;
                let beside = [("anneal-launcher.jar", launcher.as_path()), ("anneal-tracer.jar", tracer.as_path())];
                scratch("anneal.dev/anneal:dev", "anneal", &binaries.join("anneal"), &beside)
            }
            Kind::E2e => scratch("anneal.dev/e2e:dev", "anneal-e2e", &binaries.join("anneal-e2e"), &[]),
            Kind::Minio => scratch("anneal.dev/minio:dev", "minio", &go_parts::MINIO.program("minio")?, &[]),
            Kind::Pause => pause(),
            Kind::Jvm => Ok(Image::new("anneal.dev/jvm:25", vec![debian::JVM.layer()?], &start(DEBIAN_PATH))),
            Kind::Standin => {
                let layers = vec![debian::JVM.layer()?, standin_layer(root)?];
                Ok(Image::new("anneal.dev/standin:25", layers, &start(STANDIN_PATH)))
            }
            Kind::GraalvmCe => {
                let layers = vec![debian::LINKER.layer()?, graalvm_layer()?];
                Ok(Image::new("anneal.dev/graalvm-ce:25", layers, &start(GRAALVM_PATH)))
            }
        })
        .collect()
}

/// The image that containerd starts for every pod of the box.
pub(crate) fn pause() -> Result<Image> {
    scratch("anneal.dev/pause:dev", "pause", &go_parts::PAUSE.program("pause")?, &[])
}

/// Brings images to a cluster; those that are there with the same digest are left alone.
pub(crate) fn load(cluster: &Cluster, images: &[Image]) -> Result<()> {
    if cluster.has_images() {
        return Ok(());
    }
    if let Some(context) = cluster.context() {
        return load_into_kind(context, images);
    }
    let present = present(cluster)?;
    let missing: Vec<Image> = images
        .iter()
        .filter(|image| present.get(image.name()) != Some(&image.digest()))
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let start = Instant::now();
    let mut command = cluster.exec_in_namespaces("ctr")?;
    command
        .args(["--namespace", "k8s.io", "images", "import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn().context("cannot start ctr")?;
    let stdin = child.stdin.take().expect("standard input was piped above");
    let written = oci::write_archive(&missing, BufWriter::with_capacity(1 << 20, stdin));
    let status = child.wait().context("cannot wait for ctr")?;
    if !status.success() {
        bail!("containerd did not take the images: ctr ended with {status}");
    }
    written?;
    let names: Vec<&str> = missing.iter().map(Image::name).collect();
    println!("loaded {} in {:.1} s", names.join(", "), start.elapsed().as_secs_f32());
    Ok(())
}

/// Digests of the images that the box has, by name.
fn present(cluster: &Cluster) -> Result<BTreeMap<String, String>> {
    let list = process::output(cluster.exec_in_namespaces("ctr")?.args(["--namespace", "k8s.io", "images", "list"]))
        .context("cannot list the box's images")?;
    Ok(parse_list(&list))
}

/// Name and digest are the first and third column, under one line of titles.
fn parse_list(list: &str) -> BTreeMap<String, String> {
    list.lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            Some((name.to_owned(), words.nth(1)?.to_owned()))
        })
        .collect()
}

fn load_into_kind(context: &str, images: &[Image]) -> Result<()> {
    let names: Vec<&str> = images.iter().map(Image::name).collect();
    let Some(name) = context.strip_prefix("kind-") else {
        bail!(
            "images can be loaded into the box and into kind; bring {} to the nodes of {context:?} yourself, then say --images-loaded",
            names.join(", ")
        );
    };
    let archive = tempfile::NamedTempFile::new().context("cannot create a temporary file")?;
    oci::write_archive(images, BufWriter::new(archive.as_file()))?;
    let mut command = Command::new("kind");
    command.args(["load", "image-archive", "--name", name]).arg(archive.path());
    process::run(&mut command).context("kind did not take the images")
}

/// One binary, the certificates of public authorities, a folder for temporary files.
fn scratch(name: &str, program: &str, binary: &Path, beside: &[(&str, &Path)]) -> Result<Image> {
    apt::ensure(&[(CERTIFICATES, "ca-certificates")])?;
    let mut entries = Entries::default();
    entries
        .file(program, 0o555, binary)
        .file(CERTIFICATES.trim_start_matches('/'), 0o444, Path::new(CERTIFICATES))
        .folder("tmp", 0o1777);
    for (path, file) in beside {
        entries.file(path, 0o444, file);
    }
    let layer = entries.write(&cache::folder("images")?.join(format!("{program}.tar")))?;
    let start = Start {
        entrypoint: vec![format!("/{program}")],
        environment: vec![SCRATCH_PATH, "HOME=/tmp"],
        user: USER,
    };
    Ok(Image::new(name, vec![layer], &start))
}

fn start(path: &'static str) -> Start {
    Start {
        entrypoint: Vec::new(),
        environment: vec![path, "LANG=C.UTF-8"],
        user: USER,
    }
}

fn standin_layer(root: &Path) -> Result<Layer> {
    let output = tempfile::tempdir().context("cannot create a temporary folder")?;
    let log = cache::folder("log")?.join("standin.log");
    let mut build = Command::new(root.join("e2e/toolchain/standin/build.sh"));
    build.arg(output.path()).env("JAVA_HOME", jdk::home()?);
    process::run_logged(&mut build, &log, Duration::from_secs(10 * 60)).context("cannot build the stand-in")?;
    let mut entries = Entries::default();
    entries.tree("opt/standin", output.path())?;
    entries.write(&cache::folder("images")?.join("standin.tar"))
}

/// The home as it is assembled on this machine.
fn graalvm_layer() -> Result<Layer> {
    let home = toolchain::graalvm_ce()?;
    let name = home.file_name().unwrap_or_default();
    let layer = cache::folder("images")?.join(name).with_extension("tar");
    if layer.is_file() {
        return Layer::of_file(&layer);
    }
    let mut entries = Entries::default();
    entries.tree("opt/graalvm", &home)?;
    entries.write(&layer)
}

/// Builds release binaries without any shared library, and returns their folder.
fn static_binaries(root: &Path, packages: &[&str]) -> Result<PathBuf> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build
        .current_dir(root)
        .args(["build", "--release", "--quiet", "--target", &triple])
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    for package in packages {
        build.args(["--package", package]);
    }
    process::run(&mut build).context("cannot build the static binaries")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join(triple).join("release");
    for package in packages {
        let path = folder.join(package);
        let size = fs::metadata(&path)
            .with_context(|| format!("cargo did not leave {}", path.display()))?
            .len();
        println!("{package}: {:.1} MB", megabytes(size));
        require_static(&path)?;
    }
    Ok(folder)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A binary that names an interpreter does not start in an empty image; say so here, not there.
fn require_static(path: &Path) -> Result<()> {
    use std::io::Read;
    let mut start = vec![0; 4096];
    let read = File::open(path)
        .and_then(|mut file| file.read(&mut start))
        .with_context(|| format!("cannot read {}", path.display()))?;
    if start[..read].windows(8).any(|window| window == b"/ld-linu") {
        bail!("{} needs shared libraries, so it cannot run from an empty image", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse_list;

    #[test]
    fn reads_the_list_of_images() {
        let list = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n\
                    anneal.dev/pause:dev application/vnd.oci.image.manifest.v1+json sha256:ab 1.5 MiB linux/amd64 x=y\n";
        let parsed = parse_list(list);
        assert_eq!(parsed.get("anneal.dev/pause:dev").map(String::as_str), Some("sha256:ab"));
    }
}
