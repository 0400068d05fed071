//! The closed list of metrics, and how they are printed for Prometheus.
//!
//! Every label has a bounded set of values: a caller must not be able to make a new time series by asking for a new path.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Upper bounds in seconds: from a request that never leaves memory to the default deadline.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

static HTTP_REQUESTS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter("basalt_http_requests_total", "Requests answered.", &["method", "route", "status"]));
static HTTP_DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    histogram(
        "basalt_http_request_duration_seconds",
        "From the head of a request to the head of its answer.",
        &["method", "route"],
    )
});
static HTTP_STREAMED: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter("basalt_http_stream_bytes_total", "Bytes of streamed answers.", &["route"]));
static HTTP_STREAMS_ENDED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter("basalt_http_streams_total", "Streamed answers by outcome: ok or an error code.", &["route", "outcome"])
});
static PLUGIN_CALLS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter("basalt_plugin_calls_total", "Calls of a plugin, by outcome: ok or an error code.", &["plugin", "outcome"])
});
static PLUGIN_DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    histogram(
        "basalt_plugin_call_duration_seconds",
        "A call of a plugin, waiting for an instance included.",
        &["plugin"],
    )
});
static PLUGIN_USED: LazyLock<[IntCounterVec; 8]> = LazyLock::new(|| {
    [
        ("basalt_plugin_fuel_total", "Computation, in units of fuel."),
        ("basalt_plugin_sql_statements_total", "Statements."),
        ("basalt_plugin_sql_microseconds_total", "Time in SQL, waiting for a connection included."),
        ("basalt_plugin_sql_rows_total", "Rows of results."),
        ("basalt_plugin_log_lines_total", "Lines written to the log."),
        ("basalt_plugin_dispatches_total", "Calls of other plugins."),
        ("basalt_plugin_fetches_total", "Requests to servers outside."),
        ("basalt_plugin_fetch_bytes_total", "Bytes of these requests' bodies and of the answers'."),
    ]
    .map(|(name, help)| counter(name, help, &["plugin"]))
});
static PLUGIN_PEAK_MEMORY: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge("basalt_plugin_peak_memory_bytes", "The most linear memory that an instance had.", &["plugin"])
});
static PLUGIN_BREAKER: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge("basalt_plugin_breaker", "The circuit breaker: 0 closed, 1 half open, 2 open.", &["plugin"])
});
static CATALOGUE_WORK: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter(
        "basalt_catalogue_work_total",
        "What keeping the catalogue costs: readings and their queries, fingerprints taken, checks of single relations.",
        &["kind"],
    )
});
static UPTIME: LazyLock<Gauge> = LazyLock::new(|| {
    let gauge = Gauge::new("basalt_system_uptime_seconds", "Since the kernel started.");
    register(gauge.expect("a valid name"))
});

/// Memory of all plugins; at `host.memory` calls are sent away.
pub static HOST_MEMORY: LazyLock<IntGauge> = LazyLock::new(|| {
    let gauge = IntGauge::new("basalt_host_memory_bytes", "Memory of all plugins, instances that wait included.");
    register(gauge.expect("a valid name"))
});
/// Requests to plugins that are being answered; at `server.max_requests` more are sent away.
pub static REQUESTS_IN_FLIGHT: LazyLock<IntGauge> = LazyLock::new(|| {
    let gauge = IntGauge::new("basalt_http_requests_in_flight", "Requests to plugins that are being answered.");
    register(gauge.expect("a valid name"))
});
/// Bytes of answers that clients have not taken yet; at `server.max_unsent` large ones are refused.
pub static HTTP_UNSENT: LazyLock<IntGauge> = LazyLock::new(|| {
    let gauge = IntGauge::new("basalt_http_unsent_bytes", "Bytes of answers that clients have not taken yet.");
    register(gauge.expect("a valid name"))
});
/// Answers that are being streamed.
pub static HTTP_STREAMS: LazyLock<IntGauge> = LazyLock::new(|| {
    let gauge = IntGauge::new("basalt_http_streams", "Answers that are being streamed.");
    register(gauge.expect("a valid name"))
});
/// Database connections by login and state (`idle`, `busy`), and calls that wait for one (`waiting`).
pub static DB_CONNECTIONS: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge("basalt_db_connections", "Connections to Postgres.", &["login", "state"]));
/// Instances of a plugin that exist, in use or not.
pub static PLUGIN_LIVE: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge("basalt_plugin_instances", "Instances that exist, in use or not.", &["plugin"]));
/// Instances of a plugin that wait for a call.
pub static PLUGIN_INSTANCES: LazyLock<IntGaugeVec> =
    LazyLock::new(|| gauge("basalt_plugin_idle_instances", "Instances that wait for a call.", &["plugin"]));

