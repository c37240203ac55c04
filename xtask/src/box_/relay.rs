//! Connections between the host and a box: the file system is shared, the network is not.
//!
//! Inside, a unix socket takes a line `HOST:PORT`, then passes bytes to and from that address.
//! Outside, a loopback port stands for one such address.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// Serves the unix socket, inside the box, on a thread of its own.
pub(crate) fn serve_socket(path: &Path) -> Result<()> {
    let listener = UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Err(error) = connect_inside(stream) {
                    eprintln!("relay: {error}");
                }
            });
        }
    });
    Ok(())
}

/// Serves a port, outside the box, on a thread of its own; every connection goes to `target`. After
/// `stopped` is set, the next connection ends the thread.
pub(crate) fn serve_port(listener: TcpListener, socket: PathBuf, target: String, stopped: Arc<AtomicBool>) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            let socket = socket.clone();
            let target = target.clone();
            thread::spawn(move || {
                // A box that is starting or going has no socket: the caller sees its connection close.
                if let Ok(inside) = connect(&socket, &target) {
                    drop(stream.set_nodelay(true));
                    join(&stream, &inside);
                }
            });
        }
    });
}

/// A connection to an address inside; one that is refused there closes.
pub(crate) fn connect(socket: &Path, target: &str) -> io::Result<UnixStream> {
    let mut inside = UnixStream::connect(socket)?;
    writeln!(inside, "{target}")?;
    Ok(inside)
}

fn connect_inside(stream: UnixStream) -> io::Result<()> {
    let mut target = String::new();
    let mut reader = BufReader::with_capacity(1, stream);
    reader.read_line(&mut target)?;
    let stream = reader.into_inner();
    let outward = TcpStream::connect(target.trim_end())?;
    outward.set_nodelay(true)?;
    join(&outward, &stream);
    Ok(())
}

/// Passes bytes both ways until both sides have ended, half-closing as each side does.
fn join(tcp: &TcpStream, unix: &UnixStream) {
    thread::scope(|scope| {
        scope.spawn(|| {
            // A broken connection ends like a closed one.
            drop(io::copy(&mut &*tcp, &mut &*unix));
            drop(unix.shutdown(Shutdown::Write));
        });
        drop(io::copy(&mut &*unix, &mut &*tcp));
        drop(tcp.shutdown(Shutdown::Write));
    });
}
