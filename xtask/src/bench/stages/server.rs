//! A process that serves HTTP on a port: how soon it answers, what memory it takes, how it is ended.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// Nothing takes longer to start.
const START: Duration = Duration::from_secs(60);
/// One attempt may take so long: who accepts and says nothing is asked again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Ticks of a second: `USER_HZ`, which is 100 on every Linux that Java runs on.
const TICKS: f64 = 100.0;
/// How often a port is tried that is not open yet.
const PAUSE: Duration = Duration::from_micros(300);

/// A server that was started.
pub(crate) struct Server {
    child: Child,
    port: u16,
    started: Instant,
}

impl Server {
    /// Starts it; what it prints is dropped.
    pub(crate) fn start(command: &mut Command, port: u16) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn().context("cannot start a server")?;
        Ok(Self { child, port, started })
    }

    /// Asks until it answers; the time since it was started.
    pub(crate) fn first_answer(&self, request: &Request) -> Result<Duration> {
        let address = self.address();
        request.first_answer(self.started, || connect(address))
    }

    /// Asks once, on a connection of its own.
    pub(crate) fn ask(&self, request: &Request) -> Result<()> {
        request.exchange(connect(self.address()).context("it does not listen")?)
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("it has no memory")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().context("its memory is no number")?;
        Ok(kibibytes * 1024.0)
    }

    /// Seconds of processor time that it has taken.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        // Behind the name, which may have spaces: utime and stime are the fields 14 and 15 of proc_pid_stat(5).
        let (_, fields) = text.rsplit_once(')').context("it has no times")?;
        let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
        ensure!(ticks.len() == 2, "its times are no numbers");
        Ok(ticks.iter().sum::<f64>() / TICKS)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self, patience: Duration) -> Result<()> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("it has no id")?;
        kill_process(pid, Signal::TERM).context("cannot end a server")?;
        let deadline = Instant::now() + patience;
        while self.child.try_wait().context("cannot wait for a server")?.is_none() {
            ensure!(Instant::now() < deadline, "a server does not end");
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    const fn address(&self) -> SocketAddr {
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `end` it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A request, and what its answer has to contain.
pub(crate) struct Request {
    text: String,
    answer: &'static str,
}

impl Request {
    /// Sends JSON to `/`.
    pub(crate) fn post(body: &str, answer: &'static str) -> Self {
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        Self {
            text: format!("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}"),
            answer,
        }
    }

    /// Asks for a path.
    pub(crate) fn get(path: &str, answer: &'static str) -> Self {
        Self {
            text: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
            answer,
        }
    }

    /// Asks until there is an answer; the time since `start`.
    pub(crate) fn first_answer<S: Read + Write>(&self, start: Instant, connect: impl Fn() -> std::io::Result<S>) -> Result<Duration> {
        loop {
            let asked = match connect() {
                Ok(stream) => self.exchange(stream),
                Err(error) => Err(error.into()),
            };
            match asked {
                Ok(()) => return Ok(start.elapsed()),
                Err(error) if start.elapsed() > START => return Err(error.context("a server does not answer")),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    fn exchange(&self, mut stream: impl Read + Write) -> Result<()> {
        stream.write_all(self.text.as_bytes()).context("it takes no request")?;
        let mut text = String::new();
        stream.read_to_string(&mut text).context("its answer is cut")?;
        ensure!(
            text.starts_with("HTTP/1.1 200") && text.contains(self.answer),
            "it answers {text:?}"
        );
        Ok(())
    }
}
