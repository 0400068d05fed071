//! The rows that are read: 100,000 of a few columns, under row-level security that compares a claim with a column.
//!
//! It makes no roles: the kernel's own migrations do.

/// Keys are from 1 to this; `SCRIPT` has it too.
pub(crate) const ROWS: u32 = 100_000;

/// Whose rows they are: the `sub` of the token; `SCRIPT` has it too.
pub(crate) const OWNER: &str = "11111111-1111-4111-8111-111111111111";

/// The table and its rows, in a database that the kernel has migrated. The request login itself may read them too, for the
/// variant that takes no role.
pub(crate) const SCRIPT: [&str; 2] = [
    "create table public.item (id bigint primary key, owner uuid not null, name text not null, price numeric(10,2),
       tags text[] not null, made timestamptz not null);
     insert into public.item
       select id, '11111111-1111-4111-8111-111111111111', 'item number ' || id, id % 1000 + 0.99, array['a', 'b' || id % 10],
         timestamptz '2024-01-01 00:00:00+00' + id * interval '1 minute'
       from generate_series(1, 100000) as id;
     -- Made for one kernel; here several use it.
     alter role basalt_authenticator connection limit -1;
     alter table public.item enable row level security;
     grant usage on schema public to basalt_authenticator;
     grant select on public.item to authenticated, basalt_authenticator;
     create policy own on public.item for select to authenticated
       using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid);
     create policy all_rows on public.item for select to basalt_authenticator using (true)",
    // Not in a transaction with anything else.
    "vacuum (analyze) public.item",
];
