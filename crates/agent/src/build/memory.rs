//! Asks the kernel how often it has ended a process of this container for want of memory.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the container's own counters are: cgroup v2, then v1.
const FILES: [&str; 2] = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"];

/// The container's counters of kills.
#[derive(Clone, Debug)]
pub(crate) struct OomKills {
    files: Vec<PathBuf>,
}

impl Default for OomKills {
    fn default() -> Self {
        Self {
            files: FILES.map(PathBuf::from).to_vec(),
        }
    }
}

impl OomKills {
    /// How many so far; `None` where the kernel does not say.
    pub(crate) fn count(&self) -> Option<u64> {
        self.files.iter().find_map(|file| read(file))
    }
}

fn read(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(' ')?;
        (key == "oom_kill").then(|| value.trim().parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory");
        fs::write(&file, text).unwrap();
        OomKills {
            files: vec!["/nowhere/at/all".into(), file],
        }
        .count()
    }

    #[test]
    fn both_versions_are_understood() {
        assert_eq!(count("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), Some(2));
        assert_eq!(count("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"), Some(7));
    }

    #[test]
    fn an_old_kernel_does_not_say() {
        assert_eq!(count("oom_kill_disable 0\nunder_oom 0\n"), None);
    }
}
