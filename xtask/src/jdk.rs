//! Where this machine's JDK 25 is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The home of a JDK 25: `JAVA_HOME` if it is one, else what is installed below /usr/lib/jvm.
pub(crate) fn home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("JAVA_HOME").map(PathBuf::from)
        && is_jdk_25(&home)
    {
        return Ok(home);
    }
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/jvm")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    installed.sort();
    match installed.into_iter().find(|home| is_jdk_25(home)) {
        Some(home) => Ok(home),
        None => {
            bail!("a JDK 25 is needed: set JAVA_HOME to one, or install one below /usr/lib/jvm")
        }
    }
}

/// Every JDK has a file `release` that names its version; a JRE has no compiler.
fn is_jdk_25(home: &Path) -> bool {
    home.join("bin/javac").exists() && fs::read_to_string(home.join("release")).is_ok_and(|release| says_25(&release))
}

fn says_25(release: &str) -> bool {
    release.lines().any(|line| {
        line.strip_prefix("JAVA_VERSION=\"25")
            .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::says_25;

    #[test]
    fn reads_the_version_of_a_release_file() {
        assert!(says_25("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"25.0.3\"\n"));
        assert!(says_25("JAVA_VERSION=\"25\"\n"));
        assert!(!says_25("JAVA_VERSION=\"17.0.25\"\n"));
        assert!(!says_25("JAVA_VERSION=\"250\"\n"));
    }
}
