//! `synth`: profiles of any size, for measuring. Equal arguments give equal bytes.

use std::io::Write;
use std::path::PathBuf;

use anneal_iprof::synth::{Order, Synth};
use clap::ValueEnum;
use flate2::{Compression, GzBuilder};
use snafu::ResultExt as _;

use super::Outcome;
use super::console::Console;
use super::error::{Result, WriteFileSnafu};
use super::output::{Packing, Target};

/// Arguments of `synth`.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Args {
    /// Size of the text, in units of 2^20 bytes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    megabytes: u64,
    /// Chooses the counts: files of one image and different seeds are what different pods would write.
    #[arg(long, value_name = "S")]
    seed: u64,
    /// Whether files of one image list their records in the same order, as those of one build do.
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    order: Listing,
    /// Chooses the image: its types, methods and places.
    #[arg(long, value_name = "I", default_value_t = 0)]
    image: u64,
    /// Where the profile goes: a file, as gzip if its name ends in .gz, or `-` for the standard output.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Listing {
    /// The same in each file.
    #[default]
    Same,
    /// Another in each file.
    Shuffled,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<Outcome> {
    let synth = Synth {
        bytes: args.megabytes << 20,
        seed: args.seed,
        order: match args.order {
            Listing::Same => Order::Same,
            Listing::Shuffled => Order::Shuffled,
        },
        image: args.image,
    };
    let target = Target::new(&args.output);
    console.progress(1, 1, "writing", &target.label());
    target.write(console, |output| write(&synth, &target, output))?;
    Ok(Outcome::Good)
}

fn write(synth: &Synth, target: &Target, output: &mut dyn Write) -> Result<()> {
    let written = match target.packing() {
        Packing::Plain => synth.write_to(output),
        Packing::Gzip => {
            let mut packer = GzBuilder::new().mtime(0).write(output, Compression::default());
            synth.write_to(&mut packer).and_then(|()| packer.finish()).map(drop)
        }
    };
    written.context(WriteFileSnafu { file: target.label() })
}
