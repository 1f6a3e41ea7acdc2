-- What Debezium reads. Its role is made by scripts/migrate.sh, for roles and passwords belong to the cluster.

-- One row, written by the connector's heartbeat. While the captured tables are idle and others are busy, this is
-- what moves the replication slot on and lets PostgreSQL drop old WAL.
CREATE TABLE sluice_heartbeat (
  id         integer PRIMARY KEY CHECK (id = 1),
  written_at timestamptz NOT NULL
);
INSERT INTO sluice_heartbeat VALUES (1, now());

-- Old values in a change event:
--   projects, user_projects, project_hashtags: the key says which documents are touched, and DEFAULT has it. A junction
--   row's key holds both of its foreign keys, so moving the row changes the key: Debezium sends a delete with the
--   old project and a create with the new one.
--   users, hashtags: FULL. One row may be in a great many projects; with the old row at hand, an update that touches
--   no indexed column can be seen to touch no document. The rows are small and seldom change.
ALTER TABLE users REPLICA IDENTITY FULL;
ALTER TABLE hashtags REPLICA IDENTITY FULL;

-- Made here, so that the connector's role need not own the tables. Truncates are published too.
CREATE PUBLICATION sluice
  FOR TABLE projects, users, hashtags, user_projects, project_hashtags, sluice_heartbeat
  WITH (publish = 'insert, update, delete, truncate');

-- The snapshot reads the tables, and the heartbeat writes its row; nothing more.
GRANT USAGE ON SCHEMA public TO :"debezium_user";
GRANT SELECT ON projects, users, hashtags, user_projects, project_hashtags, sluice_heartbeat TO :"debezium_user";
GRANT UPDATE ON sluice_heartbeat TO :"debezium_user";
