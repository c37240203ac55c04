//! A look into an S3 store from beside the product: what the suites put there and what they check.

use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore as _, ObjectStoreExt as _, aws::AmazonS3Builder, path::Path};

/// Which store, and what to do.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// `http://host:port`.
    #[arg(long, env = "ANNEAL_STORE_ENDPOINT")]
    endpoint: String,
    /// Bucket.
    #[arg(long, env = "ANNEAL_STORE_BUCKET")]
    bucket: String,
    /// Access key.
    #[arg(long, env = "ANNEAL_STORE_ACCESS_KEY")]
    access_key: String,
    /// Secret key.
    #[arg(long, env = "ANNEAL_STORE_SECRET_KEY", hide_env_values = true)]
    secret_key: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Writes a file's bytes.
    Put {
        /// File.
        file: std::path::PathBuf,
        /// Key.
        key: String,
    },
    /// Prints key and size of every object, one a line, sorted.
    List {
        /// Only keys below this prefix.
        #[arg(default_value = "")]
        prefix: String,
    },
    /// Prints an object's bytes.
    Get {
        /// Key.
        key: String,
    },
    /// Deletes an object.
    Delete {
        /// Key.
        key: String,
    },
}

/// Does it.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
pub(crate) async fn run(args: Args) -> Result<()> {
    let store = AmazonS3Builder::new()
        .with_endpoint(&args.endpoint)
        .with_bucket_name(&args.bucket)
        .with_access_key_id(&args.access_key)
        .with_secret_access_key(&args.secret_key)
        .with_region("us-east-1")
        .with_allow_http(true)
        .build()
        .context("cannot set up the store")?;
    match args.action {
        Action::Put { file, key } => {
            let bytes = tokio::fs::read(&file)
                .await
                .with_context(|| format!("cannot read {}", file.display()))?;
            store.put(&Path::from(key), bytes.into()).await.context("cannot write the object")?;
        }
        Action::List { prefix } => {
            let prefix = (!prefix.is_empty()).then(|| Path::from(prefix));
            let mut lines: Vec<String> = store
                .list(prefix.as_ref())
                .map_ok(|object| format!("{} {}", object.location, object.size))
                .try_collect()
                .await
                .context("cannot list the store")?;
            lines.sort();
            for line in lines {
                println!("{line}");
            }
        }
        Action::Get { key } => {
            let mut body = store.get(&Path::from(key)).await.context("cannot read the object")?.into_stream();
            let mut out = tokio::io::stdout();
            while let Some(part) = body.next().await {
                tokio::io::AsyncWriteExt::write_all(&mut out, &part.context("cannot read the object")?).await?;
            }
            tokio::io::AsyncWriteExt::flush(&mut out).await?;
        }
        Action::Delete { key } => store.delete(&Path::from(key)).await.context("cannot delete the object")?,
    }
    Ok(())
}
