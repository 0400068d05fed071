-- The roles that requests take. They belong to the server, so that another instance may have made them already, even at
-- this moment.
do $$
declare
  name text;
begin
  foreach name in array array['anon', 'authenticated', 'service_role'] loop
    begin
      if not exists (select from pg_roles where rolname = name) then
        execute format('create role %I nologin noinherit', name);
      end if;
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end $$;

-- Past row-level security, where the admin may grant that. Without superuser service_role needs policies of its own.
do $$
begin
  if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
    alter role service_role bypassrls;
  end if;
exception when insufficient_privilege then
  raise notice 'service_role has no BYPASSRLS: it needs policies of its own';
end $$;

-- Nobody makes tables in a schema that everybody searches. (Postgres 15 and later start so.) No grants on tables: what a
-- request may see is the operator's to say.
do $$
begin
  revoke create on schema public from public;
  grant usage on schema public to anon, authenticated, service_role;
exception when insufficient_privilege then
  raise notice 'the schema public belongs to somebody else and is left as it is';
end $$;

comment on schema basalt is 'The kernel''s own tables.';
