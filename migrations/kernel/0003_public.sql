-- What everybody has by default is what a plugin's own login has without being granted it. Two of those are too much:
--
-- Functions may be executed by everybody unless their owner says otherwise, and a `security definer` one that believes the
-- claims of a request would believe those that a plugin made up. So the schema is for the roles of requests, and for whom
-- the operator grants its usage.
--
-- Temporary tables stand before others of the same name, and outlive the transaction that made them.
do $$
begin
  revoke usage on schema public from public;
  execute format('revoke temporary on database %I from public', current_database());
exception when insufficient_privilege then
  raise notice 'the schema public or the database belongs to somebody else and is left as it is';
end $$;
