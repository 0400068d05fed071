//! `GET /metrics`, for Prometheus. Gauges that mirror another layer's state are read here, when somebody looks.

use bytes::Bytes;
use salvo::http::header::CONTENT_TYPE;
use salvo::http::{HeaderMap, HeaderValue, ResBody, StatusCode};

use super::Call;
use crate::error::Result;
use crate::http::answer::Reply;
use crate::telemetry;

pub(super) async fn answer(Call { context, .. }: Call) -> Result<Reply> {
    telemetry::HTTP_UNSENT.set(i64::try_from(context.unsent.bytes()).unwrap_or(i64::MAX));
    telemetry::REQUESTS_IN_FLIGHT.set(context.in_flight() as i64);
    for pool in context.store.stats() {
        for (state, count) in [("idle", pool.idle), ("busy", pool.open - pool.idle), ("waiting", pool.waiting)] {
            telemetry::DB_CONNECTIONS.with_label_values(&[pool.login.as_str(), state]).set(count as i64);
        }
    }
    let registries = context.roster.fleet.registries();
    // A version on trial is one more of the same plugin; what two have in common is exported twice, which changes nothing.
    for plugin in registries.iter().flat_map(|registry| registry.ready()) {
        let gauge = telemetry::PLUGIN_INSTANCES.with_label_values(&[plugin.manifest.id.as_str()]);
        gauge.set(plugin.idle_instances() as i64);
        plugin.export();
        telemetry::HOST_MEMORY.set(i64::try_from(plugin.fixed.total.used()).unwrap_or(i64::MAX));
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
    let body = ResBody::Once(Bytes::from(telemetry::render_metrics()));
    Ok(Reply { status: StatusCode::OK, headers, body })
}
