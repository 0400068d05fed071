//! HTTP/2 without TLS, as proxies and gRPC clients speak it: many requests on one connection, and a farewell in order.

use std::future::poll_fn;

use h2::client::{self, SendRequest};
use salvo::http::{HeaderMap, Method};
use salvo::hyper::body::Bytes;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::kernel::{Kernel, wait_until};

const HTTP: &str = "[plugins.test-http.grant]\nhttp = {}\n";

type Sender = SendRequest<Bytes>;

async fn open(kernel: &Kernel) -> (Sender, JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(kernel.url.trim_start_matches("http://")).await.expect("connected");
    let (sender, connection) = client::handshake(stream).await.expect("HTTP/2");
    (sender, tokio::spawn(connection))
}

async fn ask(sender: &Sender, url: &str, method: Method, body: &[u8]) -> (u16, HeaderMap, Vec<u8>) {
    let mut sender = sender.clone().ready().await.expect("open");
    let request = salvo::hyper::Request::builder().method(method).uri(url).body(()).expect("a request");
    let (response, mut content) = sender.send_request(request, body.is_empty()).expect("sent");
    if !body.is_empty() {
        content.send_data(Bytes::copy_from_slice(body), true).expect("sent");
    }
    let (head, mut body) = response.await.expect("answered").into_parts();
    let mut read = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.expect("a part");
        let _ = body.flow_control().release_capacity(part.len());
        read.extend(part);
    }
    (head.status.as_u16(), head.headers, read)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(test)
}

#[test]
fn one_connection_carries_many_requests_at_once() {
    let kernel = Kernel::start(&["http"], HTTP);
    run(async {
        let (sender, _connection) = open(&kernel).await;
        let url = format!("{}/test/http/pass", kernel.url);
        let bodies: Vec<Vec<u8>> = (1..20_u8).map(|at| vec![at; 3000]).collect();
        let asked = bodies.iter().map(|body| ask(&sender, &url, Method::POST, body));
        for ((status, headers, answer), sent) in futures_util::future::join_all(asked).await.into_iter().zip(&bodies) {
            assert_eq!((status, &answer), (200, sent));
            assert!(headers.contains_key("x-request-id") && !headers.contains_key("connection"));
        }
        let (status, headers, body) = ask(&sender, &format!("{}/health", kernel.url), Method::HEAD, b"").await;
        assert_eq!((status, body.len()), (200, 0));
        assert!(headers["content-length"].to_str().is_ok_and(|length| length != "0"));
        assert_eq!(ask(&sender, &format!("{}/nowhere", kernel.url), Method::GET, b"").await.0, 404);
    });
}

#[test]
fn a_stop_says_goodbye_and_lets_running_requests_finish() {
    let config = "[plugins.test-hostile]\ngrant = { http = {}, log = {} }\nlimits = { fuel = 1_000_000_000_000, deadline = \"1s\" }";
    let kernel = Kernel::start(&["hostile"], config);
    run(async {
        let (sender, connection) = open(&kernel).await;
        let url = format!("{}/test/hostile/loop", kernel.url);
        let ((status, ..), ()) = tokio::join!(ask(&sender, &url, Method::GET, b""), async {
            tokio::task::block_in_place(|| kernel.wait_for_requests(1));
            kernel.signal("TERM");
        });
        assert_eq!(status, 504, "the plugin's deadline, not the end of the connection");
        // GOAWAY: nothing new can be sent, and the connection ends without a fault.
        let mut late = sender;
        assert!(poll_fn(|context| late.poll_ready(context)).await.is_err());
        connection.await.expect("ended").expect("in order");
    });
}

#[test]
fn who_asks_during_the_delay_is_answered_and_sent_elsewhere() {
    let kernel = Kernel::start(&[], "[server]\ndrain_delay = \"60s\"");
    run(async {
        let (sender, connection) = open(&kernel).await;
        let ready = format!("{}/ready", kernel.url);
        assert_eq!(ask(&sender, &ready, Method::GET, b"").await.0, 200);
        kernel.signal("TERM");
        tokio::task::block_in_place(|| kernel.wait_for_log("stopping"));
        let (status, headers, _) = ask(&sender, &ready, Method::GET, b"").await;
        assert_eq!(status, 503);
        assert!(!headers.contains_key("connection"));
        drop(sender);
        connection.await.expect("ended").expect("in order");
    });
    kernel.stop();
}

#[test]
fn a_client_that_takes_nothing_is_cut_off_whatever_else_it_does() {
    let config = format!(
        "[server]\nwrite_timeout = \"500ms\"\n{HTTP}[plugins.test-stream]\ngrant = {{ http = {{}}, log = {{}} }}\n\
         limits.stream_stall = \"300ms\"\n"
    );
    let kernel = Kernel::start(&["http", "stream"], &config);
    run(async {
        // More than the window that the client never opens again.
        for path in ["http/answer?200000", "stream/endless"] {
            let (sender, connection) = open(&kernel).await;
            let url = format!("{}/test/{path}", kernel.url);
            let mut ready = sender.clone().ready().await.expect("open");
            let request = salvo::hyper::Request::builder().uri(url).body(()).expect("a request");
            let (response, _) = ready.send_request(request, true).expect("sent");
            let answer = response.await.expect("answered");
            assert_eq!(answer.status(), 200, "{path}");
            let ended = tokio::time::timeout(std::time::Duration::from_secs(30), connection).await;
            assert!(ended.is_ok(), "{path}: long before a silent connection ends");
        }
    });
    let unsent = ["basalt_http_unsent_bytes ", "basalt_http_streams ", "basalt_http_requests_in_flight "];
    wait_until("nothing is left", || unsent.iter().all(|series| kernel.metric(series) == 0));
}
