//! The samples as the bench starts them, and the request that each is measured by.

use std::{ffi::OsString, fs, net::SocketAddr, path::Path};

use anneal_classfile::{Jar, JarLimits, Request as HandlerRequest, entry, find_handler};
use anyhow::{Context, Result};

use super::server::Request;
use crate::java;

/// A sample function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    class: &'static str,
    body: &'static str,
    /// What its answer contains.
    answer: &'static str,
}

/// All of them.
pub(crate) const SAMPLES: [Sample; 6] = [
    Sample {
        name: "hello",
        class: "dev.anneal.samples.hello.Hello",
        body: r#"{"name": "Ada"}"#,
        answer: "Hello, Ada",
    },
    Sample {
        name: "sleep",
        class: "dev.anneal.samples.sleep.Sleep",
        body: r#"{"ms": 1}"#,
        answer: r#""slept":1"#,
    },
    Sample {
        name: "filehash",
        class: "dev.anneal.samples.filehash.FileHash",
        body: r#"{"url": "http://@FILES@/file"}"#,
        answer: r#""bytes":65536"#,
    },
    Sample {
        name: "json",
        class: "dev.anneal.samples.json.Totals",
        body: r#"{"customer": "Ada", "lines": [{"item": "nut", "quantity": 2, "cents": 250}], "tags": ["new"]}"#,
        answer: r#""pieces":2"#,
    },
    Sample {
        name: "reflect",
        class: "dev.anneal.samples.reflect.Operations",
        body: r#"{"op": "rare", "text": "abc"}"#,
        answer: "cba",
    },
    Sample {
        name: "http",
        class: "dev.anneal.samples.http.Main",
        body: r#"{"text": "abcabc"}"#,
        answer: r#""bytes":18"#,
    },
];

impl Sample {
    /// The body of its request; `files` is where filehash finds its file.
    pub(crate) fn body(&self, files: SocketAddr) -> String {
        self.body.replace("@FILES@", &files.to_string())
    }

    /// The same as it is sent by this program.
    pub(crate) fn request(&self, files: SocketAddr) -> Request {
        Request::post(&self.body(files), self.answer)
    }

    /// What is started for it, as the product finds it in the jar; the entry jar is written into `folder`.
    pub(crate) fn program(&self, root: &Path, folder: &Path) -> Result<Program> {
        let jar = java::sample(root, self.name);
        let unfit = || format!("{} is no function", jar.display());
        let facts = Jar::open(&jar, &JarLimits::default())
            .and_then(|mut jar| jar.scan())
            .with_context(unfit)?;
        let request = HandlerRequest {
            class: Some(self.class),
            ..HandlerRequest::default()
        };
        let handler = find_handler(&facts, request).with_context(unfit)?;
        let Some(bytes) = entry::jar(&handler) else {
            return Ok(Program {
                class_path: jar.into(),
                main_class: handler.class().to_owned(),
            });
        };
        let entry_jar = folder.join("entry.jar");
        fs::write(&entry_jar, bytes).with_context(|| format!("cannot write {}", entry_jar.display()))?;
        Ok(Program {
            class_path: std::env::join_paths([jar, entry_jar, java::launcher(root)?]).context("a path has a colon")?,
            main_class: entry::CLASS.to_owned(),
        })
    }
}

/// A Java program.
pub(crate) struct Program {
    pub(crate) class_path: OsString,
    pub(crate) main_class: String,
}
