create table link (
  code text primary key,
  url text not null,
  made timestamptz not null default now(),
  visits int not null default 0
);
