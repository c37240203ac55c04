//! OCI images and archives of them, as containerd imports them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use super::layer::Layer;
use crate::cache;

/// How a container of an image starts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) entrypoint: Vec<String>,
    pub(crate) environment: Vec<&'static str>,
    pub(crate) user: &'static str,
}

/// A complete image: its layers are files, its two documents are here.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    name: String,
    layers: Vec<Layer>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

impl Image {
    pub(crate) fn new(name: &str, layers: Vec<Layer>, start: &Start) -> Self {
        let digests: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let config = json!({
            "architecture": architecture(), "os": "linux",
            "config": {"Entrypoint": start.entrypoint, "Env": start.environment, "User": start.user, "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": digests},
        });
        let config = config.to_string().into_bytes();
        let described: Vec<Value> = layers
            .iter()
            .map(|layer| json!({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer.digest, "size": layer.size}))
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(&config), "size": config.len()},
            "layers": described,
        });
        Self {
            name: name.to_owned(),
            layers,
            config,
            manifest: manifest.to_string().into_bytes(),
        }
    }

    /// The image's full name with its tag.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The manifest's digest: what a pinned reference names.
    pub(crate) fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// Bytes of all layers.
    pub(crate) fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.size).sum()
    }
}

/// Writes one archive of several images; a layer that they share is in it once.
pub(crate) fn write_archive(images: &[Image], writer: impl Write) -> Result<()> {
    let manifests: Vec<Value> = images
        .iter()
        .map(|image| {
            let tag = image.name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image.digest(), "size": image.manifest.len(),
                "annotations": {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tag},
                "platform": {"architecture": architecture(), "os": "linux"},
            })
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests});
    let mut tar = Builder::new(writer);
    append(&mut tar, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.as_slice(), 30)?;
    let index = index.to_string();
    append(&mut tar, "index.json", index.as_bytes(), index.len() as u64)?;
    let mut documents: BTreeMap<String, &[u8]> = BTreeMap::new();
    let mut layers: BTreeMap<&str, &Layer> = BTreeMap::new();
    for image in images {
        documents.insert(digest(&image.config), &image.config);
        documents.insert(digest(&image.manifest), &image.manifest);
        layers.extend(image.layers.iter().map(|layer| (layer.digest.as_str(), layer)));
    }
    for (digest, bytes) in documents {
        append(&mut tar, &blob(&digest), bytes, bytes.len() as u64)?;
    }
    for (digest, layer) in layers {
        let file = File::open(&layer.path).with_context(|| format!("cannot read {}", layer.path.display()))?;
        append(&mut tar, &blob(digest), file, layer.size)?;
    }
    tar.into_inner()
        .and_then(|mut writer| writer.flush())
        .context("cannot end an archive")
}

fn append(tar: &mut Builder<impl Write>, path: &str, content: impl Read, size: u64) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(size);
    tar.append_data(&mut header, path, content)
        .with_context(|| format!("cannot add {path} to an archive"))
}

fn blob(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", cache::hex(&Sha256::digest(bytes)))
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::layer::Entries;
    use super::{Image, Start, write_archive};

    #[test]
    fn shared_layers_are_in_an_archive_once_and_bytes_repeat() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let source = folder.path().join("source");
        fs::write(&source, "content").expect("the file can be written");
        let layer = |name: &str| {
            let mut entries = Entries::default();
            entries.file(name, 0o644, &source);
            entries
                .write(&folder.path().join(format!("{name}.tar")))
                .expect("the layer is written")
        };
        let (base, top) = (layer("base"), layer("top"));
        let images = [
            Image::new("a.example/base:1", vec![base.clone()], &Start::default()),
            Image::new("a.example/both:1", vec![base.clone(), top], &Start::default()),
        ];
        let mut first = Vec::new();
        write_archive(&images, &mut first).expect("the archive is written");
        let mut second = Vec::new();
        write_archive(&images, &mut second).expect("the archive is written");
        assert_eq!(first, second);
        let mut archive = tar::Archive::new(first.as_slice());
        let paths: Vec<String> = archive
            .entries()
            .expect("it is a tar")
            .map(|entry| entry.expect("it is whole").path().expect("a path").display().to_string())
            .collect();
        // Layout, index, two documents of each image, two layers.
        assert_eq!(paths.len(), 2 + 4 + 2);
        let shared = format!("blobs/{}", base.digest.replace(':', "/"));
        assert_eq!(paths.iter().filter(|path| **path == shared).count(), 1);
    }
}
