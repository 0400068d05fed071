create table message (
  id text primary key,
  source text not null,
  content jsonb not null,
  received_at timestamptz not null default now()
);

create index on message (source, received_at desc);
