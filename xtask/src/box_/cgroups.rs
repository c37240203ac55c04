//! The box's own cgroup in every hierarchy of the machine, version 1, 2 or both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::state::State;
use crate::process;

/// One mounted hierarchy.
#[derive(Debug, Eq, PartialEq)]
struct Hierarchy {
    mount: PathBuf,
    unified: bool,
}

/// The kubelet's root cgroup, as a path from each hierarchy's top.
pub(crate) fn root(state: &State) -> String {
    format!("/anneal-{}", state.name())
}

/// Creates the root cgroup: the kubelet requires that it is there.
pub(crate) fn create(state: &State) -> Result<()> {
    for hierarchy in mounted()? {
        let folder = folder(&hierarchy, state);
        if hierarchy.unified {
            delegate(&hierarchy.mount);
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create the cgroup {}", folder.display()))?;
        if hierarchy.unified {
            delegate(&folder);
        }
        weigh(&folder);
    }
    Ok(())
}

/// Gives the pods together the weight that they have on a node of their own: one default share for each processor.
fn weigh(folder: &Path) {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (file, default) in [("cpu.shares", 1024), ("cpu.weight", 100)] {
        let file = folder.join(file);
        if file.exists() {
            // The largest weight that version 2 knows. If it cannot be written, pods have the weight of one processor.
            drop(fs::write(file, (default * processors).min(10_000).to_string()));
        }
    }
}

/// Removes the root cgroup and all below it. Its processes must have been killed.
pub(crate) fn remove(state: &State) -> Result<()> {
    for hierarchy in mounted()? {
        let folder = folder(&hierarchy, state);
        process::wait_until("the box's cgroups are empty", Duration::from_secs(20), || {
            remove_tree(&folder).with_context(|| format!("cannot remove the cgroup {}", folder.display()))
        })?;
    }
    Ok(())
}

fn folder(hierarchy: &Hierarchy, state: &State) -> PathBuf {
    hierarchy.mount.join(root(state).trim_start_matches('/'))
}

/// Passes every controller on to the children of a version 2 cgroup.
fn delegate(folder: &Path) {
    let available = fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
    for controller in available.split_whitespace() {
        // Some cannot be passed on (a thread in the root, a real-time process); the kubelet says so if it minds.
        drop(fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}")));
    }
}

fn mounted() -> Result<Vec<Hierarchy>> {
    let mounts = fs::read_to_string("/proc/self/mounts").context("cannot read this process's mounts")?;
    Ok(hierarchies(&mounts))
}

fn hierarchies(mounts: &str) -> Vec<Hierarchy> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let mount = PathBuf::from(fields.next()?);
            match fields.next()? {
                "cgroup" => Some(Hierarchy { mount, unified: false }),
                "cgroup2" => Some(Hierarchy { mount, unified: true }),
                _ => None,
            }
        })
        .collect()
}

fn remove_tree(folder: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // The files of a cgroup cannot be removed, and go with it.
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Hierarchy, hierarchies};

    #[test]
    fn finds_both_versions_among_the_mounts() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                      cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n/dev/vda / ext4 rw 0 0\n";
        let expected = vec![
            Hierarchy {
                mount: PathBuf::from("/sys/fs/cgroup/memory"),
                unified: false,
            },
            Hierarchy {
                mount: PathBuf::from("/sys/fs/cgroup/unified"),
                unified: true,
            },
        ];
        assert_eq!(hierarchies(mounts), expected);
    }
}
