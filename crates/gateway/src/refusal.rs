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

    /// What people are told where there is nothing more to say.
    const fn sentence(self) -> &'static str {
        match self {
            Self::Misdirected => "This gateway does not serve this host.\n",
            Self::NotFound => "There is no Function of this name in this namespace.\n",
            Self::Invalid => "The request cannot be understood.\n",
            Self::TooLarge => "The request's body is larger than this gateway passes on.\n",
            Self::QueueFull => "Too many requests wait for an executor of this function.\n",
            Self::NoExecutor => "No executor of this function could take the request in time.\n",
            Self::NotReady => "This gateway has just started and does not know this function yet.\n",
            Self::ExecutorFailed => "The executor took the request and gave no answer.\n",
            Self::Timeout => "The executor gave no answer in time.\n",
            Self::ClientGone => "The request's body broke off.\n",
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

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason, reason.sentence())
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

    /// The answer of an executor's Deployment, as far as it has one.
    pub(crate) fn of(reason: Reason, deployment: &Arc<Deployment>) -> Self {
        Self {
            deployment: Some(Arc::clone(deployment)),
            ..Self::from(reason)
        }
    }

    pub(crate) fn answer(self) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::Own(Bytes::from(self.sentence.into_owned())));
        *answer.status_mut() = self.reason.status();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(forwarded::REASON, HeaderValue::from_static(self.reason.name()));
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
