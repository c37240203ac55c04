//! Bodies in both directions: streamed, bounded in bytes and time, and told of their end.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use snafu::Snafu;
use tokio::time::{Instant, Sleep};

use crate::{exchange::Exchange, pool::Connection};

/// Why a body broke off.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the request's body is larger than the limit"))]
    TooLarge,
    #[snafu(display("the client broke off"))]
    Client { source: hyper::Error },
    #[snafu(display("the executor broke off"))]
    Executor { source: hyper::Error },
    #[snafu(display("the request took too long as a whole"))]
    Overdue,
}

/// How far a request's body has come, for who holds the other end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU8>);

const ENDED: u8 = 1;
const TOO_LARGE: u8 = 2;
const BROKEN: u8 = 3;

impl Progress {
    /// Of a body that is in memory.
    pub(crate) fn ended() -> Self {
        Self(Arc::new(AtomicU8::new(ENDED)))
    }

    /// Everything was handed on.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.load(SeqCst) == ENDED
    }

    /// The limit was passed.
    pub(crate) fn is_too_large(&self) -> bool {
        self.0.load(SeqCst) == TOO_LARGE
    }

    /// The client broke off.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.load(SeqCst) == BROKEN
    }
}

/// A request's body on its way to an executor.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// In memory: it can be sent again.
    Whole(Bytes),
    /// As the client sends it.
    Streamed(Box<Streamed>),
}

#[derive(Debug)]
pub(crate) struct Streamed {
    inner: Incoming,
    left: u64,
    progress: Progress,
}

impl RequestBody {
    /// Passes on at most `limit` bytes.
    pub(crate) fn streamed(inner: Incoming, limit: u64) -> (Self, Progress) {
        let progress = Progress::default();
        if inner.is_end_stream() {
            progress.0.store(ENDED, SeqCst);
            return (Self::Whole(Bytes::new()), progress);
        }
        (
            Self::Streamed(Box::new(Streamed {
                inner,
                left: limit,
                progress: progress.clone(),
            })),
            progress,
        )
    }

    /// Passes on bytes that are there already.
    pub(crate) fn whole(bytes: Bytes) -> (Self, Progress) {
        (Self::Whole(bytes), Progress::ended())
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(streamed) => streamed.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(streamed) => streamed.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(streamed) => streamed.inner.size_hint(),
        }
    }
}

impl Streamed {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            None => {
                self.progress.0.store(ENDED, SeqCst);
                return Poll::Ready(None);
            }
            Some(Err(source)) => {
                self.progress.0.store(BROKEN, SeqCst);
                return Poll::Ready(Some(Err(Error::Client { source })));
            }
            Some(Ok(frame)) => frame,
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(left) = self.left.checked_sub(bytes) else {
            self.progress.0.store(TOO_LARGE, SeqCst);
            return Poll::Ready(Some(Err(Error::TooLarge)));
        };
        self.left = left;
        // A body of a known length is not asked for its end.
        if self.inner.is_end_stream() {
            self.progress.0.store(ENDED, SeqCst);
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

/// What the client gets.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// The gateway's own words.
    Own(Bytes),
    /// What the executor sends.
    Executor(Box<ExecutorBody>),
}

/// An executor's body together with everything that ends with it.
#[derive(Debug)]
pub(crate) struct ExecutorBody {
    inner: Incoming,
    /// `None` once it has ended.
    open: Option<Open>,
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
struct Open {
    exchange: Exchange,
    connection: Connection,
    request: Progress,
}

impl ExecutorBody {
    pub(crate) fn new(inner: Incoming, exchange: Exchange, connection: Connection, request: Progress, deadline: Instant) -> Self {
        let mut body = Self {
            inner,
            open: Some(Open {
                exchange,
                connection,
                request,
            }),
            deadline,
            sleep: None,
        };
        body.end_if_complete();
        body
    }

    fn end_if_complete(&mut self) {
        if self.inner.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(Open {
            mut exchange,
            connection,
            request,
        }) = self.open.take()
        {
            exchange.complete();
            // While the request is still being sent the connection is not idle, and never may be.
            if request.has_ended() {
                exchange.endpoint().keep(connection);
            }
        }
    }

    fn fail(&mut self) {
        if let Some(Open { mut exchange, request, .. }) = self.open.take()
            && !request.is_too_large()
            && !request.is_broken()
        {
            exchange.fail();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Own(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Own(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Executor(body) => body.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_empty(),
            Self::Executor(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Executor(body) => body.inner.size_hint(),
        }
    }
}

impl ExecutorBody {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.end_if_complete();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(source))) => {
                self.fail();
                Poll::Ready(Some(Err(Error::Executor { source })))
            }
            Poll::Pending => {
                let deadline = self.deadline;
                let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
                ready!(sleep.as_mut().poll(context));
                self.fail();
                Poll::Ready(Some(Err(Error::Overdue)))
            }
        }
    }
}
