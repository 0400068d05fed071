//! Receives webhooks: checks the signature (standardwebhooks.com), keeps each message once, and lists what came to whoever
//! acts as `service_role`. What is done with a message is somebody else's: a trigger on the table, say.

mod signature;

use std::time::{Duration, SystemTime};

use sdk_plugin::sql::{Access, Mode};
use sdk_plugin::{Body, Params, Problem, Request, Response, Router, clock, log, plugin, secret, sql};
use serde::Deserialize;

plugin!(handle, log);

/// An older message could be somebody's who listened then and sends it again.
const TOLERANCE: Duration = Duration::from_secs(300);
const MAX_BODY: u64 = 256 << 10;

const INSERT: &str = "insert into message (id, source, content) values ($1, $2, $3) on conflict (id) do nothing";
/// One value, made by Postgres, so that the rows never enter this plugin's memory.
const LIST: &str = "select coalesce(json_agg(m), '[]') from (select id, content, received_at from message \
                    where source = $1 order by received_at desc limit $2) m";

fn handle(request: Request) -> Result<Response, Problem> {
    Router::new().post("/{source}", receive).get("/{source}", list).answer(&request)
}

fn receive(request: &Request, params: &Params) -> Result<Response, Problem> {
    let body = request.body().unwrap_or_else(|| Body::from_text(""));
    let content = body.read_text(MAX_BODY)?;
    let headers = request.headers_named(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    let [Some(id), Some(time), Some(signatures)] = headers else {
        return Ok(Response::new(400).text("webhook-id, webhook-timestamp and webhook-signature are needed\n"));
    };
    let is_signed = signature::is_right(&secret::get("inbox_key")?, &id, &time, &content, &signatures)?;
    if !is_signed || !is_recent(&time, clock::now()) {
        log::warn(&format!("a message for {} with a wrong signature or time", params.text("source")));
        return Ok(Response::new(401).text("the signature or its time is wrong\n"));
    }
    let parameters = [id.into(), params.text("source").into(), content.into()];
    let rows = sql::query(Mode::Own, Access::ReadWrite, INSERT, &parameters)?;
    // Senders repeat what they were not told of: the same message again is no failure.
    Ok(Response::new(if rows.affected() == 1 { 201 } else { 200 }))
}

fn is_recent(time: &str, now: SystemTime) -> bool {
    let sent = time.parse().ok().and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let distance = |sent: SystemTime| now.duration_since(sent).unwrap_or_else(|ahead| ahead.duration());
    sent.is_some_and(|sent| distance(sent) <= TOLERANCE)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "twenty")]
    limit: u16,
}

fn twenty() -> u16 {
    20
}

fn list(request: &Request, params: &Params) -> Result<Response, Problem> {
    if request.role() != "service_role" {
        return Ok(Response::new(403).text("messages are for service_role\n"));
    }
    let limit = request.query_as::<Page>()?.limit.min(100).to_string();
    let rows = sql::query(Mode::Own, Access::ReadOnly, LIST, &[params.text("source").into(), limit.into()])?;
    let list = rows.value_body(0, 0).unwrap_or_else(|| Body::from_text("[]"));
    Ok(Response::new(200).header("content-type", "application/json").body(list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk_plugin::testing::{Answer, Host, Table};

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn host() -> Host {
        let host = Host::new(include_str!("../plugin.toml"));
        host.secret("inbox_key", KEY);
        host.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_330));
        host.on_sql("insert into message", |_| Ok(Table::affected(1)));
        host
    }

    /// The message and the signature of the specification's own libraries.
    fn send(host: &Host, time: &str, signature: &str) -> Answer {
        let request = host.request("POST", "/inbox/shop").header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
        let request = request.header("webhook-timestamp", time).header("webhook-signature", signature);
        request.body(r#"{"test": 2432232314}"#).send(handle).unwrap()
    }

    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signed_message_is_kept() {
        let host = host();
        assert_eq!(send(&host, "1614265330", SIGNATURE).status(), 201);
        let kept = &host.statements()[0].parameters;
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(*kept, [text("msg_p5jXN8AQM9LWM0D4loKWxJek"), text("shop"), text(r#"{"test": 2432232314}"#)]);
    }

    #[test]
    fn the_same_message_again_is_no_failure() {
        let host = host();
        host.on_sql("insert into message", |_| Ok(Table::affected(0)));
        assert_eq!(send(&host, "1614265330", SIGNATURE).status(), 200);
    }

    #[test]
    fn what_is_not_signed_is_not_kept() {
        let host = host();
        for (time, signature) in [
            ("1614265330", "v1,AAAA9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("1614265330", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("1614265330", ""),
            ("1614265331", SIGNATURE),
            ("yesterday", SIGNATURE),
        ] {
            assert_eq!(send(&host, time, signature).status(), 401, "{time} {signature}");
        }
        assert!(host.statements().is_empty());
        assert!(host.log()[0].message.contains("for shop"));
    }

    #[test]
    fn a_message_of_long_ago_is_somebody_who_listened() {
        let host = host();
        host.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_330 + 301));
        assert_eq!(send(&host, "1614265330", SIGNATURE).status(), 401);
    }

    #[test]
    fn only_the_service_sees_what_came() {
        let host = host();
        host.on_sql("select coalesce", |_| Ok(Table::new(["list"]).row([r#"[{"id":"a"}]"#])));
        assert_eq!(host.request("GET", "/inbox/shop").send(handle).unwrap().status(), 403);
        let asked = host.request("GET", "/inbox/shop?limit=5").role("service_role").send(handle).unwrap();
        assert_eq!(asked.text(), r#"[{"id":"a"}]"#);
        assert_eq!(host.statements()[0].parameters[1].as_deref(), Some("5"));
        let wrong = host.request("GET", "/inbox/shop?limit=many").role("service_role").send(handle);
        assert_eq!(wrong.unwrap_err().code, "request.invalid");
    }
}
