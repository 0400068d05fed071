//! Types and functions of the contract as WIT writes them, and the members of types as tables. It deliberately knows no page.

use wit_parser::{Docs, Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind};

/// `send: func(request: outgoing) -> result<incoming, problem>`.
pub(crate) fn signature(resolve: &Resolve, function: &Function) -> String {
    let is_method = matches!(function.kind, FunctionKind::Method(_));
    let params = function.params.iter().skip(usize::from(is_method));
    let params: Vec<_> = params.map(|param| format!("{}: {}", param.name, name(resolve, &param.ty))).collect();
    let params = params.join(", ");
    if matches!(function.kind, FunctionKind::Constructor(_)) {
        return format!("constructor({params})");
    }
    let word = if matches!(function.kind, FunctionKind::Static(_)) { "static func" } else { "func" };
    let result = function.result.map(|result| format!(" -> {}", name(resolve, &result))).unwrap_or_default();
    format!("{}: {word}({params}){result}", function.item_name())
}

/// The members of a record, a variant or an enum, or what a type stands for; nothing for a resource.
pub(crate) fn members(resolve: &Resolve, definition: &TypeDef) -> String {
    let row = |name: &str, ty: Option<&Type>, docs: &Docs| {
        let docs = docs.contents.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let ty = ty.map(|ty| format!("`{}`", self::name(resolve, ty))).unwrap_or_default();
        format!("| `{name}` | {ty} | {} |\n", docs.replace('|', "\\|"))
    };
    let rows: String = match &definition.kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| row(&field.name, Some(&field.ty), &field.docs)).collect()
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| row(&case.name, case.ty.as_ref(), &case.docs)).collect()
        }
        TypeDefKind::Enum(labels) => labels.cases.iter().map(|case| row(&case.name, None, &case.docs)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| row(&flag.name, None, &flag.docs)).collect(),
        TypeDefKind::Resource => return String::new(),
        kind => return format!("\n`{}`\n", shape(resolve, kind)),
    };
    format!("\n| name | type | |\n|---|---|---|\n{rows}")
}

/// A type where it is used: its name, or its shape when it has none.
fn name(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    let definition = &resolve.types[*id];
    definition.name.clone().unwrap_or_else(|| shape(resolve, &definition.kind))
}

fn shape(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let of = |ty: &Type| name(resolve, ty);
    let optional = |ty: Option<&Type>| ty.map_or("_".to_owned(), of);
    match kind {
        TypeDefKind::Handle(Handle::Own(id)) => of(&Type::Id(*id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", of(&Type::Id(*id))),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(of).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Option(inner) => format!("option<{}>", of(inner)),
        TypeDefKind::Result(result) if result.ok.is_none() && result.err.is_none() => "result".to_owned(),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", optional(result.ok.as_ref()), optional(result.err.as_ref()))
        }
        TypeDefKind::List(inner) => format!("list<{}>", of(inner)),
        TypeDefKind::Type(inner) => of(inner),
        other => other.as_str().to_owned(),
    }
}
