//! The fixture of `schema`: a relation as the snapshot describes it, the same after a look for `now:…`, the functions
//! for `fn:…`, or the names in a schema for `-`, and what else is there for `+`.

use sdk_plugin::bindings::basalt::schema::schema;
use sdk_plugin::{Problem, Request, Response, plugin};
use serde_json::json;

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let of = request.param("schema").unwrap_or_default();
    let relation = request.param("relation").unwrap_or_default();
    if relation == "-" {
        let names = schema::relations(&of)?;
        return Response::new(200)
            .json(&json!({ "version": schema::version(), "schemas": schema::schemas(), "relations": names }));
    }
    let found = match relation.split_once(':') {
        Some(("now", relation)) => schema::relation_now(&of, relation)?,
        Some(("fn", function)) => schema::function(&of, function)?,
        _ if relation == "+" => schema::describe(&of)?,
        _ => schema::relation(&of, &relation)?,
    };
    Ok(match found {
        Some(description) => Response::new(200).header("content-type", "application/json").text(description),
        None => Response::new(404),
    })
}
