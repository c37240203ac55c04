//! `cargo xtask images …`: the command line of the images.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::{Image, Kind, oci};
use crate::builder::Builder;
use crate::cache;
use crate::cluster::Selection;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Build images; with --output, write one OCI archive of them.
    Build(Build),
    /// Build images and bring them to a cluster.
    Load(Load),
}

#[derive(Args)]
pub(crate) struct Build {
    /// Which images (default: those of the stand-in).
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// Write an OCI archive here.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Load {
    #[command(flatten)]
    selection: Selection,
    /// Which images (default: those of the stand-in).
    #[arg(value_enum)]
    kinds: Vec<Kind>,
}

pub(crate) fn run(task: Task) -> Result<()> {
    match task {
        Task::Build(build) => {
            let images = chosen(&build.kinds)?;
            for image in &images {
                #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
                let megabytes = image.size() as f64 / 1e6;
                println!("{:<24} {megabytes:>7.1} MB  {}", image.name(), image.digest());
            }
            if let Some(path) = build.output {
                let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
                oci::write_archive(&images, BufWriter::new(file))?;
            }
            Ok(())
        }
        Task::Load(load) => {
            let cluster = load.selection.connect()?;
            super::load(&cluster, &chosen(&load.kinds)?)
        }
    }
}

fn chosen(kinds: &[Kind]) -> Result<Vec<Image>> {
    let root = cache::repository();
    if kinds.is_empty() {
        super::build(&root, &Kind::of(Builder::Standin))
    } else {
        super::build(&root, kinds)
    }
}
