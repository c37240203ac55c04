//! Streams an object into a file, and leaves the file alone if it holds the object already.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use anneal_protocol::depot::{Grant, GrantRequest, Readable};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use snafu::{ResultExt, ensure};
use tokio::{fs::File, io::AsyncWriteExt, time::timeout};

use super::{
    Error, ExchangeSnafu, GrantSnafu, MakeClientSnafu, MalformedGrantSnafu, MismatchSnafu, StallSnafu, StatusSnafu, TooLargeSnafu,
    Transfer, UseFileSnafu,
};
use crate::digest::{self, Content, Digester, Digesting};

/// How long the store may be silent in the middle of an object.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

/// How often an object that arrives damaged is fetched. The third time it is what it is.
const DAMAGED_TRIES: u32 = 3;

/// In which form an object arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// The digest is over the bytes as they arrive.
    Plain,
    /// The bytes may be gzip; the digest is over what is packed, and the file holds that.
    Packed,
}

/// What an object must be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) sha256: String,
    /// Its size, where it is known.
    pub(crate) bytes: Option<u64>,
    /// The most that is read and the most that is unpacked.
    pub(crate) limit: u64,
    pub(crate) form: Form,
}

impl Expected {
    fn check(&self, found: &Content) -> Result<(), Error> {
        ensure!(
            found.sha256 == self.sha256,
            MismatchSnafu {
                expected: &self.sha256,
                found: &found.sha256
            }
        );
        match self.bytes {
            Some(bytes) if bytes != found.bytes => {
                let words = |bytes| format!("{bytes} bytes");
                MismatchSnafu {
                    expected: words(bytes),
                    found: words(found.bytes),
                }
                .fail()
            }
            _ => Ok(()),
        }
    }
}

impl Transfer {
    /// Makes `target` hold the object. A file with the right digest is used as it is, without asking anybody:
    /// a container that starts again needs neither depot nor store.
    pub(crate) async fn fetch(&self, object: &Readable, expected: &Expected, target: &Path) -> Result<Content, Error> {
        if let Ok(content) = digest::of_file_async(target).await
            && expected.check(&content).is_ok()
        {
            tracing::debug!(?target, "a verified file is used again");
            return Ok(content);
        }
        let mut failed = 0;
        loop {
            let error = match self.fetch_once(object, expected, target).await {
                Ok(content) => return Ok(content),
                Err(error) => error,
            };
            failed += 1;
            let again = match error {
                // It has been asked for as often as it deserves by the time that fails.
                Error::Grant { .. } => false,
                Error::Mismatch { .. } => failed < DAMAGED_TRIES,
                _ => error.is_passing(),
            };
            match self.depot.pace().wait(failed).filter(|_| again) {
                Some(wait) => {
                    tracing::warn!(%error, ?object, failed, "an object is fetched again");
                    tokio::time::sleep(wait).await;
                }
                None => return Err(error),
            }
        }
    }

    async fn fetch_once(&self, object: &Readable, expected: &Expected, target: &Path) -> Result<Content, Error> {
        let request = GrantRequest::Get { object: object.clone() };
        let grant = self.depot.grant(&request).await.context(GrantSnafu)?;
        ensure!(grant.method == "GET", MalformedGrantSnafu { part: "method" });
        let part = sibling(target, "part");
        let arrived = self.stream(&grant, expected.limit, &part).await?;
        let (content, whole) = match expected.form {
            Form::Plain => (arrived, part),
            Form::Packed => {
                let whole = sibling(target, "whole");
                (unpack(part, whole.clone(), expected.limit).await?, whole)
            }
        };
        expected.check(&content)?;
        tokio::fs::rename(&whole, target).await.context(UseFileSnafu { path: target })?;
        Ok(content)
    }

    async fn stream(&self, grant: &Grant, limit: u64, part: &Path) -> Result<Content, Error> {
        let client = self
            .clients
            .client(&grant.url, grant.ca.as_deref())
            .await
            .context(MakeClientSnafu)?;
        let mut request = client.get(&grant.url);
        for (name, value) in &grant.headers {
            request = request.header(name, value);
        }
        let late = || {
            StallSnafu {
                seconds: SILENCE.as_secs(),
            }
            .build()
        };
        let response = timeout(SILENCE, request.send()).await.map_err(|_| late())?;
        // The URL is a secret while the grant lives.
        let response = response.map_err(reqwest::Error::without_url).context(ExchangeSnafu)?;
        let status = response.status();
        ensure!(status.is_success(), StatusSnafu { status: status.as_u16() });
        let mut file = File::create(part).await.context(UseFileSnafu { path: part })?;
        let mut digester = Digester::default();
        let mut body = response.bytes_stream();
        while let Some(chunk) = timeout(SILENCE, body.next()).await.map_err(|_| late())? {
            let chunk = chunk.map_err(reqwest::Error::without_url).context(ExchangeSnafu)?;
            digester.update(&chunk);
            ensure!(digester.bytes() <= limit, TooLargeSnafu { limit });
            file.write_all(&chunk).await.context(UseFileSnafu { path: part })?;
        }
        file.flush().await.context(UseFileSnafu { path: part })?;
        Ok(digester.finish())
    }
}

fn sibling(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Unpacks a file if it is gzip, else moves it.
async fn unpack(part: PathBuf, whole: PathBuf, limit: u64) -> Result<Content, Error> {
    let unpacked = tokio::task::spawn_blocking(move || {
        let failure = UseFileSnafu { path: part.clone() };
        let content = unpack_blocking(&part, &whole, limit).context(failure)?;
        match content {
            Some(content) => Ok(content),
            None => TooLargeSnafu { limit }.fail(),
        }
    });
    unpacked
        .await
        .map_err(io::Error::other)
        .context(UseFileSnafu { path: "unpacking" })?
}

fn unpack_blocking(part: &Path, whole: &Path, limit: u64) -> io::Result<Option<Content>> {
    let mut magic = Vec::new();
    fs::File::open(part)?.take(2).read_to_end(&mut magic)?;
    if magic != [0x1f, 0x8b] {
        fs::rename(part, whole)?;
        return digest::of_file(whole).map(Some);
    }
    let mut output = Digesting::new(fs::File::create(whole)?);
    let input = io::BufReader::new(fs::File::open(part)?);
    io::copy(&mut MultiGzDecoder::new(input).take(limit + 1), &mut output)?;
    let (_, content) = output.finish()?;
    fs::remove_file(part)?;
    Ok((content.bytes <= limit).then_some(content))
}
