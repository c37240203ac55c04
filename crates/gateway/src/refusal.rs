//! What the gateway answers itself: a status, a reason that programs match and a sentence that people read.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{body::AnswerBody, forwarded, routes::Deployment};

/// The closed set of reasons, in header `X-Anneal-Reason`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// The host is none of ours.
    Misdirected,
    /// No such function.
    NotFound,
    /// The request makes no sense.
    Invalid,
    /// The body is over the limit.
    TooLarge,
    /// Too many requests wait already.
    QueueFull,
    /// No executor could take it in time.
    NoExecutor,
    /// The gateway has just started and does not know the routes yet.
    NotReady,
    /// The executor took the request and gave no answer.
    ExecutorFailed,
    /// The executor gave no answer in time.
    Timeout,
    /// The client broke off.
    ClientGone,
}

impl Reason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Misdirected => "Misdirected",
            Self::NotFound => "NotFound",
            Self::Invalid => "Invalid",
            Self::TooLarge => "TooLarge",
            Self::QueueFull => "QueueFull",
            Self::NoExecutor => "NoExecutor",
            Self::NotReady => "NotReady",
            Self::ExecutorFailed => "ExecutorFailed",
            Self::Timeout => "Timeout",
            Self::ClientGone => "ClientGone",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid | Self::ClientGone => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::QueueFull | Self::NoExecutor | Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::ExecutorFailed => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::QueueFull | Self::NotReady => Some("1"),
            Self::NoExecutor => Some("5"),
            _ => None,
        }
    }
}

/// An answer of the gateway's own.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    sentence: Cow<'static, str>,
    /// The Deployment that was asked, if one was.
    deployment: Option<Arc<Deployment>>,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            sentence: sentence.into(),
            deployment: None,
        }
    }

    pub(crate) fn of(mut self, deployment: &Arc<Deployment>) -> Self {
        self.deployment = Some(Arc::clone(deployment));
        self
    }

    pub(crate) fn answer(self) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::Own(Bytes::from(self.sentence.into_owned())));
        *answer.status_mut() = self.reason.status();
        let headers = answer.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(
            forwarded::REASON,
            HeaderValue::from_static(self.reason.name()),
        );
        if let Some(seconds) = self.reason.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if let Some(deployment) = self.deployment {
            headers.insert(forwarded::STAGE, deployment.stage_header.clone());
            headers.insert(forwarded::BUILD, deployment.build_header.clone());
        }
        answer
    }
}
