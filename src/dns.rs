//! Looking up what a domain says about itself in the DNS.
//!
//! Every look-up is bounded: in time, and in how many there are at once in this process. Nothing is kept
//! here, because people who have just changed a record want to know what it says now.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::config::Config;

/// How long a look-up may take, waiting for its turn included.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);

/// How long a name server has for its answer, before it is asked once more.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// How many look-ups are under way at once.
const AT_ONCE: usize = 8;

/// What a look-up came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The texts of the name's TXT records, at least one.
    Texts(Vec<String>),
    /// The DNS says that there are none.
    Nothing,
    /// Nobody knows: no answer came in time, or a name server could not give one. The reason, in words.
    Failed(String),
}

/// The way to the DNS.
pub struct Dns {
    resolver: Result<TokioResolver, String>,
    turns: Semaphore,
}

impl Dns {
    /// The name server of the settings, or those that the system is set up with. Where there are none,
    /// every look-up fails, saying so.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let resolver = match config.dns_resolver {
            Some(address) => {
                let config = ResolverConfig::from_name_servers(vec![name_server(address)]);
                Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
            None => TokioResolver::builder_tokio(),
        };
        let resolver = resolver.and_then(|mut builder| {
            bounded(builder.options_mut());
            builder.build()
        });
        let resolver = resolver.map_err(|error| {
            tracing::warn!(%error, "no name server to ask; set DNS_RESOLVER to have domains verified");
            "the server has no name server to ask".to_owned()
        });
        Self { resolver, turns: Semaphore::new(AT_ONCE) }
    }

    /// The TXT records of a name in ASCII.
    pub async fn texts(&self, name: &str) -> Answer {
        let resolver = match &self.resolver {
            Ok(resolver) => resolver,
            Err(reason) => return Answer::Failed(reason.clone()),
        };
        let asking = async {
            let _turn = self.turns.acquire().await;
            // The dot at the end: nothing is to be looked for below the system's own domain.
            resolver.txt_lookup(format!("{name}.")).await
        };
        let lookup = match timeout(TIME_LIMIT, asking).await {
            Err(_) => return Answer::Failed("no answer came in time".to_owned()),
            Ok(Err(error)) if error.is_no_records_found() => return Answer::Nothing,
            Ok(Err(error)) => return Answer::Failed(error.to_string()),
            Ok(Ok(lookup)) => lookup,
        };
        // Aliases on the way are among the answers.
        let texts = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        let texts: Vec<String> = texts.collect();
        if texts.is_empty() { Answer::Nothing } else { Answer::Texts(texts) }
    }
}

/// A name server, asked over UDP, and over TCP where an answer is too long for that.
fn name_server(address: SocketAddr) -> NameServerConfig {
    let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
        way.port = address.port();
        way
    });
    NameServerConfig::new(address.ip(), true, ways.into())
}

fn bounded(options: &mut ResolverOpts) {
    options.timeout = ANSWER_TIME;
    options.attempts = 1;
    options.cache_size = 0;
    options.positive_max_ttl = Some(Duration::ZERO);
    options.negative_max_ttl = Some(Duration::ZERO);
    options.use_hosts_file = ResolveHosts::Never;
}
