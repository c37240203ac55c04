//! Revisions: the inputs that were frozen together, and the build keys that follow from them.

use std::collections::BTreeSet;

use crate::{
    digest::{BuildKey, Digest, Encoder},
    spec::Tracer,
    stage::Stage,
};

/// How many revisions are kept.
pub const KEPT: usize = 3;

/// How a function is called, as found in its jar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contract {
    /// `public static Map main(Map)`.
    Map,
    /// `Function<Map, Map>`.
    FunctionMap,
    /// `Function<String, String>`.
    FunctionString,
    /// `Function<byte[], byte[]>`.
    FunctionBytes,
    /// Its own server.
    Http,
}

impl Contract {
    /// All contracts.
    pub const ALL: [Self; 5] = [Self::Map, Self::FunctionMap, Self::FunctionString, Self::FunctionBytes, Self::Http];

    /// As it stands in the resource.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Map => "Map",
            Self::FunctionMap => "FunctionMap",
            Self::FunctionString => "FunctionString",
            Self::FunctionBytes => "FunctionBytes",
            Self::Http => "Http",
        }
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contract| contract.as_str() == text)
    }
}

/// What is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handler {
    /// Class.
    pub class: String,
    /// Method.
    pub method: String,
    /// Contract.
    pub contract: Contract,
}

/// Everything that a build depends on and that does not change within a revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inputs {
    /// The jar.
    pub jar: Digest,
    /// The entry jar; none for the Http contract.
    pub entry: Option<Digest>,
    /// What is called.
    pub handler: Handler,
    /// The launcher jar.
    pub launcher: Digest,
    /// Builder image.
    pub builder: String,
    /// JVM image.
    pub jvm: String,
    /// Traced JVM image.
    pub tracer_jvm: String,
    /// What traces in it.
    pub tracer: Tracer,
    /// Base image of native executors.
    pub native_base: String,
    /// Node architecture.
    pub architecture: String,
    /// Compiler arguments.
    pub arguments: Vec<String>,
}

impl Inputs {
    /// Whether a revision with these inputs serves a wish for `other`.
    ///
    /// The launcher and the entry jar come with the operator, and an operator upgrade opens no revision.
    pub fn serves(&self, other: &Self) -> bool {
        let Self {
            jar,
            entry: _,
            handler,
            launcher: _,
            builder,
            jvm,
            tracer_jvm,
            tracer,
            native_base,
            architecture,
            arguments,
        } = self;
        (jar, handler, builder, jvm) == (&other.jar, &other.handler, &other.builder, &other.jvm)
            && (tracer_jvm, tracer) == (&other.tracer_jvm, &other.tracer)
            && (native_base, architecture, arguments) == (&other.native_base, &other.architecture, &other.arguments)
    }
}

/// Why a revision has the inputs of the one before it: an executable met an element that was not registered, so the function
/// is traced anew. The figures are those of the merged metadata when the revision was opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retrace {
    /// When it was opened, in seconds since the epoch.
    pub time: i64,
    /// How often in a row the same inputs were traced anew, this time included.
    pub times: u64,
    /// Windows of tracers that were merged: this revision waits for one more.
    pub windows: u64,
    /// Documents of executables that were merged: only more of them open another such revision. It follows the metadata until
    /// that is frozen.
    pub missing: u64,
}

/// Inputs that were frozen together, and the two digests that are added once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revision {
    /// Rises by one.
    pub number: u64,
    /// Generation of the spec that opened it.
    pub generation: i64,
    /// What is frozen.
    pub inputs: Inputs,
    /// Merged reachability metadata; set when the tracer has finished.
    pub metadata: Option<Digest>,
    /// Merged profile; set when there are enough profiles.
    pub profile: Option<Digest>,
    /// Gates that were passed once and are not asked again.
    pub passed: BTreeSet<String>,
    /// Set if it was opened to trace the same inputs anew.
    pub retrace: Option<Retrace>,
}

impl Revision {
    /// The build key of a stage; none while a digest that it needs is not frozen.
    ///
    /// The Function's uid is part of it: a Function that is deleted and made again never meets its predecessor's names.
    pub fn key(&self, uid: &str, stage: Stage) -> Option<BuildKey> {
        let inputs = &self.inputs;
        let encoder = Encoder::new("build")
            .text("function", uid)
            .text("stage", stage.as_str())
            .text("jar", inputs.jar.as_str())
            .option("entry", inputs.entry.as_ref().map(Digest::as_str))
            .text("class", &inputs.handler.class)
            .text("method", &inputs.handler.method)
            .text("contract", inputs.handler.contract.as_str())
            .text("launcher", inputs.launcher.as_str())
            .text("architecture", &inputs.architecture);
        let encoder = match stage {
            Stage::HotspotAgent if inputs.tracer == Tracer::NativeImageAgent => encoder.text("jvm", &inputs.tracer_jvm),
            Stage::HotspotAgent => encoder.text("jvm", &inputs.tracer_jvm).text("tracer", inputs.tracer.as_str()),
            Stage::Hotspot => encoder.text("jvm", &inputs.jvm),
            Stage::Native | Stage::PgoInstrumented | Stage::PgoOptimized => encoder
                .text("metadata", self.metadata.as_ref()?.as_str())
                .text("builder", &inputs.builder)
                .text("base", &inputs.native_base)
                .list("arguments", inputs.arguments.iter().map(String::as_str)),
        };
        let encoder = if stage == Stage::PgoOptimized {
            encoder.text("profile", self.profile.as_ref()?.as_str())
        } else {
            encoder
        };
        Some(BuildKey::new(encoder.finish()))
    }

    /// All keys that can be named by now.
    pub fn keys(&self, uid: &str) -> impl Iterator<Item = (Stage, BuildKey)> {
        Stage::ALL
            .into_iter()
            .filter_map(move |stage| self.key(uid, stage).map(|key| (stage, key)))
    }

    /// As much of it as the key of a stage depends on: what a Deployment records never changes while the climb goes on.
    #[must_use]
    pub fn as_recorded_at(&self, stage: Stage) -> Self {
        Self {
            metadata: self.metadata.clone().filter(|_| stage.is_built()),
            profile: self.profile.clone().filter(|_| stage == Stage::PgoOptimized),
            passed: BTreeSet::new(),
            ..self.clone()
        }
    }

    /// Whether the decisions that builds and executors depend on are the same.
    pub fn is_same_decision(&self, other: &Self) -> bool {
        (self.number, &self.inputs, &self.metadata, &self.profile) == (other.number, &other.inputs, &other.metadata, &other.profile)
    }
}
