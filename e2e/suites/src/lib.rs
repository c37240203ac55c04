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

use std::path::{Path, PathBuf};

/// The operator's namespace.
pub const OPERATOR_NAMESPACE: &str = "anneal-system";

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
