//! Passes the compiler's output on, keeps a bounded part of it, and looks for the lines that say why it failed.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufWriter, PipeReader, Read, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use tokio::{sync::oneshot, time::timeout};

use super::verdict::Hints;
use crate::digest::{Content, Digesting};

/// The beginning that is kept: what was asked for, and the first error.
const HEAD: usize = 1 << 20;
/// The end that is kept.
const TAIL: usize = 3 << 20;
/// The longest line that is looked at.
const LINE: usize = 4 << 10;
/// How long the end of the output is waited for after the compiler's end: a process that left the compiler's
/// group may hold it open.
const GRACE: Duration = Duration::from_secs(5);

/// What was kept of an output.
#[derive(Debug, Default)]
pub(crate) struct Log {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
    line: Vec<u8>,
    hints: Hints,
}

impl Log {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte if self.line.len() < LINE => self.line.push(*byte),
                _ => {}
            }
        }
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    fn end_line(&mut self) {
        self.hints.look(&String::from_utf8_lossy(&self.line));
        self.line.clear();
    }

    /// Why it failed, as far as the output says.
    pub(crate) fn hints(&mut self) -> Hints {
        self.end_line();
        self.hints
    }

    /// Writes what was kept as gzip. Blocks.
    pub(crate) fn write(&self, path: &Path) -> io::Result<Content> {
        let output = Digesting::new(BufWriter::new(File::create(path)?));
        let mut packed = GzEncoder::new(output, Compression::default());
        packed.write_all(&self.head)?;
        if self.left_out > 0 {
            writeln!(packed, "\n[{} bytes are left out here]", self.left_out)?;
        }
        let (first, second) = self.tail.as_slices();
        packed.write_all(first)?;
        packed.write_all(second)?;
        packed.finish()?.finish().map(|(_, content)| content)
    }
}

/// An output that is being read.
pub(crate) struct Capture {
    log: Arc<Mutex<Log>>,
    ended: oneshot::Receiver<()>,
}

impl Capture {
    /// Reads until the output's end, on a thread of its own: a pipe has no better way to be passed on in order.
    pub(crate) fn start(output: PipeReader) -> io::Result<Self> {
        let log = Arc::<Mutex<Log>>::default();
        let (end, ended) = oneshot::channel();
        let keeper = Arc::clone(&log);
        thread::Builder::new().name("build-log".to_owned()).spawn(move || {
            pass_on(output, &keeper);
            end.send(()).unwrap_or_default();
        })?;
        Ok(Self { log, ended })
    }

    /// What was kept, once the output has ended.
    pub(crate) async fn finish(self) -> Log {
        if timeout(GRACE, self.ended).await.is_err() {
            tracing::warn!("a process that outlived the compiler still holds its output");
        }
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn pass_on(mut output: PipeReader, log: &Mutex<Log>) {
    let mut buffer = vec![0; 1 << 14];
    loop {
        let length = match output.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let bytes = &buffer[..length];
        log.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        // Nobody may be listening; the log that is stored does not depend on it.
        io::stdout().write_all(bytes).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    fn written(log: &Log) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.gz");
        log.write(&path).unwrap();
        let mut text = String::new();
        GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        let mut log = Log::default();
        log.take(b"one\ntwo");
        assert_eq!(written(&log), "one\ntwo");
    }

    #[test]
    fn a_long_output_keeps_its_ends() {
        let mut log = Log::default();
        log.take(b"first\n");
        for _ in 0..(HEAD + TAIL) / 8 + 1000 {
            log.take(b"noise..\n");
        }
        log.take(b"last\n");
        let text = written(&log);
        assert!(text.starts_with("first\n") && text.ends_with("last\n"));
        assert!(text.contains("bytes are left out here]"));
        assert!(text.len() < HEAD + TAIL + 100);
    }

    #[test]
    fn a_line_that_comes_in_parts_is_understood() {
        let mut log = Log::default();
        log.take(b"java.lang.OutOf");
        log.take(b"MemoryError: Java heap space");
        assert!(log.hints().out_of_memory);
    }
}
