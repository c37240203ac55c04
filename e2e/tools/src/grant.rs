//! Grants of the depot, asked for and used as a function's pod does: what a pod can still do after its Function is gone.

use anneal_protocol::depot::{GRANTS_PATH, Grant, GrantRequest};
use anyhow::{Context, Result};
use reqwest::{Certificate, Client};

/// Ask, or use.
#[derive(clap::Subcommand)]
pub(crate) enum Action {
    /// Asks the depot for a grant and prints it.
    Ask {
        /// The depot's API: `https://host:port`.
        #[arg(long)]
        depot: String,
        /// The authorities by which the depot is known, as PEM.
        #[arg(long)]
        authorities: String,
        /// A token of the depot's audience, bound to a pod.
        #[arg(long)]
        token: String,
        /// The request, as JSON.
        request: String,
    },
    /// Makes the granted request and prints the store's status.
    Use {
        /// The grant, as JSON.
        grant: String,
        /// What to store.
        body: String,
    },
}

/// Does it.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
pub(crate) async fn run(action: Action) -> Result<()> {
    match action {
        Action::Ask {
            depot,
            authorities,
            token,
            request,
        } => {
            let request: GrantRequest = serde_json::from_str(&request).context("that is no request for a grant")?;
            let roots = Certificate::from_pem_bundle(authorities.as_bytes()).context("these are no certificates")?;
            let answer = client(roots)?
                .post(format!("{depot}{GRANTS_PATH}"))
                .bearer_auth(token)
                .json(&request)
                .send()
                .await
                .and_then(reqwest::Response::error_for_status)
                .context("the depot gives no grant")?;
            println!("{}", answer.text().await.context("the depot's answer is cut")?);
        }
        Action::Use { grant, body } => {
            let grant: Grant = serde_json::from_str(&grant).context("that is no grant")?;
            let method: reqwest::Method = grant.method.parse().context("the grant's method is none")?;
            let mut request = client(Vec::new())?.request(method, &grant.url).body(body);
            for (name, value) in &grant.headers {
                request = request.header(name, value);
            }
            let answer = request.send().await.context("the store does not answer")?;
            println!("{}", answer.status().as_u16());
        }
    }
    Ok(())
}

/// Believes these authorities and no other.
fn client(roots: Vec<Certificate>) -> Result<Client> {
    let builder = Client::builder().no_proxy().tls_certs_only(roots);
    builder.build().context("cannot build the client")
}
