-- Tells the kernels of this database that the catalogue changed. Event triggers take a superuser; without one the
-- catalogue is polled.
do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    return;
  end if;

  -- Temporary tables are nobody else's business, and come and go. A DROP does not say what it dropped.
  create function basalt.ddl_notice() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
  begin
    if tg_tag like 'DROP %'
      or exists (select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp')
    then
      notify basalt_ddl;
    end if;
  end $body$;

  create event trigger basalt_ddl on ddl_command_end execute function basalt.ddl_notice();
end $$;
