//! One measurement of the merge, for `cargo xtask bench iprof`: prints one JSON object. Each runs in a process of its own, so
//! that the largest resident set is its own too.

#![expect(clippy::print_stdout, reason = "the result is the output")]

mod rivals;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anneal_iprof::synth::{Order, Synth};
use anneal_iprof::{ConflictPolicy, Intermediate, Limits, check};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

type Outcome<T> = Result<T, Box<dyn Error>>;

const POLICY: ConflictPolicy = ConflictPolicy::Dominant;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let measured = match words[..] {
        ["generate", directory, bytes, count] => generate(Path::new(directory), bytes.parse()?, count.parse()?)?,
        ["fold", folds, ref files @ ..] => fold(folds.parse()?, files, Hashing::None)?,
        ["fold-sha256", folds, ref files @ ..] => fold(folds.parse()?, files, Hashing::Sha256)?,
        ["parallel", threads, folds, ref files @ ..] => parallel(threads.parse()?, folds.parse()?, files)?,
        ["check", ref files @ ..] => each(files, |file| {
            check(File::open(file)?, &Limits::default())?;
            Ok(())
        })?,
        ["cat", ref files @ ..] => each(files, |file| pass(file, |_| ()))?,
        ["sha256", ref files @ ..] => each(files, |file| {
            let mut hash = Sha256::new();
            pass(file, |bytes| hash.update(bytes))?;
            std::hint::black_box(hash.finalize());
            Ok(())
        })?,
        ["typed", ref files @ ..] => {
            let mut merge = rivals::Typed::default();
            each(files, |file| merge.fold(&std::fs::read(file)?))?
        }
        ["value", ref files @ ..] => {
            let mut merge = rivals::Untyped::default();
            each(files, |file| merge.fold(&std::fs::read(file)?))?
        }
        ["add", ref files @ ..] => add(files)?,
        _ => return Err("usage: measure generate DIRECTORY BYTES COUNT | MEASUREMENT [FOLDS] FILE…".into()),
    };
    println!("{measured}");
    Ok(())
}

/// Writes profiles of one image in the same order and in others, and of different images.
fn generate(directory: &Path, bytes: u64, count: u64) -> Outcome<Value> {
    let write = |kind: &str, synth: Synth| -> Outcome<PathBuf> {
        let path = directory.join(format!("{kind}-{}.iprof", synth.seed));
        synth.write_to(File::create(&path)?)?;
        Ok(path)
    };
    let (mut same, mut shuffled, mut different) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=count {
        let synth = Synth {
            bytes,
            seed,
            order: Order::Same,
            image: 1,
        };
        same.push(write("same", synth)?);
        let order = Order::Shuffled;
        shuffled.push(write("shuffled", Synth { order, ..synth })?);
        if seed <= count.min(3) {
            different.push(write("different", Synth { image: seed, ..synth })?);
        }
    }
    Ok(json!({"same": same, "shuffled": shuffled, "different": different}))
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Hashing {
    None,
    Sha256,
}

/// A file whose bytes are hashed as they are read.
struct Hashed {
    file: File,
    hash: Option<Sha256>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..length]);
        }
        Ok(length)
    }
}

/// Folds files in rotation, from the empty merge to its digest.
fn fold(folds: usize, files: &[&str], hashing: Hashing) -> Outcome<Value> {
    let limits = Limits::default();
    let watch = Watch::start()?;
    let mut merge = Intermediate::new();
    let (mut bytes, mut first) = (0, 0.0);
    for (index, file) in files.iter().cycle().take(folds).enumerate() {
        let mut input = Hashed {
            file: File::open(file)?,
            hash: (hashing == Hashing::Sha256).then(Sha256::new),
        };
        bytes += merge.fold(&mut input, &limits)?.summary.bytes;
        std::hint::black_box(input.hash.map(Sha256::finalize));
        if index == 0 {
            first = watch.cpu()?;
        }
    }
    let folded = watch.cpu()?;
    let digest = merge.digest(POLICY)?.to_string();
    Ok(json!({
        "bytes": bytes,
        "seconds": watch.seconds(),
        "cpu": watch.cpu()?,
        "cpuFirst": first,
        "cpuDigest": watch.cpu()? - folded,
        "digest": digest,
        "peak": peak()?,
    }))
}

