-- Users, their sessions and what proves them. In the schema `auth`, in GoTrue's shapes where it has them, so that policies and
-- foreign keys written for it work. Only the kernel's own login reads the tables; what a policy may ask is a function.

create schema auth;

create table auth.users (
  id uuid primary key default gen_random_uuid(),
  aud text not null default 'authenticated',
  role text not null default 'authenticated',
  email text unique check (length(email) <= 320),
  phone text unique check (length(phone) <= 32),
  email_confirmed_at timestamptz,
  phone_confirmed_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  -- The address that waits for its owner to confirm it.
  email_change text,
  raw_app_meta_data jsonb not null default '{}',
  raw_user_meta_data jsonb not null default '{}',
  is_anonymous boolean not null default false,
  is_sso_user boolean not null default false,
  invited_at timestamptz,
  confirmation_sent_at timestamptz,
  recovery_sent_at timestamptz,
  email_change_sent_at timestamptz,
  reauthentication_sent_at timestamptz,
  last_sign_in_at timestamptz,
  banned_until timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on auth.users (created_at desc, id);

-- Apart from the users: whoever is let read those does not get these with them.
create table auth.passwords (
  user_id uuid primary key references auth.users on delete cascade,
  hash text not null,
  changed_at timestamptz not null default now()
);

-- How a user is known elsewhere; an address or a number here is one too.
create table auth.identities (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users on delete cascade,
  provider text not null,
  provider_id text not null,
  identity_data jsonb not null default '{}',
  last_sign_in_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider, provider_id)
);
create index on auth.identities (user_id);

create table auth.sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users on delete cascade,
  aal text not null default 'aal1' check (aal in ('aal1', 'aal2')),
  -- [{"method", "timestamp"}], the newest first.
  amr jsonb not null default '[]',
  factor_id uuid,
  ip inet,
  user_agent text,
  not_after timestamptz,
  refreshed_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
create index on auth.sessions (user_id, created_at desc);
create index on auth.sessions (refreshed_at);

-- The tokens are made from their ids with the instance's key, so that one can be given again to a second tab; what lies here
-- is a digest.
create table auth.refresh_tokens (
  id uuid primary key,
  session_id uuid not null references auth.sessions on delete cascade,
  digest bytea not null unique check (octet_length(digest) = 32),
  parent uuid,
  child uuid,
  used_at timestamptz,
  created_at timestamptz not null default now()
);
create index on auth.refresh_tokens (session_id);

