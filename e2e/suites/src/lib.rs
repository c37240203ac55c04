//! A cluster as the suites and the demo use it: through `kubectl`, so that nothing of the product is trusted to judge itself.

pub mod audit;
pub mod builds;
pub mod function;
pub mod jar;
pub mod killer;
pub mod kube;
pub mod load;
pub mod store;
pub mod wait;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The operator's namespace.
pub const OPERATOR_NAMESPACE: &str = "anneal-system";

/// Variable with the name of the toolchain that builds; the stand-in when it is not set.
pub const TOOLCHAIN_VARIABLE: &str = "ANNEAL_E2E_TOOLCHAIN";
/// The toolchain that takes seconds to build.
pub const STANDIN: &str = "standin";

/// The toolchain that builds.
pub fn toolchain() -> String {
    std::env::var_os(TOOLCHAIN_VARIABLE).map_or_else(|| STANDIN.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// How long a climb may take that meets a few builds on a busy machine of two cores.
pub fn patience() -> Duration {
    if toolchain() == STANDIN {
        Duration::from_mins(4)
    } else {
        Duration::from_mins(20)
    }
}

/// The project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// A sample's jar as Maven leaves it.
pub fn sample_jar(name: &str) -> PathBuf {
    root().join(format!("java/samples/{name}/target/{name}.jar"))
}

/// A jar that is made to misbehave.
pub fn test_jar(name: &str) -> PathBuf {
    root().join(format!("java/test-jars/{name}/target/{name}.jar"))
}
