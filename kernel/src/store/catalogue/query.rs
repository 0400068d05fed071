//! The questions that a snapshot is made of. It asks none of them.

pub(super) const SCHEMAS: &str = concat!(
    "select n.nspname, obj_description(n.oid, 'pg_namespace') from pg_namespace n where ",
    hidden!(),
    " order by 1"
);

/// `pg_relation_is_updatable` is costly, and only for views in doubt: bits 8, 4 and 16 are insert, update and delete.
pub(super) const RELATIONS: &str = concat!(
    "select c.oid, n.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'), \
     case c.relkind when 'r' then 28 when 'p' then 28 when 'm' then 0 else pg_relation_is_updatable(c.oid, true) end, ",
    stamp!(),
    ", c.relispartition from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     where c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!()
);

/// What a domain's implicit casts from and to JSON and text are: how its values are read and shown.
macro_rules! casts {
    () => {
        "select domain, json_object_agg(way, function)::text as casts from ( \
           select k.castsource as domain, case k.casttarget when 114 then 'to_json' else 'to_text' end as way, \
             k.castfunc::regproc::text as function \
           from pg_cast k join pg_type t on t.oid = k.castsource \
           where t.typtype = 'd' and k.casttarget in (114, 25) and k.castcontext = 'i' and k.castmethod = 'f' \
           union all \
           select k.casttarget, case k.castsource when 114 then 'from_json' else 'from_text' end, k.castfunc::regproc::text \
           from pg_cast k join pg_type t on t.oid = k.casttarget \
           where t.typtype = 'd' and k.castsource in (114, 25) and k.castcontext = 'i' and k.castmethod = 'f') w group by 1"
    };
}

pub(super) const COLUMNS: &str = concat!(
    "with recursive base (oid, root, typmod) as ( \
       select oid, oid, -1 from pg_type where typtype <> 'd' \
       union all select t.oid, b.root, t.typtypmod from pg_type t join base b on b.oid = t.typbasetype where t.typtype = 'd') \
     select a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), \
       format_type(b.root, case when b.root = a.atttypid then a.atttypmod else b.typmod end), \
       not (a.attnotnull or t.typnotnull), a.atthasdef or a.attidentity <> '' or t.typdefault is not null, \
       case when a.attgenerated <> '' then null \
         when a.attidentity <> '' then format('nextval(%L::regclass)', \
           pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)) \
         when a.atthasdef then pg_get_expr(f.adbin, f.adrelid) else t.typdefault end, \
       case when a.attidentity <> '' then 'identity' when a.attgenerated <> '' then 'stored' end, \
       case c.relkind when 'r' then a.attgenerated = '' and a.attidentity <> 'a' \
         when 'p' then a.attgenerated = '' and a.attidentity <> 'a' when 'm' then false \
         else pg_column_is_updatable(c.oid, a.attnum, true) end, \
       d.description, e.labels, x.casts \
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace \
     join pg_type t on t.oid = a.atttypid join base b on b.oid = a.atttypid \
     left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum \
     left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum \
     left join (select enumtypid, json_agg(enumlabel order by enumsortorder)::text as labels from pg_enum group by 1) e \
       on e.enumtypid = b.root \
     left join (",
    casts!(),
    ") x on x.domain = a.atttypid \
     where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!(),
    " order by a.attrelid, a.attnum"
);

/// A partition's keys are its parent's again (`conparentid`); they would double every relationship.
pub(super) const CONSTRAINTS: &str = concat!(
    "select k.conname, k.contype, k.conrelid, k.confrelid, \
       (select json_agg(a.attname order by o.ord) from unnest(k.conkey) with ordinality o (num, ord) \
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num)::text, \
       (select json_agg(a.attname order by o.ord) from unnest(k.confkey) with ordinality o (num, ord) \
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.num)::text \
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace \
     where k.contype in ('p', 'u', 'f') and (k.contype <> 'f' or k.conparentid = 0) and ",
    hidden!(),
    " order by k.conrelid, k.conname"
);

/// What Postgres made of each view's text: nothing else tells which column of which table a view's column is.
pub(super) const VIEWS: &str = concat!(
    "select r.ev_class, r.ev_action::text from pg_rewrite r join pg_class c on c.oid = r.ev_class \
     join pg_namespace n on n.oid = c.relnamespace where r.rulename = '_RETURN' and c.relkind in ('v', 'm') and ",
    hidden!()
);

