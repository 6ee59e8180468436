//! The log, and traces in OpenTelemetry's protocol for those who collect them.

use std::io::{self, IsTerminal};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::app::StartError;
use crate::config::{Config, ConfigError, LogFormat};

/// How long the last traces may take to be handed over when the program ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Traces on their way to a collector, if there is one.
pub(super) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Hands over what has not been handed over yet. It blocks, for two seconds at most.
    pub(super) fn finish(self) {
        let Some(provider) = self.0 else { return };
        if let Err(error) = provider.shutdown_with_timeout(FAREWELL) {
            tracing::warn!(%error, "the last traces were not taken");
        }
    }
}

/// Starts both. The log goes to the standard error output. What `always` says (a module's path) is in it
/// whatever the filter: the line with the address is how others find the server.
pub(super) fn start(config: &Config, always: &str) -> Result<Traces, StartError> {
    // The statements' own spans are for traces only.
    let directives = format!("sea_orm=warn,{},{always}=info", config.log);
    let filter = EnvFilter::try_new(directives)
        .map_err(|error| ConfigError::new("LOG", &config.log, error.to_string()))
        .map_err(StartError::Config)?;
    let log = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let log: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let provider = config.otlp_endpoint.as_deref().map(collected_at).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("rolecall"))
            .with_filter(filter_fn(is_traced))
    });
    tracing_subscriber::registry()
        .with(log.with_filter(filter))
        .with(traces)
        .try_init()
        .map_err(|error| StartError::Other(format!("cannot start the log: {error}")))?;
    Ok(Traces(provider))
}

/// What is made for traces: our spans below `INFO` and those of SQL statements. The log's own spans and its
/// lines are not repeated.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let ours = metadata.target().starts_with("rolecall") && *metadata.level() > Level::INFO;
    metadata.is_span() && (ours || metadata.target().starts_with("sea_orm"))
}

/// Traces that go to a collector (OTLP over HTTP), in batches, from a thread of their own.
fn collected_at(endpoint: &str) -> Result<SdkTracerProvider, StartError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()
        .map_err(|error| {
            let setting = "OTEL_EXPORTER_OTLP_ENDPOINT";
            StartError::Config(ConfigError::new(setting, endpoint, error.to_string()))
        })?;
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, if set, win over this.
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("rolecall");
    }
    let provider = SdkTracerProvider::builder().with_resource(resource.build());
    Ok(provider.with_batch_exporter(exporter).build())
}
