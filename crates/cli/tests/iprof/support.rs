//! Files and streams of a command under test.

use std::fs;
use std::path::PathBuf;

use anneal_cli::iprof::{Args, Console, Error, Outcome, Progress, run_on};
use clap::Parser;
use tempfile::TempDir;

/// The two profiles of the format's worked example.
pub(crate) const A: &str = r#"{"version":"1.0.0",
 "types":[{"id":0,"name":"int"},{"id":1,"name":"Fn"},{"id":2,"name":"A"}],
 "methods":[{"id":7,"name":"f","signature":[1,0]},{"id":8,"name":"g","signature":[1,0]}],
 "callCountProfiles":[{"ctx":"8:0<7:4","records":[10]}],
 "conditionalProfiles":[{"ctx":"7:11","records":[20,0,10,53,1,1]}],
 "virtualInvokeProfiles":[{"ctx":"7:9","records":[2,60]}],
 "monitorProfiles":[{"ctx":"0:0","records":[1,4]}]}"#;
pub(crate) const B: &str = r#"{"version":"1.0.0",
 "types":[{"id":5,"name":"Fn"},{"id":6,"name":"int"},{"id":9,"name":"B"}],
 "methods":[{"id":3,"name":"g","signature":[5,6]},{"id":4,"name":"f","signature":[5,6]}],
 "callCountProfiles":[{"ctx":"3:0<4:4","records":[5]}],
 "conditionalProfiles":[{"ctx":"4:11","records":[53,0,2,20,1,8]}],
 "virtualInvokeProfiles":[{"ctx":"4:9","records":[9,3]}],
 "monitorProfiles":[{"ctx":"0:0","records":[5,6]}]}"#;
/// What they are merged into.
pub(crate) const MERGED: &str = concat!(
    r#"{"callCountProfiles":[{"ctx":"1:0<0:4","records":[15]}],"#,
    r#""conditionalProfiles":[{"ctx":"0:11","records":[20,0,18,53,1,3]}],"#,
    r#""methods":[{"id":0,"name":"f","signature":[3,0]},{"id":1,"name":"g","signature":[3,0]}],"#,
    r#""monitorProfiles":[{"ctx":"0:0","records":[3,10]}],"samplingProfiles":[],"#,
    r#""types":[{"id":0,"name":"int"},{"id":1,"name":"A"},{"id":2,"name":"B"},{"id":3,"name":"Fn"}],"#,
    r#""version":"1.0.0","virtualInvokeProfiles":[{"ctx":"0:9","records":[1,60,2,3]}]}"#,
);

/// A profile of one class `Fn` with the methods `f` and `g` and these sections.
pub(crate) fn profile(sections: &str) -> String {
    format!(
        r#"{{"version":"1.0.0","types":[{{"id":0,"name":"int"}},{{"id":1,"name":"Fn"}}],
        "methods":[{{"id":0,"name":"f","signature":[1,0]}},{{"id":1,"name":"g","signature":[1,0,0]}}],{sections}}}"#
    )
}

/// A folder with files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    /// The two profiles, as `a.iprof` and `b.iprof`.
    pub(crate) fn with_example() -> Self {
        let folder = Self::new();
        folder.write("a.iprof", A);
        folder.write("b.iprof", B);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("the folder takes files");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// Every name in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<_> = names
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs a command; words that begin with `@` name files of the folder.
    pub(crate) fn run(&self, command: &str) -> Ran {
        self.run_with(command, b"", Progress::Hidden)
    }

    pub(crate) fn run_with(&self, command: &str, mut input: &[u8], progress: Progress) -> Ran {
        let prefix = format!("{}/", self.0.path().display());
        let words = command.split_whitespace().map(|word| word.replacen('@', &prefix, 1));
        let command = Command::try_parse_from(std::iter::once("iprof".to_owned()).chain(words)).expect("the command is spelled well");
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut input, &mut output, &mut errors, progress);
        let outcome = run_on(&command.args, &mut console);
        let text = |bytes| String::from_utf8(bytes).expect("all output is text").replace(&prefix, "");
        Ran {
            outcome,
            output: text(output),
            errors: text(errors),
            prefix,
        }
    }
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// What a command did. The folder's path is cut from all texts.
pub(crate) struct Ran {
    outcome: Result<Outcome, Error>,
    pub(crate) output: String,
    pub(crate) errors: String,
    prefix: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!(matches!(self.outcome, Ok(Outcome::Good)), "{:?}", self.outcome);
        self
    }

    #[track_caller]
    pub(crate) fn finding(self) -> Self {
        assert!(matches!(self.outcome, Ok(Outcome::Finding)), "{:?}", self.outcome);
        self
    }

    /// The exit code and the message of a failure.
    #[track_caller]
    pub(crate) fn failed(self) -> (u8, String) {
        let error = self.outcome.expect_err("the command fails");
        let code = error.exit_code();
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        (code, message.replace(&self.prefix, ""))
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.output).expect("the output is JSON")
    }
}
