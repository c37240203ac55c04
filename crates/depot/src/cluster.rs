//! What the depot reads of the cluster, each call with a deadline. Writes are in `annotate.rs` alone.

use std::{fmt, time::Duration};

use anneal_api::{
    names::{AUTHORITIES_KEY, AUTHORITIES_SECRET},
    v1alpha1::Function,
};
use anneal_tls::Authorities;
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec},
    core::v1::Secret,
};
use kube::{
    Api, Client, Resource,
    api::{ListParams, PartialObjectMeta, PostParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use snafu::{ResultExt, Snafu};

/// For each call.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);
const PAGE: u32 = 500;

const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";

/// Result of this module.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the apiserver did not tell.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Error {
    /// It answered with a fault, or not at all.
    #[snafu(display("cannot {operation} {object:?}"))]
    Request {
        operation: &'static str,
        object: String,
        #[snafu(source(from(kube::Error, Box::new)))]
        source: Box<kube::Error>,
    },
    /// It did not answer in time.
    #[snafu(display("cannot {operation} {object:?} within {DEADLINE:?}"))]
    Expire { operation: &'static str, object: String },
    /// The Secret holds something else.
    #[snafu(display("the Secret {AUTHORITIES_SECRET:?} holds no authorities"))]
    Authorities { source: anneal_tls::Error },
}

/// A token that is good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reviewed {
    /// `system:serviceaccount:<namespace>:<name>`.
    pub(crate) username: String,
    /// Name and uid of the pod it is bound to.
    pub(crate) pod: Option<(String, String)>,
}

/// A namespaced kind of object.
pub(crate) trait Kind: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + fmt::Debug + DeserializeOwned {}

impl<K> Kind for K where K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + fmt::Debug + DeserializeOwned {}

/// The way to the apiserver.
#[derive(Clone)]
pub(crate) struct Cluster {
    client: Client,
}

impl Cluster {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Who has this token, if it is good for this audience.
    pub(crate) async fn review(&self, token: &str, audience: &str) -> Result<Option<Reviewed>> {
        let spec = TokenReviewSpec {
            audiences: Some(vec![audience.to_owned()]),
            token: Some(token.to_owned()),
        };
        let review = TokenReview {
            spec,
            ..TokenReview::default()
        };
        let api: Api<TokenReview> = Api::all(self.client());
        let parameters = PostParams::default();
        let created = within("review", "a token", api.create(&parameters, &review)).await?;
        let status = created.status.unwrap_or_default();
        // An apiserver that does not know audiences returns none: the token is then good for the apiserver alone.
        let meant = status
            .audiences
            .is_some_and(|audiences| audiences.iter().any(|one| one == audience));
        let Some(user) = status.user.filter(|_| meant && status.authenticated == Some(true)) else {
            return Ok(None);
        };
        let extra = user.extra.unwrap_or_default();
        let claim = |name: &str| extra.get(name).and_then(|values| values.first()).cloned();
        Ok(user.username.map(|username| Reviewed {
            username,
            pod: claim(POD_NAME).zip(claim(POD_UID)),
        }))
    }

    /// The authorities that the controller has made; nothing while it has not.
    pub(crate) async fn authorities(&self, namespace: &str) -> Result<Option<Authorities>> {
        let api: Api<Secret> = Api::namespaced(self.client(), namespace);
        let secret = within("read", "the Secret of the authorities", api.get_opt(AUTHORITIES_SECRET)).await?;
        let Some(secret) = secret else { return Ok(None) };
        let stored = secret.data.unwrap_or_default().remove(AUTHORITIES_KEY).unwrap_or_default();
        Authorities::read(&stored.0).context(AuthoritiesSnafu).map(Some)
    }

    /// An object's metadata, read from the quorum.
    pub(crate) async fn metadata<K>(&self, namespace: &str, name: &str) -> Result<Option<PartialObjectMeta<K>>>
    where
        K: Kind,
    {
        let api: Api<K> = Api::namespaced(self.client(), namespace);
        within("read", &format!("{}/{namespace}/{name}", K::kind(&())), api.get_metadata_opt(name)).await
    }

    /// Namespace, name and uid of every Function, in one namespace or in all, read from the quorum.
    pub(crate) async fn functions(&self, namespace: Option<&str>) -> Result<Vec<(String, String, String)>> {
        let api: Api<Function> = namespace.map_or_else(|| Api::all(self.client()), |namespace| Api::namespaced(self.client(), namespace));
        let (mut found, mut parameters) = (Vec::new(), ListParams::default().limit(PAGE));
        loop {
            let page = within("list", "Functions", api.list_metadata(&parameters)).await?;
            let names = page.items.into_iter().map(|function| function.metadata);
            found.extend(names.filter_map(|metadata| Some((metadata.namespace?, metadata.name?, metadata.uid?))));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters.continue_token = Some(token),
                None => return Ok(found),
            }
        }
    }
}

/// Waits for one call.
pub(crate) async fn within<T>(operation: &'static str, object: &str, call: impl Future<Output = kube::Result<T>>) -> Result<T> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(result) => result.context(RequestSnafu { operation, object }),
        Err(_) => ExpireSnafu { operation, object }.fail(),
    }
}
