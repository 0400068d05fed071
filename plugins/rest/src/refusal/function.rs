//! Refusals about functions: there is none, or more than one. It deliberately knows them by name and arguments only.

use super::Refusal;
use crate::request::media::Media;
use sdk_plugin::schema::Function;

/// There is none that takes these.
pub(crate) fn none(schema: &str, name: &str, names: &[String], posted: Option<&Media>) -> Refusal {
    let list = names.join(", ");
    let (shown, searched) = match names {
        [] => (" without parameters".to_owned(), " without parameters".to_owned()),
        [_] => (format!("({list})"), format!(" with parameter {list}")),
        _ => (format!("({list})"), format!(" with parameters {list}")),
    };
    let (shown, searched) = match posted {
        Some(Media::Text) => (String::new(), " with a single unnamed text parameter".to_owned()),
        Some(Media::Xml) => (String::new(), " with a single unnamed xml parameter".to_owned()),
        Some(Media::Bytes) => (String::new(), " with a single unnamed bytea parameter".to_owned()),
        Some(Media::Json) => (shown, format!("{searched} or with a single unnamed json/jsonb parameter")),
        _ => (shown, searched),
    };
    let message = format!("Could not find the function {schema}.{name}{shown} in the schema cache");
    Refusal::new(404, "PGRST202", message).details(format!(
        "Searched for the function {schema}.{name}{searched}, but no matches were found in the schema cache."
    ))
}

/// There are several.
pub(crate) fn ambiguous(found: &[&&Function]) -> Refusal {
    let list: Vec<_> = found.iter().map(|function| signature(function)).collect();
    let message = format!("Could not choose the best candidate function between: {}", list.join(", "));
    Refusal::new(300, "PGRST203", message).hint(
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )
}

fn signature(function: &Function) -> String {
    let inputs = function.arguments.iter().filter(|argument| argument.is_input());
    let inputs: Vec<_> = inputs.map(|argument| format!("{} => {}", argument.name, argument.type_name)).collect();
    format!("{}.{}({})", function.schema, function.name, inputs.join(", "))
}
