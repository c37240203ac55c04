//! Every start of a compiler in a namespace, seen as it happens: pods that are gone at the end are counted too.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    process::{Child, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::kube::Kube;

/// A watch of a namespace's build pods.
#[derive(Debug)]
pub struct Builds {
    watch: Child,
    log: File,
}

impl Builds {
    /// Starts to watch.
    ///
    /// # Errors
    /// When `kubectl` does not start.
    pub fn watch(kube: &Kube, namespace: &str) -> Result<Self> {
        let log = tempfile::tempfile().context("cannot create a temporary file")?;
        let columns = r"-o=custom-columns=K:.metadata.labels.anneal\.dev/build,U:.metadata.uid,R:.status.containerStatuses[*].restartCount";
        let watch = kube
            .command()
            .args(["get", "pods", "-n", namespace, "-l", "app.kubernetes.io/component=build"])
            .args(["--watch", "--no-headers", columns])
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot share a file")?)
            .spawn()
            .context("cannot start kubectl")?;
        Ok(Self { watch, log })
    }

    /// Ends the watch; gives by build key how often a builder was started.
    ///
    /// # Errors
    /// When the watch has ended before.
    pub fn starts(mut self) -> Result<BTreeMap<String, u64>> {
        let ended = self.watch.try_wait().context("cannot ask for the watch's end")?;
        ensure!(ended.is_none(), "the watch of build pods has ended early");
        self.watch.kill().context("cannot end the watch")?;
        self.watch.wait().context("cannot wait for the watch's end")?;
        let mut text = String::new();
        std::io::Seek::rewind(&mut self.log).context("cannot rewind the watch's log")?;
        self.log.read_to_string(&mut text).context("cannot read the watch's log")?;
        Ok(count(&text))
    }
}

impl Drop for Builds {
    fn drop(&mut self) {
        // It has ended, or the test has failed and nobody reads it.
        drop(self.watch.kill());
        drop(self.watch.wait());
    }
}

/// Each pod is one start, and each restart of a container one more.
fn count(watched: &str) -> BTreeMap<String, u64> {
    let mut pods: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in watched.lines() {
        let mut words = line.split_whitespace();
        let (Some(key), Some(uid)) = (words.next(), words.next()) else {
            continue;
        };
        // Before it is scheduled a pod has no container: `<none>`.
        let restarts: u64 = words
            .next()
            .unwrap_or_default()
            .split(',')
            .filter_map(|count| count.parse::<u64>().ok())
            .sum();
        let most = pods.entry((key.to_owned(), uid.to_owned())).or_default();
        *most = restarts.max(*most);
    }
    let mut starts = BTreeMap::new();
    for ((key, _), restarts) in pods {
        *starts.entry(key).or_default() += 1 + restarts;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counts_pods_and_restarts_by_key() {
        let starts = count("a  1  <none>\na  1  0\na  1  2\nb  2  0\nb  3  <none>\nb 2 0\n");
        assert_eq!(starts.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 3), ("b".to_owned(), 2)]);
    }
}
