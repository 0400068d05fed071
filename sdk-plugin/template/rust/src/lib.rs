//! Says hello to whoever is named in the path.

use sdk_plugin::{Params, Problem, Request, Response, Router, log, plugin, settings};
use serde::Serialize;

plugin!(handle, log);

fn handle(request: Request) -> Result<Response, Problem> {
    Router::new().get("/{name}", greet).answer(&request)
}

#[derive(Serialize)]
struct Greeting {
    message: String,
}

fn greet(_request: &Request, params: &Params) -> Result<Response, Problem> {
    let name = params.text("name");
    let greeting: String = settings::get("greeting")?;
    log::info(&format!("greeting {name}"));
    Response::new(200).json(&Greeting { message: format!("{greeting}, {name}!") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk_plugin::testing::Host;

    #[test]
    fn greets_by_name() {
        let host = Host::new(include_str!("../plugin.toml"));
        let answer = host.request("GET", "/my-plugin/Ann").send(handle).unwrap();
        assert_eq!(answer.text(), r#"{"message":"Hello, Ann!"}"#);
        assert_eq!(host.log()[0].message, "greeting Ann");
    }

    #[test]
    fn greets_with_the_word_that_the_operator_set() {
        let host = Host::new(include_str!("../plugin.toml"));
        host.setting("greeting", &"Ahoj");
        let answer = host.request("GET", "/my-plugin/Ann").send(handle).unwrap();
        assert_eq!(answer.text(), r#"{"message":"Ahoj, Ann!"}"#);
    }
}
