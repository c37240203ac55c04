//! What may end the controller.

use snafu::Snafu;

/// Why the controller ended.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// The configuration cannot be used.
    #[snafu(display("configure the controller"))]
    Configure {
        /// Why.
        source: crate::config::Error,
    },
    /// There is no way to the apiserver.
    #[snafu(display("find the apiserver"))]
    InferCluster {
        /// Why.
        source: Box<kube::config::InferConfigError>,
    },
    /// No client can be made.
    #[snafu(display("make a client of the apiserver"))]
    Connect {
        /// Why.
        source: Box<kube::Error>,
    },
    /// A figure is registered twice.
    #[snafu(display("register metrics"))]
    Register {
        /// Why.
        source: anneal_telemetry::prometheus::Error,
    },
    /// A port cannot be served.
    #[snafu(display("serve {what}"))]
    Serve {
        /// What.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// SIGTERM cannot be waited for.
    #[snafu(display("wait for signals"))]
    Signal {
        /// Why.
        source: std::io::Error,
    },
    /// Another controller leads now, or this one could not say that it still does.
    #[snafu(display("lead"))]
    Lead {
        /// Why.
        source: crate::lease::Error,
    },
    /// The stream of work ended.
    #[snafu(display("the reconcilers ended"))]
    Ended,
}
