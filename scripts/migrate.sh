#!/usr/bin/env bash
# scripts/migrate.sh - brings the database up to date; safe to run again, also at the same time.
#
#   migrate.sh [--seed]   --seed: add the sample rows of schemas/postgres/seeds too
#
# Creates the database POSTGRES_DB and the role DEBEZIUM_USER where they are missing, then applies each new file of
# schemas/postgres/migrations in a transaction of its own, and notes it with its checksum in schema_migrations.
# An applied file that has been edited since is an error.
#
# Environment (with defaults): POSTGRES_HOST localhost, POSTGRES_PORT 5432, POSTGRES_USER postgres,
#   POSTGRES_PASSWORD postgres, POSTGRES_DB projectsdb, DEBEZIUM_USER debezium, DEBEZIUM_PASSWORD debezium
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$REPO_DIR/scripts/lib/settings.sh"
SCHEMAS_DIR=$REPO_DIR/schemas/postgres

# Any number that all runs of this script share.
LOCK=7240061

case ${1:-} in
  '' | --seed) ;;
  -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
  *) die "unknown option '$1' (migrate.sh --help)" ;;
esac

# Database and role belong to the cluster. The password is set each time, so that it follows the environment;
# it goes by environment variable, for arguments can be read by other users.
prepare_cluster() {
  run_psql postgres <<SQL
SELECT pg_advisory_lock($LOCK) \g /dev/null
\getenv database POSTGRES_DB
\getenv user DEBEZIUM_USER
\getenv password DEBEZIUM_PASSWORD
SELECT format('CREATE DATABASE %I', :'database')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT format('CREATE ROLE %I', :'user') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
ALTER ROLE :"user" LOGIN REPLICATION PASSWORD :'password';
SQL
  run_psql "$POSTGRES_DB" <<SQL
SELECT pg_advisory_lock($LOCK) \g /dev/null
CREATE TABLE IF NOT EXISTS schema_migrations (
  version    integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
SQL
}

# apply FILE - one session: lock, look whether it is applied, apply and note it in one transaction
apply() {
  local file=$1 name checksum
  name=$(basename "$file" .sql)
  [[ $name =~ ^[0-9]{4}_[a-z0-9_]+$ ]] || die "$file: expected a name such as 0001_what_it_does.sql"
  checksum=$(sha256sum "$file" | cut -d' ' -f1)
  run_psql "$POSTGRES_DB" -v version="$((10#${name%%_*}))" -v name="$name" -v checksum="$checksum" -v file="$file" \
    -v debezium_user="$DEBEZIUM_USER" <<SQL || die "$file: not applied"
BEGIN;
SELECT pg_advisory_xact_lock($LOCK) \g /dev/null
SELECT count(*) = 0 AS new, coalesce(bool_and(checksum = :'checksum' AND name = :'name'), true) AS same, max(name) AS applied
FROM schema_migrations WHERE version = :version \gset
\if :new
  \i :file
  INSERT INTO schema_migrations (version, name, checksum) VALUES (:version, :'name', :'checksum');
  \echo '  applied ' :name
\elif :same
\else
  DO \$\$ BEGIN
    RAISE EXCEPTION 'this version is applied already, with other content' USING HINT = 'put the change in a new migration';
  END \$\$;
\endif
COMMIT;
SQL
}

seed() {
  local file
  for file in "$SCHEMAS_DIR"/seeds/*.sql; do
    run_psql "$POSTGRES_DB" --single-transaction -f "$file" || die "$file: not applied"
    info "  seeded   $(basename "$file" .sql)"
  done
}

need psql sha256sum
info "migrate: database $POSTGRES_DB on $POSTGRES_HOST:$POSTGRES_PORT"
prepare_cluster
for migration in "$SCHEMAS_DIR"/migrations/*.sql; do apply "$migration"; done
[ "${1:-}" != --seed ] || seed
