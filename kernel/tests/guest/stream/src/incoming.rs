//! Bodies that are read as they arrive: piece by piece, whole, handed on, or not at all.

use sdk_plugin::{Body, Problem, Request, Response};

pub(crate) fn handle(request: &Request) -> Result<Response, Problem> {
    let body = request.body().unwrap_or_else(|| Body::from_text("none"));
    let answer = Response::new(200);
    match request.param("what").as_deref() {
        Some("count") => Ok(answer.text(count(&body)?.to_string())),
        Some("lines") => {
            Ok(answer.text(std::io::BufRead::lines(std::io::BufReader::new(body.reader())).count().to_string()))
        }
        Some("pass") => Ok(answer.body(body)),
        Some("concat") => Ok(answer.body(Body::concat(vec![Body::from_text("<"), body, Body::from_text(">")]))),
        Some("whole") => {
            let before = body.length();
            let content = body.read_all(1 << 20)?;
            Ok(answer.text(format!("{before:?} {} {:?}", content.len(), body.length())))
        }
        Some("part") => {
            let first = body.read(4)?.unwrap_or_default();
            let rest = request.body().map(|again| again.read_all(100));
            let code = rest.and_then(Result::err).map(|problem| problem.code).unwrap_or_default();
            Ok(answer.text(format!("{} {code}", String::from_utf8_lossy(&first))))
        }
        Some("pipe") => {
            let mut answer = answer.stream()?;
            answer.write_body(body)?;
            answer.finish()
        }
        _ => Ok(answer.text("unread")),
    }
}

fn count(body: &Body) -> Result<u64, Problem> {
    let mut count = 0;
    while let Some(piece) = body.read(64 << 10)? {
        count += piece.len() as u64;
    }
    Ok(count)
}
