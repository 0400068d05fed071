create table link (
  code text primary key,
  url text not null,
  visits bigint not null default 0,
  made_at timestamptz not null default now()
);