/// Folds files in rotation on several threads, each into a merge of its own, then merges these.
fn parallel(threads: usize, folds: usize, files: &[&str]) -> Outcome<Value> {
    let watch = Watch::start()?;
    let part = |thread: usize| -> Result<(Intermediate, u64, f64), String> {
        let mut merge = Intermediate::new();
        let mut bytes = 0;
        for file in files.iter().cycle().take(folds).skip(thread).step_by(threads) {
            let input = File::open(file).map_err(|fault| fault.to_string())?;
            let report = merge.fold(input, &Limits::default()).map_err(|fault| fault.to_string())?;
            bytes += report.summary.bytes;
        }
        let cpu = cpu_seconds().map_err(|fault| fault.to_string())?;
        Ok((merge, bytes, cpu))
    };
    let parts = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let (mut merge, mut bytes, mut cpu) = (Intermediate::new(), 0, 0.0);
    for part in parts {
        let (part, length, used) = part.map_err(|_| "a thread ended early")??;
        bytes += length;
        cpu += used;
        if merge.is_empty() {
            merge = part;
        } else {
            merge.merge(&part)?;
        }
    }
    let digest = merge.digest(POLICY)?.to_string();
    let seconds = watch.seconds();
    cpu += watch.cpu()?;
    Ok(json!({"bytes": bytes, "seconds": seconds, "cpu": cpu, "digest": digest, "peak": peak()?}))
}

/// Adds the last file to a merge of the others: with and without the state's way through the store's form.
fn add(files: &[&str]) -> Outcome<Value> {
    let limits = Limits::default();
    let Some((last, others)) = files.split_last() else {
        return Err("there is no file".into());
    };
    let mut merge = Intermediate::new();
    for file in others {
        merge.fold(File::open(file)?, &limits)?;
    }
    let timed = |steps: &mut dyn FnMut() -> Outcome<()>| -> Outcome<f64> {
        let watch = Watch::start()?;
        steps()?;
        watch.cpu()
    };
    let digest_first = timed(&mut || digest_of(&merge))?;
    let mut warm = merge.clone();
    let add = timed(&mut || fold_one(&mut warm, last))?;
    let digest = timed(&mut || digest_of(&warm))?;
    let mut state = Vec::new();
    let write = timed(&mut || Ok(merge.write_to(&mut state)?))?;
    let mut restored = Intermediate::new();
    let read = timed(&mut || {
        restored = Intermediate::read_from(&state[..], &Limits::for_intermediate())?;
        Ok(())
    })?;
    let add_restored = timed(&mut || fold_one(&mut restored, last))?;
    Ok(json!({
        "add": add, "digest": digest, "digestFirst": digest_first, "write": write, "read": read, "addRestored": add_restored,
        "state": state.len(), "peak": peak()?,
    }))
}

fn fold_one(merge: &mut Intermediate, file: &str) -> Outcome<()> {
    merge.fold(File::open(file)?, &Limits::default())?;
    Ok(())
}

fn digest_of(merge: &Intermediate) -> Outcome<()> {
    std::hint::black_box(merge.digest(POLICY)?);
    Ok(())
}

fn each(files: &[&str], mut step: impl FnMut(&Path) -> Outcome<()>) -> Outcome<Value> {
    let watch = Watch::start()?;
    let mut bytes = 0;
    for file in files {
        bytes += std::fs::metadata(file)?.len();
        step(Path::new(file))?;
    }
    Ok(json!({"bytes": bytes, "seconds": watch.seconds(), "cpu": watch.cpu()?, "peak": peak()?}))
}

fn pass(file: &Path, mut see: impl FnMut(&[u8])) -> Outcome<()> {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        see(&buffer[..length]);
        io::sink().write_all(&buffer[..length])?;
    }
}

/// Time of the clock, and of the processor for this thread alone: others may share the machine.
struct Watch(Instant, f64);

impl Watch {
    fn start() -> Outcome<Self> {
        Ok(Self(Instant::now(), cpu_seconds()?))
    }

    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    fn cpu(&self) -> Outcome<f64> {
        Ok(cpu_seconds()? - self.1)
    }
}

fn cpu_seconds() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = status.split_whitespace().next().ok_or("no schedstat")?.parse()?;
    Ok(nanoseconds / 1e9)
}

/// The largest resident set of this process so far, in bytes.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: u64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .ok_or("no VmHWM")?
        .trim()
        .parse()?;
    Ok(kibibytes << 10)
}
