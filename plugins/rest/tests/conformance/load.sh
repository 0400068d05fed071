#!/bin/bash
# (Re)create the PostgREST conformance database.  env: PGHOST PGPORT PSQL(=path to psql) PGSUPER(=postgres) FIX(=fixture dir) NOPOSTGIS=1
# usage: pgrst_fixtures.sh [dbname]      needs superuser PGSUPER; creates login role "Postgrest_Test_Authenticator" (trust/peer auth; no password)
set -e
DB=${1:-pgrst}; PSQL=${PSQL:-psql}; PGSUPER=${PGSUPER:-postgres}; HERE=$(cd "$(dirname "$0")" && pwd); FIX=${FIX:-$HERE/fixtures}
B="$PSQL -U $PGSUPER -q -v ON_ERROR_STOP=1"
$B -d postgres -c "drop database if exists $DB with (force)" -c "create database $DB template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'" >/dev/null
$B -d postgres -c "do \$\$begin if not exists (select from pg_roles where rolname='Postgrest_Test_Authenticator') then create role \"Postgrest_Test_Authenticator\" login noinherit nosuperuser nocreatedb nocreaterole; end if; end\$\$"
$B -d $DB -c 'drop owned by postgrest_test_anonymous' 2>/dev/null || true
D=$(mktemp -d); cp "$FIX"/*.sql $D; chmod -R a+rX $D
if [ -n "$NOPOSTGIS" ]; then
  sed -i -E "s/^create extension if not exists postgis.*//; s/extensions\.geometry\([A-Z]+, *4326\)/text/" $D/schema.sql
  sed -i -E "1i set check_function_bodies = false;" $D/schema.sql
  sed -i -E "s/::extensions\.geometry/::text/g" $D/data.sql
  cat >> $D/schema.sql <<'EOS'
create function extensions.st_geomfromgeojson(text) returns text language sql as 'select $1';
EOS
fi
(cd $D; export PGTZ=utc PGOPTIONS='-c search_path=public,test'; $B -d $DB -v PGUSER="Postgrest_Test_Authenticator" -f load.sql >/dev/null)
$B -d $DB -c "vacuum analyze"
rm -rf $D; echo "loaded $DB"
