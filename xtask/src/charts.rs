//! The charts: linted, and rendered as the committed snapshots say.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{go_parts, process};

/// Each snapshot below `charts/anneal/tests`, and the values it is rendered with.
const SNAPSHOTS: [(&str, Option<&str>); 2] = [("default.yaml", None), ("all.yaml", Some("all.values.yaml"))];

/// Lints both charts and compares every snapshot.
pub(crate) fn check(root: &Path) -> Result<()> {
    let helm = go_parts::HELM.program("helm")?;
    for chart in ["anneal", "anneal-crds"] {
        process::output(Command::new(&helm).args(["lint", "--strict"]).arg(root.join("charts").join(chart)))?;
    }
    for (snapshot, values) in SNAPSHOTS {
        let path = root.join("charts/anneal/tests").join(snapshot);
        let expected = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let rendered = render(&helm, root, values)?;
        ensure!(rendered == expected, "{} is out of date: run `cargo xtask codegen`", path.display());
    }
    Ok(())
}

/// Writes the snapshots.
pub(crate) fn write_snapshots(root: &Path) -> Result<()> {
    let helm = go_parts::HELM.program("helm")?;
    for (snapshot, values) in SNAPSHOTS {
        fs::write(root.join("charts/anneal/tests").join(snapshot), render(&helm, root, values)?)?;
    }
    Ok(())
}

fn render(helm: &PathBuf, root: &Path, values: Option<&str>) -> Result<String> {
    let chart = root.join("charts/anneal");
    let mut template = Command::new(helm);
    template
        .args(["template", "anneal", "--kube-version", "1.34.0"])
        .arg(&chart)
        .args(["--namespace", "anneal-system"]);
    if let Some(values) = values {
        template.arg("--values").arg(chart.join("tests").join(values));
    }
    process::output(&mut template)
}
