//! The programs of the box that are written in Go, built from the pinned modules in `e2e/box/go`.
//!
//! Each part is built once per (version, module files, flags) and kept in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{cache, process};

/// One Go module and what is built from it.
pub(crate) struct Part {
    name: &'static str,
    version: &'static str,
    stamps: &'static str,
    /// Package to build, and the name its program gets.
    programs: &'static [(&'static str, &'static str)],
}

/// The Kubernetes programs. Without the stamps the server says it is version 0.0.
pub(crate) const KUBERNETES: Part = Part {
    name: "kubernetes",
    version: "v1.34.4",
    stamps: "-X k8s.io/component-base/version.gitVersion=v1.34.4 \
             -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34",
    programs: &[
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
        ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
        ("k8s.io/kubernetes/cmd/kube-proxy", "kube-proxy"),
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
};

/// The database of the control plane.
pub(crate) const ETCD: Part = Part {
    name: "etcd",
    version: "v3.6.5",
    stamps: "",
    programs: &[("go.etcd.io/etcd/server/v3", "etcd")],
};

/// Cluster DNS.
pub(crate) const COREDNS: Part = Part {
    name: "coredns",
    version: "v1.12.4",
    stamps: "",
    programs: &[("github.com/coredns/coredns", "coredns")],
};

/// The object store.
pub(crate) const MINIO: Part = Part {
    name: "minio",
    version: "20260212",
    stamps: "",
    programs: &[("github.com/minio/minio", "minio")],
};

/// Installs charts.
pub(crate) const HELM: Part = Part {
    name: "helm",
    version: "v3.19.0",
    stamps: "-X helm.sh/helm/v3/internal/version.version=v3.19.0",
    programs: &[("helm.sh/helm/v3/cmd/helm", "helm")],
};

/// Holds a pod's namespaces.
pub(crate) const PAUSE: Part = Part {
    name: "pause",
    version: "dev",
    stamps: "",
    programs: &[("anneal.dev/box/pause", "pause")],
};

impl Part {
    /// The folder with this part's programs; builds them if they are not in the cache.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let module = cache::repository().join("e2e/box/go").join(self.name);
        let flags = self.linker_flags();
        let mut inputs = module_files(&module)?;
        inputs.push(flags.clone().into_bytes());
        inputs.extend(self.programs.iter().map(|(package, _)| package.as_bytes().to_vec()));
        let hash = cache::short_hash(inputs.iter().map(Vec::as_slice));
        let target = cache::folder("box")?.join(format!("{}-{}-{hash}", self.name, self.version));
        cache::folder_made_once(&target, |draft| self.build(&module, &flags, draft))
    }

    /// The path of one program of this part.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder()?.join(name);
        if !path.is_file() {
            bail!("{} {} has no program {name:?}", self.name, self.version);
        }
        Ok(path)
    }

    fn linker_flags(&self) -> String {
        format!("-s -w {}", self.stamps).trim_end().to_owned()
    }

    fn build(&self, module: &Path, flags: &str, draft: &Path) -> Result<()> {
        if !process::succeeds(Command::new("go").arg("version")) {
            bail!("Go is needed to build {} {}, and `go` is not on the PATH", self.name, self.version);
        }
        let log = cache::folder("log")?.join(format!("build-{}.log", self.name));
        println!(
            "building {} {} from its Go modules: once, for minutes; log {}",
            self.name,
            self.version,
            log.display()
        );
        let start = Instant::now();
        for (index, (package, program)) in self.programs.iter().enumerate() {
            println!("  {program} ({} of {})", index + 1, self.programs.len());
            let mut build = Command::new("go");
            build
                .current_dir(module)
                .args(["build", "-trimpath", "-ldflags", flags, "-o"])
                .arg(draft.join(program))
                .arg(package)
                .env("CGO_ENABLED", "0");
            process::run_logged(&mut build, &log, Duration::from_secs(45 * 60))
                .with_context(|| format!("cannot build {program} {}", self.version))?;
        }
        println!("built {} in {} s", self.name, start.elapsed().as_secs());
        Ok(())
    }
}

/// The contents of a module's files, in the order of their names.
fn module_files(module: &Path) -> Result<Vec<Vec<u8>>> {
    let mut paths = fs::read_dir(module)
        .with_context(|| format!("cannot list {}", module.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("cannot list {}", module.display()))?;
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).with_context(|| format!("cannot read {}", path.display())))
        .collect()
}
