//! Writes the compiler's arguments into a file, so that neither their number nor their content meets a shell.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use anneal_protocol::agent::{Build, BuildKind};

use crate::{inputs, workspace::Workspace};

/// What differs from build to build beside the configuration.
pub(crate) struct Sources<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) launcher: &'a Path,
    /// The jar without forbidden properties, if it had any.
    pub(crate) jar: &'a Path,
    /// What those properties had that is allowed.
    pub(crate) properties: &'a [String],
}

/// All arguments, in order. The user's come after ours, so that they win where the compiler takes the last.
pub(crate) fn arguments(build: &Build, sources: &Sources<'_>) -> Vec<OsString> {
    let workspace = sources.workspace;
    let mut path = inputs::class_path(&build.jar, workspace, sources.launcher);
    sources.jar.clone_into(&mut path[0]);
    let mut arguments: Vec<OsString> = vec!["-cp".into(), inputs::joined(&path)];
    arguments.extend(["-o".into(), workspace.executable().into()]);
    arguments.push(option("-H:BuildOutputJSONFile=", &workspace.build_output()));
    if build.metadata.is_some() {
        arguments.push(option("-H:ConfigurationFileDirectories=", &workspace.metadata()));
    }
    match build.kind {
        BuildKind::Native => {}
        BuildKind::Instrumented => arguments.push("--pgo-instrument".into()),
        BuildKind::Optimized => arguments.push(option("--pgo=", &workspace.merged_profile())),
    }
    arguments.extend(sources.properties.iter().map(OsString::from));
    arguments.extend(build.arguments.iter().map(OsString::from));
    arguments.push(inputs::main_class(&build.jar).into());
    arguments
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// Writes arguments in the form of the JDK's argument files: one a line, quoted.
pub(crate) fn write(arguments: &[OsString], path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for argument in arguments {
        file.write_all(&quoted(argument.as_bytes()))?;
    }
    file.flush()
}

fn quoted(argument: &[u8]) -> Vec<u8> {
    let mut line = vec![b'"'];
    for byte in argument {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            b'\n' => line.extend(*b"\\n"),
            b'\r' => line.extend(*b"\\r"),
            b'\t' => line.extend(*b"\\t"),
            b'\x0c' => line.extend(*b"\\f"),
            other => line.push(*other),
        }
    }
    line.extend(*b"\"\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_whatever_an_argument_has() {
        assert_eq!(quoted(b"-Dname=a b"), b"\"-Dname=a b\"\n");
        assert_eq!(quoted(b"# not a comment"), b"\"# not a comment\"\n");
        assert_eq!(quoted(b"a\"b\\c\nd"), b"\"a\\\"b\\\\c\\nd\"\n");
        assert_eq!(quoted(b""), b"\"\"\n");
    }
}
