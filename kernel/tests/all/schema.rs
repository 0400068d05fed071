//! `schema`: what the snapshot says, within the grant, soon after it changed.

use serde_json::json;

use crate::kernel::{Kernel, wait_until};

const CONFIG: &str = "[plugins.test-schema.grant]\nhttp = {}\nschema = { schemas = [\"public\"] }\n";

#[test]
fn a_relation_is_described_with_its_keys() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql(
        "create type colour as enum ('red', 'blue'); create domain label as varchar(20);
         create table author (id int generated always as identity primary key, name label not null unique);
         create table book (id uuid primary key default gen_random_uuid(), author int references author, cover colour);
         comment on column book.cover is 'what it looks like';
         create view shelf as select * from book",
    );
    wait_until("the tables are known", || kernel.get("/test/schema/public/shelf").status == 200);
    let book = kernel.get("/test/schema/public/book").ok();
    assert_eq!((&book["schema"], &book["name"], &book["kind"]), (&json!("public"), &json!("book"), &json!("table")));
    assert_eq!(book["primary_key"], json!(["id"]));
    let cover = &book["columns"][2];
    assert_eq!(
        (&cover["name"], &cover["nullable"], &cover["enum"]),
        (&json!("cover"), &json!(true), &json!(["red", "blue"]))
    );
    assert_eq!(cover["comment"], "what it looks like");
    let key = &book["foreign_keys"][0];
    assert_eq!(
        (&key["columns"], &key["target"], &key["target_columns"]),
        (&json!(["author"]), &json!("author"), &json!(["id"]))
    );
    let author = kernel.get("/test/schema/public/author").ok();
    assert_eq!(author["referenced_by"][0]["relation"], "book");
    let name = &author["columns"][1];
    assert_eq!(
        (&name["type"], &name["base_type"], &name["nullable"]),
        (&json!("label"), &json!("character varying(20)"), &json!(false))
    );
    assert_eq!(kernel.get("/test/schema/public/shelf").ok()["kind"], "view");
    assert_eq!(kernel.get("/test/schema/public/nothing").status, 404);
}

#[test]
fn a_change_is_seen_and_the_version_grows() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    let version = || kernel.get("/test/schema/public/-").ok()["version"].as_u64().expect("a number");
    let before = version();
    kernel.sql("create table fresh (id int)");
    wait_until("the new table is known", || kernel.get("/test/schema/public/fresh").status == 200);
    assert!(version() > before);
    kernel.sql("alter table fresh rename column id to number");
    wait_until("the new name is known", || kernel.get("/test/schema/public/fresh").text().contains("\"number\""));
    kernel.sql("drop table fresh");
    wait_until("the table is gone", || kernel.get("/test/schema/public/fresh").status == 404);
}

#[test]
fn a_schema_that_was_not_granted_is_refused() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql("create schema private; create table private.t (id int)");
    kernel.get("/test/schema/private/t").refuses(500, "schema.not-granted");
    kernel.get("/test/schema/private/-").refuses(500, "schema.not-granted");
    assert_eq!(kernel.get("/test/schema/public/-").ok()["schemas"], json!(["public"]));
}