fn register<M: prometheus::core::Collector + Clone + 'static>(metric: M) -> M {
    REGISTRY.register(Box::new(metric.clone())).expect("each metric is registered once, here");
    metric
}

fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register(IntCounterVec::new(Opts::new(name, help), labels).expect("a valid name"))
}

fn gauge(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    register(IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid name"))
}

fn histogram(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    register(HistogramVec::new(opts, labels).expect("a valid name"))
}

/// Starts the clock of the uptime.
pub fn start() {
    LazyLock::force(&STARTED);
}

/// Counts an answered request.
pub fn http_request(method: &str, route: &str, status: u16, took: Duration) {
    let mut digits = [0; 3];
    let status = status_text(status, &mut digits);
    HTTP_REQUESTS.with_label_values(&[method, route, status]).inc();
    HTTP_DURATION.with_label_values(&[method, route]).observe(took.as_secs_f64());
}

/// Counts bytes of a streamed answer.
pub fn http_streamed(route: &str, bytes: u64) {
    HTTP_STREAMED.with_label_values(&[route]).inc_by(bytes);
}

/// Counts a streamed answer that ended.
pub fn http_stream_ended(route: &str, outcome: &str) {
    HTTP_STREAMS_ENDED.with_label_values(&[route, outcome]).inc();
}

/// The series of one plugin, looked up once: a call is too short to look for them by label.
pub struct PluginMetric {
    plugin: String,
    ok: IntCounter,
    duration: Histogram,
    /// In the order of [`PLUGIN_USED`].
    used: [IntCounter; 8],
    peak_memory: IntGauge,
    breaker: IntGauge,
}

impl PluginMetric {
    /// The series of the plugin of this id.
    pub fn new(plugin: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            ok: PLUGIN_CALLS.with_label_values(&[plugin, "ok"]),
            duration: PLUGIN_DURATION.with_label_values(&[plugin]),
            used: PLUGIN_USED.each_ref().map(|counter| counter.with_label_values(&[plugin])),
            peak_memory: PLUGIN_PEAK_MEMORY.with_label_values(&[plugin]),
            breaker: PLUGIN_BREAKER.with_label_values(&[plugin]),
        }
    }

    /// Counts a call that ended, by the code of its failure.
    pub fn call(&self, took: Duration, failure: Option<&str>) {
        match failure {
            None => self.ok.inc(),
            Some(code) => PLUGIN_CALLS.with_label_values(&[self.plugin.as_str(), code]).inc(),
        }
        self.duration.observe(took.as_secs_f64());
    }

    /// Adds fuel, statements, microseconds in SQL, rows, log lines, dispatches, fetches and their bytes.
    pub fn add(&self, used: [u64; 8]) {
        self.used.iter().zip(used).for_each(|(counter, used)| counter.inc_by(used));
    }

    /// Sets the most memory that an instance had.
    pub fn peak_memory(&self, bytes: u64) {
        self.peak_memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Sets where its circuit breaker stands: 0 closed, 1 half open, 2 open.
    pub fn breaker(&self, stage: i64) {
        self.breaker.set(stage);
    }
}

/// Counts what was done to keep the catalogue: `reading`, `query`, `fingerprint` or `check`.
pub fn catalogue_work(kind: &'static str) {
    CATALOGUE_WORK.with_label_values(&[kind]).inc();
}

fn status_text(status: u16, digits: &mut [u8; 3]) -> &str {
    for (at, unit) in [100, 10, 1].into_iter().enumerate() {
        digits[at] = b'0' + u8::try_from(status / unit % 10).unwrap_or(0);
    }
    std::str::from_utf8(digits).unwrap_or("000")
}

/// Everything, in Prometheus' text format.
pub fn render() -> Vec<u8> {
    UPTIME.set(STARTED.elapsed().as_secs_f64());
    let mut text = Vec::new();
    let encoded = TextEncoder::new().encode(&REGISTRY.gather(), &mut text);
    encoded.expect("writing to memory does not fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_printed() {
        http_request("GET", "test", 404, Duration::from_millis(3));
        PluginMetric::new("test").call(Duration::ZERO, Some("sql.busy"));
        let text = String::from_utf8(render()).expect("text");
        assert!(text.contains(r#"basalt_http_requests_total{method="GET",route="test",status="404"} 1"#), "{text}");
        assert!(text.contains(r#"outcome="sql.busy""#) && text.contains("basalt_system_uptime_seconds"));
    }
}