create table auth.mfa_factors (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users on delete cascade,
  friendly_name text not null default '',
  factor_type text not null check (factor_type = 'totp'),
  status text not null default 'unverified' check (status in ('unverified', 'verified')),
  sealed bytea not null,
  -- The last step of time of which a code was taken: none is taken twice.
  last_step bigint not null default 0,
  last_challenged_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index on auth.mfa_factors (user_id, friendly_name) where friendly_name <> '';
create index on auth.mfa_factors (user_id);

create table auth.mfa_challenges (
  id uuid primary key default gen_random_uuid(),
  factor_id uuid not null references auth.mfa_factors on delete cascade,
  ip inet,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index on auth.mfa_challenges (factor_id);

create table auth.recovery_codes (
  user_id uuid not null references auth.users on delete cascade,
  digest bytea not null check (octet_length(digest) = 32),
  used_at timestamptz,
  primary key (user_id, digest)
);

create table auth.one_time_tokens (
  user_id uuid not null references auth.users on delete cascade,
  kind text not null,
  -- Of the six digits together with the user, and of the long form.
  code_digest bytea not null check (octet_length(code_digest) = 32),
  digest bytea not null unique check (octet_length(digest) = 32),
  -- What it confirms.
  relates_to text,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (user_id, kind)
);

-- Failures, by what they were tried on: known or not, so that it makes no difference. The subject is a digest.
create table auth.attempts (
  kind text not null check (kind in ('password', 'code', 'token')),
  subject bytea not null,
  failures integer not null,
  since timestamptz not null default now(),
  locked_until timestamptz,
  primary key (kind, subject)
);
create index on auth.attempts (since);

-- The keys that tokens are signed with. Which one signs is a question of time only, so that all nodes agree without asking: the
-- youngest that is active. Others know the public part before that.
create table auth.signing_keys (
  kid text primary key check (kid ~ '^[A-Za-z0-9_-]{1,64}$'),
  algorithm text not null check (algorithm in ('HS256', 'ES256', 'RS256', 'EdDSA')),
  sealed bytea not null,
  active_from timestamptz not null,
  -- When the last token that it signed is over.
  accepted_until timestamptz,
  created_at timestamptz not null default now()
);

-- Sessions, tokens (`jti`), users and keys that are refused before their time. Kernels keep what is in force in memory and
-- read what was added since: a row is added in a transaction, and those of open ones are not seen yet.
create table auth.revocations (
  subject text primary key check (length(subject) <= 128),
  until timestamptz not null,
  reason text not null default '',
  added_by xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default now()
);
create index on auth.revocations (added_by);
create index on auth.revocations (until);

-- Keys of programs. `service` ones act as service_role; others as their owner or as a role, within scopes.
create table auth.api_keys (
  id uuid primary key default gen_random_uuid(),
  kind text not null default 'api' check (kind in ('api', 'service')),
  name text not null check (length(name) between 1 and 128),
  prefix text not null,
  digest bytea not null unique check (octet_length(digest) = 32),
  user_id uuid references auth.users on delete set null,
  role text not null,
  scopes text[] not null default '{}',
  -- Requests in a minute; none is the instance's default.
  rate_limit integer check (rate_limit > 0),
  expires_at timestamptz,
  revoked_at timestamptz,
  deleted_at timestamptz,
  -- The one that took its place.
  replaced_by uuid references auth.api_keys on delete set null,
  created_by text not null default '',
  -- As `added_by` above: kernels read what changed since.
  changed_by xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on auth.api_keys (user_id);
create index on auth.api_keys (changed_by);

-- Written now and then, for many requests at once, and apart from the keys so that those do not change with every use.
create table auth.api_key_usage (
  key_id uuid primary key references auth.api_keys on delete cascade,
  last_used_at timestamptz not null,
  requests bigint not null default 0
);

-- What happened to keys. It outlives them.
create table auth.api_key_log (
  number bigint generated always as identity primary key,
  key_id uuid not null,
  event text not null,
  reason text not null default '',
  actor text not null,
  at timestamptz not null default now()
);
create index on auth.api_key_log (key_id, number desc);

-- However a user goes, what was handed out to that user is refused from then on.
create function auth.user_gone() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update auth.api_keys set revoked_at = coalesce(revoked_at, now()), changed_by = pg_current_xact_id()
    where user_id = old.id;
  insert into auth.revocations (subject, until, reason) values (old.id::text, now() + interval '1 day', 'deleted')
    on conflict (subject) do update set until = excluded.until, added_by = pg_current_xact_id();
  return old;
end $$;
create trigger gone before delete on auth.users for each row execute function auth.user_gone();

create trigger notice after insert or update or delete or truncate on auth.signing_keys
  for each statement execute function basalt.plugin_notice();
create trigger notice after insert or update or delete or truncate on auth.revocations
  for each statement execute function basalt.plugin_notice();
create trigger notice after insert or update or delete or truncate on auth.api_keys
  for each statement execute function basalt.plugin_notice();

-- Who asks, for policies. Use them as `(select auth.uid())`: Postgres then asks once for a statement, not once for each row.
--
-- The claims are those that the kernel set for the transaction; a role that can run SQL of its own can set others, which is why
-- no plugin that is not trusted has such a role.
create function auth.jwt() returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;
create function auth.uid() returns uuid language sql stable set search_path = pg_catalog, pg_temp as $$
  select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
$$;
create function auth.role() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
$$;
create function auth.email() returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
$$;
comment on function auth.uid() is 'The user of the request. In policies: (select auth.uid()).';
comment on function auth.role() is 'The role of the request. In policies: (select auth.role()).';
comment on function auth.email() is 'The e-mail address in the token of the request. In policies: (select auth.email()).';
comment on function auth.jwt() is 'The claims of the request. In policies: (select auth.jwt()).';

-- An operator's `alter default privileges` may give new objects to others. The tables are nobody's but the kernel's, and the
-- functions are for the roles of requests.
do $$
declare
  given record;
begin
  for given in
    select format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass) as object,
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee
    from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace = 'auth'::regnamespace and c.relkind in ('r', 'S') and a.grantee <> c.relowner
  loop
    execute format('revoke all on %s from %s', given.object, given.grantee);
  end loop;
end $$;
revoke execute on all functions in schema auth from public;
grant usage on schema auth to anon, authenticated, service_role;
grant execute on function auth.jwt(), auth.uid(), auth.role(), auth.email() to anon, authenticated, service_role;
