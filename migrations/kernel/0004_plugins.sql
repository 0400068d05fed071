-- What is installed, what happened to it, and what only the kernel may know. In the database, so that all kernels agree and
-- a backup has it.

-- Grows with every change of a plugin and never comes back, also when a plugin is removed and added again.
create sequence basalt.plugin_revision;

-- Files, each once. Those that no plugin points to any more are deleted with the change that left them.
create table basalt.plugin_version (
  digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
  plugin text not null,
  version text not null,
  manifest text not null,
  -- What the operator approved for it: a TOML table of the shape of [plugins.<id>], weaker than the operator's file. With the
  -- version, so that going back to one goes back to what it was granted.
  recorded text not null default '',
  content bytea not null check (octet_length(content) <= 67108864),
  installed_at timestamptz not null default now(),
  unique (plugin, digest)
);
-- WebAssembly is compressed once, by whoever sends it, or not at all: to try costs more than it saves.
alter table basalt.plugin_version alter column content set storage external;

create table basalt.plugin (
  id text primary key,
  enabled boolean not null default true,
  -- None where the version that came with the binary runs.
  "current" text,
  previous text,
  canary text,
  canary_share double precision check (canary_share > 0 and canary_share < 1),
  -- Calls of the canary that decide.
  canary_calls bigint check (canary_calls > 0),
  revision bigint not null default nextval('basalt.plugin_revision'),
  check ((canary is null) = (canary_share is null) and (canary is null) = (canary_calls is null)),
  foreign key (id, "current") references basalt.plugin_version (plugin, digest),
  foreign key (id, previous) references basalt.plugin_version (plugin, digest),
  foreign key (id, canary) references basalt.plugin_version (plugin, digest)
);
-- A request meets at most one plugin of which two versions run.
create unique index plugin_one_canary on basalt.plugin ((true)) where canary is not null;
alter sequence basalt.plugin_revision owned by basalt.plugin.revision;

-- The audit trail. It outlives what it is about.
create table basalt.plugin_log (
  number bigint generated always as identity primary key,
  plugin text not null,
  event text not null,
  version text,
  digest text,
  reason text not null default '',
  actor text not null,
  at timestamptz not null default now()
);
create index on basalt.plugin_log (plugin, number desc);

create table basalt.secret (
  name text primary key check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  sealed bytea not null,
  set_at timestamptz not null default now()
);

-- The SHA-256 of each key that opens /api/v1/admin/.
create table basalt.operator_key (
  digest bytea primary key check (octet_length(digest) = 32),
  made_at timestamptz not null default now()
);

-- Tells all kernels of this database to look.
create function basalt.plugin_notice() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  notify basalt_plugin;
  return null;
end $$;
revoke execute on function basalt.plugin_notice() from public;

create trigger notice after insert or update or delete or truncate on basalt.plugin
  for each statement execute function basalt.plugin_notice();
create trigger notice after insert or update or delete or truncate on basalt.secret
  for each statement execute function basalt.plugin_notice();
create trigger notice after insert or update or delete or truncate on basalt.operator_key
  for each statement execute function basalt.plugin_notice();

-- An operator's `alter default privileges` may give new tables to others. These are nobody's but the admin's.
do $$
declare
  given record;
begin
  for given in
    select c.oid::regclass as object, case c.relkind when 'S' then 'sequence' else 'table' end as kind,
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
    from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace = 'basalt'::regnamespace and c.relkind in ('r', 'S') and a.grantee <> c.relowner
      and c.relname in ('plugin', 'plugin_version', 'plugin_log', 'secret', 'operator_key', 'plugin_revision',
        'plugin_log_number_seq')
  loop
    execute format('revoke all on %s %s from %s', given.kind, given.object, given.grantee);
  end loop;
end $$;
