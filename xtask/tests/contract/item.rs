//! A contract as a list of items, each with a text that is the same exactly when its shape is.
//!
//! Documentation is no part of a shape.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use wit_parser::{
    Function, Handle, InterfaceId, PackageId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, UnresolvedPackageGroup,
    WorldItem,
};

/// Versions that plugins take for the same are the same here: the names have `0.1` for `0.1.7`.
#[derive(Default)]
pub(crate) struct Contract {
    /// Types, functions, and what worlds import and export.
    pub(crate) items: BTreeMap<String, String>,
    /// The exact version of each package.
    pub(crate) versions: BTreeMap<String, String>,
    /// The interfaces that plugins export.
    pub(crate) exports: BTreeSet<String>,
}

impl Contract {
    /// Reads a folder with a folder for each package.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut groups = groups(folder);
        let main = groups.pop().expect("a package");
        let mut resolve = Resolve::default();
        resolve.push_groups(main, groups).unwrap_or_else(|fault| panic!("{fault:?}"));
        Self::of(&resolve)
    }

    /// Reads a draft of one package together with a contract that it does not change.
    pub(crate) fn draft(file: &Path, contract: &Path) -> Self {
        let (name, text) = (file.display(), fs::read_to_string(file).expect("a draft"));
        let parsed = UnresolvedPackageGroup::parse(file, &text);
        let main = parsed.unwrap_or_else(|(_, fault)| panic!("{name}: {fault:?}"));
        let mut resolve = Resolve::default();
        resolve.push_groups(main, groups(contract)).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        Self::of(&resolve)
    }

    /// Reads one package.
    pub(crate) fn parse(text: &str) -> Self {
        let mut resolve = Resolve::default();
        resolve.push_source("a.wit", text).unwrap_or_else(|fault| panic!("{text}: {fault:#}"));
        Self::of(&resolve)
    }

    fn of(resolve: &Resolve) -> Self {
        let mut contract = Self::default();
        for (id, package) in resolve.packages.iter() {
            let version = package.name.version.as_ref().expect("a version").to_string();
            contract.versions.insert(package_name(resolve, id), version);
        }
        for (id, interface) in resolve.interfaces.iter() {
            let name = interface_name(resolve, id);
            for (key, id) in &interface.types {
                contract.items.insert(format!("{name} type {key}"), shape(resolve, *id));
            }
            for (key, function) in &interface.functions {
                contract.items.insert(format!("{name} function {key}"), signature(resolve, function));
            }
        }
        contract.add_worlds(resolve);
        contract
    }

    fn add_worlds(&mut self, resolve: &Resolve) {
        for (_, world) in resolve.worlds.iter() {
            let package = package_name(resolve, world.package.expect("a world of a package"));
            let interfaces = |items: Vec<&WorldItem>| -> Vec<String> {
                let ids = items.into_iter().filter_map(|item| match item {
                    WorldItem::Interface { id, .. } => Some(interface_name(resolve, *id)),
                    _ => None,
                });
                ids.collect()
            };
            for import in interfaces(world.imports.values().collect()) {
                self.items.insert(format!("{package} world {} import {import}", world.name), String::new());
            }
            for export in interfaces(world.exports.values().collect()) {
                self.items.insert(format!("{package} world {} export {export}", world.name), String::new());
                self.exports.insert(export);
            }
        }
    }
}

fn groups(folder: &Path) -> Vec<UnresolvedPackageGroup> {
    let mut folders: Vec<_> = fs::read_dir(folder).expect("packages").flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let parse = |path: &_| UnresolvedPackageGroup::parse_dir(path).unwrap_or_else(|fault| panic!("{fault:#}"));
    folders.iter().map(parse).collect()
}

fn package_name(resolve: &Resolve, id: PackageId) -> String {
    let name = &resolve.packages[id].name;
    let version = name.version.as_ref().expect("a version");
    let track = if version.major == 0 { format!("0.{}", version.minor) } else { version.major.to_string() };
    format!("{}:{}@{track}", name.namespace, name.name)
}

fn interface_name(resolve: &Resolve, id: InterfaceId) -> String {
    let interface = &resolve.interfaces[id];
    let package = package_name(resolve, interface.package.expect("an interface of a package"));
    format!("{package}/{}", interface.name.as_deref().unwrap_or_default())
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters = function.params.iter().map(|param| format!("{}: {}", param.name, name(resolve, &param.ty)));
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    // A resource stands in the kind by a number; the function's name says it too.
    let kind = format!("{:?}", function.kind);
    let kind = kind.split('(').next().unwrap_or_default();
    format!("{kind} ({parameters}) -> {}", optional(resolve, function.result.as_ref()))
}

fn optional(resolve: &Resolve, ty: Option<&Type>) -> String {
    ty.map_or("_".to_owned(), |ty| name(resolve, ty))
}

/// A type where it is used: its name with where it is from, or its shape when it has no name.
fn name(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    let definition = &resolve.types[*id];
    match (&definition.name, &definition.kind, definition.owner) {
        // `use` gives a type a second name.
        (Some(_), TypeDefKind::Type(Type::Id(inner)), _) if resolve.types[*inner].name.is_some() => {
            name(resolve, &Type::Id(*inner))
        }
        (Some(name), _, TypeOwner::Interface(owner)) => format!("{}.{name}", interface_name(resolve, owner)),
        _ => shape(resolve, *id),
    }
}

fn shape(resolve: &Resolve, id: TypeId) -> String {
    let of = |ty: &Type| name(resolve, ty);
    let list = |parts: Vec<String>| parts.join(", ");
    let named = |name: &str, ty: Option<&Type>| format!("{name}: {}", optional(resolve, ty));
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => {
            format!(
                "record {{ {} }}",
                list(record.fields.iter().map(|field| named(&field.name, Some(&field.ty))).collect())
            )
        }
        TypeDefKind::Variant(variant) => {
            format!(
                "variant {{ {} }}",
                list(variant.cases.iter().map(|case| named(&case.name, case.ty.as_ref())).collect())
            )
        }
        TypeDefKind::Enum(labels) => {
            format!("enum {{ {} }}", list(labels.cases.iter().map(|case| case.name.clone()).collect()))
        }
        TypeDefKind::Flags(flags) => {
            format!("flags {{ {} }}", list(flags.flags.iter().map(|flag| flag.name.clone()).collect()))
        }
        TypeDefKind::Resource => "resource".to_owned(),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", of(&Type::Id(*id))),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", of(&Type::Id(*id))),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", list(tuple.types.iter().map(of).collect())),
        TypeDefKind::Option(inner) => format!("option<{}>", of(inner)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", optional(resolve, result.ok.as_ref()), optional(resolve, result.err.as_ref()))
        }
        TypeDefKind::List(inner) => format!("list<{}>", of(inner)),
        TypeDefKind::Type(inner) => of(inner),
        other => panic!("the contract has a {}, which nobody compares yet", other.as_str()),
    }
}
