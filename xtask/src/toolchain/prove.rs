//! Compiles programs with a home and asks the executables for their answers.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::parts::Parts;
use crate::{cache, java, process};

const BUILD: Duration = Duration::from_secs(30 * 60);

/// A program that ends, a server, and the sample `hello` behind the launcher, as the operator's builds have it.
pub(crate) fn run(parts: &Parts, home: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let classes = folder.path().join("classes");
    let mut compile = Command::new(parts.jdk.join("bin/javac"));
    compile.arg("-d").arg(&classes);
    for program in ["Hello", "Server"] {
        compile.arg(parts.sources.join(format!("prove/{program}.java")));
    }
    process::output(&mut compile)?;
    let hello = build(home, folder.path(), classes.as_os_str(), "Hello")?;
    let answer = process::output(Command::new(&hello).arg("world"))?;
    print!("{answer}");
    ensure!(answer.starts_with("Hello, world"), "the executable gave another answer");

    let server = build(home, folder.path(), classes.as_os_str(), "Server")?;
    expect(&server, "GET / HTTP/1.1\r\n", "hello over HTTP")?;

    let sample = build(home, folder.path(), &sample(parts, folder.path())?, "anneal.Entry")?;
    let request = "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 14\r\n";
    expect(&sample, request, "{\"message\":\"Hello, Ann\"")
}

/// The class path of the sample: its jar, the entry class that the operator would generate, and the launcher.
fn sample(parts: &Parts, folder: &Path) -> Result<OsString> {
    let root = cache::repository();
    let launcher = java::launcher(&root)?;
    let entry = folder.join("entry");
    let mut generate = Command::new(parts.jdk.join("bin/java"));
    generate
        .arg(root.join("e2e/toolchain/standin/test/EntryGenerator.java"))
        .arg(&entry)
        .args(["Map", "dev.anneal.samples.hello.Hello"]);
    process::output(&mut generate).context("cannot generate the entry class")?;
    let path = [root.join("java/samples/hello/target/hello.jar"), entry, launcher];
    std::env::join_paths(path).context("a path has a colon")
}

fn build(home: &Path, folder: &Path, class_path: &OsStr, main: &str) -> Result<PathBuf> {
    let log = cache::folder("log")?.join(format!("graalvm-ce-{main}.log"));
    println!("compiling {main}: for minutes; log {}", log.display());
    let start = Instant::now();
    let executable = folder.join(format!("{main}.out"));
    let mut native = Command::new(home.join("bin/native-image"));
    // The quickest level: what is proved is the home, not the compiler.
    native
        .args(["--no-fallback", "-Ob", "-cp"])
        .arg(class_path)
        .arg("-o")
        .arg(&executable)
        .arg(main);
    process::run_logged(&mut native, &log, BUILD).with_context(|| format!("cannot compile {main}"))?;
    let size = executable.metadata().context("there is no executable")?.len();
    println!("compiled {main} in {} s, {} KiB", start.elapsed().as_secs(), size / 1024);
    Ok(executable)
}

/// Starts a server and asks it once; it must end by SIGTERM as a JVM does.
fn expect(server: &Path, request: &str, expected: &str) -> Result<()> {
    let port = process::free_port()?;
    let start = Instant::now();
    // The launcher takes its port from the environment, the small server from its argument.
    let mut child = Command::new(server)
        .arg(port.to_string())
        .env("PORT", port.to_string())
        .spawn()
        .context("cannot start the server")?;
    let answer = first_answer(&mut child, port, request, start + Duration::from_secs(20));
    let took = start.elapsed();
    process::output(Command::new("kill").arg(child.id().to_string()))?;
    let status = child.wait().context("cannot reap the server")?;
    let answer = answer?;
    println!("{} (first answer after {} ms)", answer.trim_end(), took.as_millis());
    ensure!(answer.starts_with(expected), "the server gave another answer than {expected}");
    ensure!(status.code() == Some(128 + 15), "the server ended with {status} at SIGTERM");
    Ok(())
}

fn first_answer(child: &mut Child, port: u16, request: &str, deadline: Instant) -> Result<String> {
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for the server")? {
            bail!("the server ended with {status}");
        }
        match ask(port, request) {
            Ok(body) => return Ok(body),
            Err(error) if Instant::now() > deadline => return Err(error).context("the server does not answer"),
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn ask(port: u16, request: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let body = if request.starts_with("POST") { "{\"name\":\"Ann\"}" } else { "" };
    write!(stream, "{request}Host: localhost\r\nConnection: close\r\n\r\n{body}")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (_, body) = text.split_once("\r\n\r\n").context("the answer has no body")?;
    Ok(body.to_owned())
}