/// By name, with all overloads: as JSON, the stamp, those that compute something of a relation's row, and those whose
/// result is a domain that is named like a media type.
pub(super) const FUNCTIONS: &str = concat!(
    "with recursive base (oid, root) as ( \
       select oid, oid from pg_type where typtype <> 'd' \
       union all select t.oid, b.root from pg_type t join base b on b.oid = t.typbasetype where t.typtype = 'd'), \
     described as (select n.nspname, p.proname, p.oid, p.xmin, p.pronargs, p.prokind, p.proretset, \
       o.typrelid as row_of, o.typname as argument, t.typname as result, t.typtype as result_kind, tn.nspname as result_schema, \
       orc.relname as row_name, orn.nspname as row_schema, \
       not p.proretset or p.prorows = 1 as single, rn.nspname as relation_schema, rc.relname as relation, rc.relkind as relation_kind, \
       json_build_object('schema', n.nspname, 'name', p.proname, \
         'kind', case p.prokind when 'f' then 'function' when 'a' then 'aggregate' else 'window' end, \
         'comment', obj_description(p.oid, 'pg_proc'), \
         'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end, \
         'arguments', coalesce(a.list, '[]'), \
         'settings', coalesce((select json_agg(json_build_array(split_part(s, '=', 1), substr(s, strpos(s, '=') + 1))) \
            from unnest(p.proconfig) s), '[]'), \
         'returns', json_build_object('type', format_type(p.prorettype, null), 'schema', tn.nspname, 'name', t.typname, \
           'kind', case when r.oid = 2278 then 'void' \
             when r.typtype = 'c' or p.proargmodes && '{t,b,o}'::\"char\"[] then 'composite' else 'scalar' end, \
           'set', p.proretset, 'single', not p.proretset or p.prorows = 1, \
           'relation', case when rc.oid is not null then json_build_object('schema', rn.nspname, 'name', rc.relname) end)) as json \
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
     join pg_type t on t.oid = p.prorettype join pg_namespace tn on tn.oid = t.typnamespace \
     join base b on b.oid = t.oid join pg_type r on r.oid = b.root \
     left join pg_class rc on rc.oid = r.typrelid left join pg_namespace rn on rn.oid = rc.relnamespace \
     left join pg_type o on p.pronargs = 1 and o.oid = p.proargtypes[0] \
     left join pg_class orc on orc.oid = o.typrelid left join pg_namespace orn on orn.oid = orc.relnamespace \
     left join lateral (select json_agg(json_build_object('name', coalesce(p.proargnames[u.ord], ''), \
         'type', format_type(u.type, null), \
         'mode', case coalesce(p.proargmodes[u.ord], 'i') when 'i' then 'in' when 'o' then 'out' when 'b' then 'inout' \
           when 'v' then 'variadic' else 'table' end, \
         'optional', coalesce(p.proargmodes[u.ord], 'i') in ('i', 'b', 'v') and p.pronargs - p.pronargdefaults < \
           (select count(*) from generate_series(1, u.ord) g where coalesce(p.proargmodes[g], 'i') in ('i', 'b', 'v'))) \
       order by u.ord) as list \
       from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality u (type, ord)) a on true \
     where ",
    callable!(),
    " and ",
    hidden!(),
    ") select nspname, proname, json_agg(json order by pronargs, oid)::text, ",
    function_stamp!("oid", "xmin"),
    ", json_agg(json_build_object('of', row_of::bigint, 'function', json_build_object('schema', nspname, 'name', proname, \
         'type', json->'returns'->>'type', 'set', proretset, 'single', single, 'relation', \
         case when relation_kind in ('r', 'v', 'm', 'f', 'p') then json_build_object('schema', relation_schema, 'name', relation) end))) \
       filter (where row_of <> 0 and pronargs = 1 and prokind = 'f')::text, \
     json_agg(json_build_object('schema', nspname, 'name', proname, 'aggregate', prokind = 'a', 'set', proretset, \
         'type', json_build_object('schema', result_schema, 'name', result), 'any', coalesce(argument = 'anyelement', false), \
         'relation', case when row_of <> 0 then json_build_object('schema', row_schema, 'name', row_name) end)) \
       filter (where result_kind = 'd' and result ~* '^([a-z0-9.-]+/[a-z0-9.+-]+|[*]/[*])$')::text \
     from described group by 1, 2"
);

pub(super) const TYPES: &str = "select oid, typname from pg_type where oid >= 16384";
