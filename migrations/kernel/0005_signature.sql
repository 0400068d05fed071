-- The minisign signature that came with a plugin's file, and the name that its key had then. It is checked at each load against
-- the keys that are trusted by then.
alter table basalt.plugin_version add column signature text check (octet_length(signature) <= 2048);
alter table basalt.plugin_version add column signer text;
