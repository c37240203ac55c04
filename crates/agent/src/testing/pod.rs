//! A pod's folder and settings.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use anneal_protocol::{
    FunctionRef,
    agent::{AgentConfig, Work},
};
use tempfile::TempDir;

use super::Backend;
use crate::{
    args::Settings,
    client::{Clients, Roots},
    depot::Depot,
    retry::Pace,
    transfer::Transfer,
    workspace::Workspace,
};

/// A pod's folder, with its settings.
pub(crate) struct Pod {
    pub(crate) folder: TempDir,
    pub(crate) settings: Settings,
}

impl Pod {
    pub(crate) fn new(backend: &Backend, work: Work) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("token"), "first\n").unwrap();
        std::fs::write(path("launcher.jar"), "launcher").unwrap();
        std::fs::write(path("ca.crt"), backend.site.authorities.bundle()).unwrap();
        let workspace = Workspace::new(path("work"));
        workspace.prepare().unwrap();
        let function = FunctionRef {
            namespace: "shop".to_owned(),
            name: "filehash".to_owned(),
            uid: "u-1".to_owned(),
        };
        let settings = Settings {
            config: AgentConfig {
                function,
                depot: backend.base.clone(),
                work,
            },
            workspace,
            token_file: path("token"),
            authorities_file: path("ca.crt"),
            launcher: path("launcher.jar"),
            source_dir: path("source"),
            control_port: 0,
            function_port: 0,
            native_image: "native-image".to_owned(),
            java: "java".to_owned(),
            roots: Roots::new(None),
            pace: PACE,
        };
        Self { folder, settings }
    }

    pub(crate) fn transfer(&self) -> Transfer {
        let clients = Clients::new(self.settings.roots.clone());
        Transfer::new(Depot::new(&self.settings, clients.clone()), clients)
    }

    /// Writes a shell script that can be executed.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

/// As the product's, but fast.
pub(crate) const PACE: Pace = Pace {
    tries: 4,
    first: Duration::from_millis(1),
    longest: Duration::from_millis(5),
    call: Duration::from_secs(10),
};
