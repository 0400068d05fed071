//! Requests and the SQL that they become, through all pure stages. It deliberately runs none of it: the kernel's tests do.

use super::*;
use crate::config::Config;
use crate::fixture::{orders, parse};
use crate::payload;
use crate::plan::plan;

/// The statement for a request with a payload: its text, and its parameters as text.
fn statement(request: &str, prefer: &str, json: &str) -> (String, Vec<String>) {
    let (relation, intent) = (orders(), parse(request, &[("prefer", prefer)]).expect(request));
    let payload = if json.is_empty() { payload::Payload::Empty } else { payload::parse(json.as_bytes()).unwrap() };
    let config = Config { require_filter: false, ..Config::default() };
    let plan = plan(&intent, &payload, &relation, &config).expect(request);
    let statement = build(&plan).unwrap();
    let parameters = statement.parameters.iter().map(|parameter| match parameter {
        Parameter::Text(text) => text.to_string(),
        Parameter::Payload => "<payload>".to_owned(),
    });
    (statement.text, parameters.collect())
}

/// The same text, a clause to a line.
fn clause_lines(request: &str, prefer: &str, json: &str) -> String {
    let starts = [" SELECT ", " FROM ", " WHERE ", " ON CONFLICT ", " RETURNING ", " LIMIT ", " ORDER BY "];
    starts
        .iter()
        .fold(statement(request, prefer, json).0, |text, start| text.replace(start, &format!("\n{}", &start[1..])))
}

/// What a read has after the table's name, without the operator's limit.
fn clauses(query: &str) -> (String, Vec<String>) {
    let (text, parameters) = statement(&format!("GET {query}&limit=1"), "", "");
    let start = text.find("FROM \"public\".\"orders\"").unwrap() + "FROM \"public\".\"orders\"".len();
    let end = text.rfind(" LIMIT").unwrap();
    (text[start..end].trim().replace("\"public\".\"orders\".", ""), parameters[..parameters.len() - 1].to_vec())
}

