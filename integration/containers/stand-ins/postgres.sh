#!/usr/bin/env bash
# Initialises the data from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, as the official image does, then serves.
set -euo pipefail
data=/var/lib/postgresql/data
if [ ! -s $data/PG_VERSION ]; then
  initdb -D $data -U "$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync
  echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
  # Not yet by TCP, so that the health check waits for the database.
  pg_ctl -D $data -w -o "-c listen_addresses=''" start
  PGPASSWORD=$POSTGRES_PASSWORD createdb -U "$POSTGRES_USER" "${POSTGRES_DB:-$POSTGRES_USER}" || true
  pg_ctl -D $data -w stop
fi
exec "$@" -D $data -c listen_addresses='*'
