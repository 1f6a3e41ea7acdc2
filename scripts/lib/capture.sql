-- What Debezium needs in a database, as far as it is missing: a role, the row of its heartbeat, a publication with the
-- captured tables, the right to read them. Variables: tables (schema.table, with commas between), publication, debezium_user,
-- debezium_password. Entries of `tables` that are patterns are left to the publication as it is.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I LOGIN REPLICATION PASSWORD %L', :'debezium_user', :'debezium_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'debezium_user') \gexec

SELECT 'CREATE TABLE public.sluice_heartbeat (id integer PRIMARY KEY CHECK (id = 1), written_at timestamptz NOT NULL)'
WHERE to_regclass('public.sluice_heartbeat') IS NULL \gexec
INSERT INTO public.sluice_heartbeat VALUES (1, now()) ON CONFLICT DO NOTHING;

CREATE TEMPORARY TABLE captured AS
SELECT entry, quote_ident(split_part(entry, '.', 1)) || '.' || quote_ident(substr(entry, strpos(entry, '.') + 1)) AS name
FROM (SELECT replace(trim(piece), '\', '') AS entry
      FROM unnest(string_to_array(:'tables', ',')) AS piece
      WHERE replace(piece, '\.', '') !~ '[*+?|(){}^$]|\[|\\[a-zA-Z]') AS plain;

DO $$
DECLARE
  unknown text := (SELECT string_agg(entry, ', ') FROM captured WHERE to_regclass(name) IS NULL);
BEGIN
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'no such table: %', unknown;
  END IF;
END $$;

SELECT format('CREATE PUBLICATION %I', :'publication')
WHERE NOT EXISTS (SELECT FROM pg_publication WHERE pubname = :'publication') \gexec
SELECT format('ALTER PUBLICATION %I ADD TABLE %s', :'publication', name)
FROM (SELECT name FROM captured UNION SELECT 'public.sluice_heartbeat') AS wanted
WHERE NOT EXISTS (SELECT FROM pg_publication WHERE pubname = :'publication' AND puballtables)
  AND to_regclass(name) NOT IN (SELECT format('%I.%I', schemaname, tablename)::regclass
                                FROM pg_publication_tables WHERE pubname = :'publication')
  AND to_regclass(name) NOT IN (SELECT prrelid FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid
                                WHERE pubname = :'publication') \gexec

SELECT DISTINCT format('GRANT USAGE ON SCHEMA %s TO %I', relnamespace::regnamespace, :'debezium_user')
FROM captured JOIN pg_class ON oid = to_regclass(name)
WHERE NOT has_schema_privilege(:'debezium_user', relnamespace, 'USAGE') \gexec
SELECT format('GRANT SELECT ON %s TO %I', name, :'debezium_user')
FROM captured WHERE NOT has_table_privilege(:'debezium_user', name, 'SELECT') \gexec
SELECT format('GRANT SELECT, UPDATE ON public.sluice_heartbeat TO %I', :'debezium_user')
WHERE NOT has_table_privilege(:'debezium_user', 'public.sluice_heartbeat', 'UPDATE') \gexec