#[test]
fn turns_filters_into_conditions() {
    let table: [(&str, &str, &[&str]); 38] = [
        ("id=eq.1", r#""id" = $1"#, &["1"]),
        ("id=neq.1", r#""id" <> $1"#, &["1"]),
        ("id=gt.1", r#""id" > $1"#, &["1"]),
        ("id=gte.1", r#""id" >= $1"#, &["1"]),
        ("id=lt.1", r#""id" < $1"#, &["1"]),
        ("id=lte.1", r#""id" <= $1"#, &["1"]),
        ("customer=like.*a*", r#""customer" LIKE $1"#, &["%a%"]),
        ("customer=ilike.a_", r#""customer" ILIKE $1"#, &["a_"]),
        ("customer=match.^a*", r#""customer" ~ $1"#, &["^a*"]),
        ("customer=imatch.b$", r#""customer" ~* $1"#, &["b$"]),
        ("tags=cs.{a,b}", r#""tags" @> $1"#, &["{a,b}"]),
        ("tags=cd.{a}", r#""tags" <@ $1"#, &["{a}"]),
        ("tags=ov.{a}", r#""tags" && $1"#, &["{a}"]),
        ("id=sl.(1,2)", r#""id" << $1"#, &["(1,2)"]),
        ("id=sr.(1,2)", r#""id" >> $1"#, &["(1,2)"]),
        ("id=nxr.(1,2)", r#""id" &< $1"#, &["(1,2)"]),
        ("id=nxl.(1,2)", r#""id" &> $1"#, &["(1,2)"]),
        ("id=adj.(1,2)", r#""id" -|- $1"#, &["(1,2)"]),
        ("id=not.eq.1", r#"NOT "id" = $1"#, &["1"]),
        ("id=eq(any).{1,2}", r#""id" = ANY ($1)"#, &["{1,2}"]),
        ("customer=like(all).{a*,*b}", r#""customer" LIKE ALL ($1)"#, &["{a%,%b}"]),
        ("id=in.(1,2)", r#""id" = ANY ($1)"#, &[r#"{"1","2"}"#]),
        ("id=not.in.()", r#"NOT "id" = ANY ($1)"#, &["{}"]),
        (r#"customer=in.("a\"b","c\\d")"#, r#""customer" = ANY ($1)"#, &[r#"{"a\"b","c\\d"}"#]),
        ("id=is.null", r#""id" IS NULL"#, &[]),
        ("id=is.NOT_NULL", r#""id" IS NOT NULL"#, &[]),
        ("id=not.is.true", r#"NOT "id" IS TRUE"#, &[]),
        ("id=isdistinct.1", r#""id" IS DISTINCT FROM $1"#, &["1"]),
        ("words=fts.cat", r#""words" @@ to_tsquery($1)"#, &["cat"]),
        ("words=wfts(english).cat", r#""words" @@ websearch_to_tsquery($1::regconfig, $2)"#, &["english", "cat"]),
        (
            "customer=phfts(french).chat",
            r#"to_tsvector($1::regconfig, "customer") @@ phraseto_tsquery($2::regconfig, $3)"#,
            &["french", "french", "chat"],
        ),
        ("settings->a->>0=eq.x", r#""settings"->$1->>$2::int = $3"#, &["a", "0", "x"]),
        ("tags->-1=eq.x", r#"to_jsonb("tags")->$1::int = $2"#, &["-1", "x"]),
        ("or=(id.eq.1,id.eq.2)", r#"("id" = $1 OR "id" = $2)"#, &["1", "2"]),
        ("not.and=(id.eq.1,id.is.null)", r#"NOT ("id" = $1 AND "id" IS NULL)"#, &["1"]),
        (
            "and=(id.gt.1,not.or(id.eq.2,customer.in.(a,b)),tags.cs.{x,y})",
            r#"("id" > $1 AND NOT ("id" = $2 OR "customer" = ANY ($3)) AND "tags" @> $4)"#,
            &["1", "2", r#"{"a","b"}"#, "{x,y}"],
        ),
        (r#"or=(customer.eq."a,b)",id.not.eq.2)"#, r#"("customer" = $1 OR NOT "id" = $2)"#, &["a,b)", "2"]),
        ("id=eq.1&customer=eq.", r#""id" = $1 AND "customer" = $2"#, &["1", ""]),
    ];
    for (query, sql, parameters) in table {
        let (text, found) = clauses(query);
        assert_eq!(text, format!("WHERE {sql}"), "{query}");
        assert_eq!(found, parameters, "{query}");
    }
}

#[test]
fn sorts() {
    let table = [
        ("order=id", "ORDER BY \"id\""),
        ("order=id.asc,price.desc", "ORDER BY \"id\" ASC, \"price\" DESC"),
        ("order=id.nullsfirst", "ORDER BY \"id\" NULLS FIRST"),
        ("order=id.desc.nullslast", "ORDER BY \"id\" DESC NULLS LAST"),
        ("order=settings->>a.desc", "ORDER BY \"settings\"->>$1 DESC"),
    ];
    for (query, sql) in table {
        assert_eq!(clauses(query).0, sql, "{query}");
    }
}

#[test]
fn selects() {
    let table = [
        ("", "*"),
        ("select=*", "*"),
        ("select=id,customer", r#""id", "customer""#),
        ("select=who:customer", r#""customer" AS "who""#),
        ("select=price::text", r#"CAST("price" AS text) AS "price""#),
        ("select=p:price::double%20precision", r#"CAST("price" AS double precision) AS "p""#),
        ("select=settings->a", r#""settings"->$1 AS "a""#),
        ("select=settings->a->0", r#""settings"->$1->$2::int AS "a""#),
        ("select=tags->0", r#"to_jsonb("tags")->$1::int AS "tags""#),
        (
            "select=%22we%5C%22ird%22,with%20space,field-with_sep,gr%C3%B6%C3%9Fe",
            r#""we""ird", "with space", "field-with_sep", "größe""#,
        ),
        (r#"select=%22x%5C%22;%20drop%22:id"#, r#""id" AS "x""; drop""#),
        ("select=%22a%00b%22:id", r#""id" AS "a""#),
    ];
    for (query, sql) in table {
        let (text, _) = statement(&format!("GET {query}&id=eq.1"), "", "");
        let start = text.find("FROM (SELECT ").unwrap() + "FROM (SELECT ".len();
        let end = text.find(" FROM \"public\"").unwrap();
        assert_eq!(text[start..end].replace("\"public\".\"orders\".", ""), sql, "{query}");
    }
}

#[test]
fn a_get_by_key_is_nothing_but_that() {
    insta::assert_snapshot!(clause_lines("GET id=eq.1", "", ""), @r#"
    SELECT NULL::bigint AS total, count(*) AS page, coalesce(json_agg(basalt_row.*), '[]')::text AS body
    FROM (SELECT "public"."orders".*
    FROM "public"."orders"
    WHERE "public"."orders"."id" = $1) basalt_row
    "#);
}

#[test]
fn a_list_looks_one_row_beyond_its_limit() {
    let request = "GET offset=20";
    insta::assert_snapshot!(clause_lines(request, "", ""), @r#"
    WITH basalt_page AS (SELECT "public"."orders".*
    FROM "public"."orders"
    LIMIT $1 OFFSET $2)
    SELECT NULL::bigint AS total, (SELECT count(*)
    FROM basalt_page) AS page, (SELECT coalesce(json_agg(basalt_row.*), '[]')::text
    FROM (SELECT *
    FROM basalt_page
    LIMIT $3) basalt_row) AS body
    "#);
    assert_eq!(statement(request, "", "").1, ["101", "20", "100"]);
}

#[test]
fn a_count_is_of_what_the_filters_leave() {
    let request = "GET price=gt.5&order=id&limit=2";
    insta::assert_snapshot!(clause_lines(request, "count=exact", ""), @r#"
    SELECT (SELECT count(*)
    FROM "public"."orders"
    WHERE "public"."orders"."price" > $1) AS total, count(*) AS page, coalesce(json_agg(basalt_row.*), '[]')::text AS body
    FROM (SELECT "public"."orders".*
    FROM "public"."orders"
    WHERE "public"."orders"."price" > $2
    ORDER BY "public"."orders"."id"
    LIMIT $3) basalt_row
    "#);
    assert_eq!(statement(request, "count=exact", "").1, ["5", "5", "2"]);
}

#[test]
fn headers_alone_need_no_rows_as_json() {
    insta::assert_snapshot!(clause_lines("HEAD id=eq.1", "", ""), @r#"
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body
    FROM (SELECT "public"."orders".*
    FROM "public"."orders"
    WHERE "public"."orders"."id" = $1) basalt_row
    "#);
}

#[test]
fn inserts() {
    let object = r#"{"price":1,"id":2}"#;
    insta::assert_snapshot!(clause_lines("POST", "", object), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id", "price")
    SELECT basalt_body."id", basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("id" bigint, "price" numeric(10,2))
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST select=id", "return=representation", "[{\"id\":1}]"), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id")
    SELECT basalt_body."id"
    FROM json_to_recordset($1::json) AS basalt_body("id" bigint)
    RETURNING "public"."orders"."id")
    SELECT NULL::bigint AS total, count(*) AS page, coalesce(json_agg(basalt_row.*), '[]')::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT basalt_source."id"
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST", "return=headers-only", object), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id", "price")
    SELECT basalt_body."id", basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("id" bigint, "price" numeric(10,2))
    RETURNING "public"."orders"."id")
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, CASE WHEN count(*) = 1 THEN json_build_array(min(basalt_row."id"::text))::text END AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST", "", "{}"), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" DEFAULT VALUES
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST", "", "[{},{}]"), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders"
    SELECT
    FROM json_array_elements($1::json)
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST", "", "[]"), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders"
    SELECT
    WHERE false
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
}

#[test]
fn inserts_what_may_be_there_already() {
    let object = r#"{"id":2,"price":1}"#;
    insta::assert_snapshot!(clause_lines("POST", "resolution=merge-duplicates", object), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id", "price")
    SELECT basalt_body."id", basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("id" bigint, "price" numeric(10,2))
    WHERE set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) + 1)::text, true) <> '0'
    ON CONFLICT ("id") DO UPDATE SET "id" = EXCLUDED."id", "price" = EXCLUDED."price"
    WHERE set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, nullif(current_setting('basalt.inserted', true), '') AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("PUT id=eq.2", "", object), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id", "price")
    SELECT basalt_body."id", basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("id" bigint, "price" numeric(10,2))
    WHERE basalt_body."id" = $2 AND set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) + 1)::text, true) <> '0'
    ON CONFLICT ("id") DO UPDATE SET "id" = EXCLUDED."id", "price" = EXCLUDED."price"
    WHERE set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, nullif(current_setting('basalt.inserted', true), '') AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("POST on_conflict=customer,order", "resolution=ignore-duplicates", object), @r#"
    WITH basalt_source AS (INSERT INTO "public"."orders" ("id", "price")
    SELECT basalt_body."id", basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("id" bigint, "price" numeric(10,2))
    ON CONFLICT ("customer", "order") DO NOTHING
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
}

#[test]
fn updates() {
    let object = r#"{"price":1,"we\"ird":2}"#;
    insta::assert_snapshot!(clause_lines("PATCH id=eq.1", "", object), @r#"
    WITH basalt_source AS (UPDATE "public"."orders" SET "price" = basalt_body."price", "we""ird" = basalt_body."we""ird"
    FROM json_to_record($1::json) AS basalt_body("price" numeric(10,2), "we""ird" integer)
    WHERE "public"."orders"."id" = $2
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("PATCH select=id&order=price", "return=representation", "{\"price\":1}"), @r#"
    WITH basalt_source AS (UPDATE "public"."orders" SET "price" = basalt_body."price"
    FROM json_to_record($1::json) AS basalt_body("price" numeric(10,2))
    RETURNING "public"."orders"."id", "public"."orders"."price")
    SELECT NULL::bigint AS total, count(*) AS page, coalesce(json_agg(basalt_row.*), '[]')::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT basalt_source."id"
    FROM basalt_source
    ORDER BY basalt_source."price") basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("PATCH", "", "{}"), @r#"
    WITH basalt_source AS (SELECT 1
    FROM "public"."orders"
    WHERE false)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    assert_eq!(statement("PATCH id=eq.7", "", object).1, ["<payload>", "7"]);
}

#[test]
fn deletes() {
    insta::assert_snapshot!(clause_lines("DELETE id=eq.1", "", ""), @r#"
    WITH basalt_source AS (DELETE
    FROM "public"."orders"
    WHERE "public"."orders"."id" = $1
    RETURNING 1)
    SELECT NULL::bigint AS total, count(*) AS page, NULL::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT *
    FROM basalt_source) basalt_row
    "#);
    insta::assert_snapshot!(clause_lines("DELETE id=eq.1&select=who:customer", "return=representation", ""), @r#"
    WITH basalt_source AS (DELETE
    FROM "public"."orders"
    WHERE "public"."orders"."id" = $1
    RETURNING "public"."orders"."customer")
    SELECT NULL::bigint AS total, count(*) AS page, coalesce(json_agg(basalt_row.*), '[]')::text AS body, NULL::text AS key, NULL::text AS inserted
    FROM (SELECT basalt_source."customer" AS "who"
    FROM basalt_source) basalt_row
    "#);
}

#[test]
fn values_never_enter_the_text() {
    let hostile = "'; DROP TABLE orders; --";
    let encoded = crate::request::parameter::encode(hostile);
    let queries = [
        format!("id=eq.{encoded}"),
        format!("id=in.({encoded})"),
        format!("customer=like.{encoded}"),
        format!("words=fts({}).{encoded}", "english"),
        format!("or=(id.eq.{encoded},id.isdistinct.{encoded})"),
        format!("settings->>{}=eq.1", "x'%20OR%20'1"),
    ];
    for query in queries {
        let (text, _) = statement(&format!("GET {query}"), "", "");
        assert!(!text.contains('\'') || !text.contains("DROP"), "{text}");
        assert!(!text.contains("OR '1"), "{text}");
    }
}

#[test]
fn equal_requests_have_equal_text_whatever_their_values() {
    let text = |query: &str| statement(&format!("GET {query}"), "", "").0;
    assert_eq!(text("id=eq.1"), text("id=eq.2"));
    assert_eq!(text("id=in.(1)"), text("id=in.(1,2,3)"));
    assert_eq!(text("limit=5&offset=5"), text("limit=50&offset=500"));
}
