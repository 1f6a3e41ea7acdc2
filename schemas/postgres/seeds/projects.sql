-- A handful of projects to look for. Rows are found by their natural keys, so this can run again at any time:
-- it adds what is missing and changes nothing that is there.

INSERT INTO users (username, email) VALUES
  ('ada.lindqvist',   'ada.lindqvist@example.com'),
  ('bruno.costa',     'bruno.costa@example.com'),
  ('chiara.moretti',  'chiara.moretti@example.com'),
  ('dmitri.volkov',   'dmitri.volkov@example.com'),
  ('emeka.okafor',    'emeka.okafor@example.com'),
  ('fatima.zahra',    'fatima.zahra@example.com')
ON CONFLICT DO NOTHING;

INSERT INTO hashtags (name) VALUES
  ('analytics'), ('climate'), ('education'), ('kafka'), ('maps'), ('mobile'), ('open-data'), ('postgresql'), ('search')
ON CONFLICT DO NOTHING;

INSERT INTO projects (name, slug, description, created_at, updated_at) VALUES
  ('City Bike Atlas', 'city-bike-atlas',
   'Maps every bicycle lane and repair station, and plans the calm way across town.',
   '2025-11-03 09:15:00+00', '2026-01-12 16:40:00+00'),
  ('Glacier Watch', 'glacier-watch',
   'Compares satellite images of alpine glaciers year by year and publishes the changes as open data.',
   '2025-06-21 07:00:00+00', '2025-12-30 11:05:00+00'),
  ('Night School', 'night-school',
   'Evening lessons for adults: mathematics, languages and first steps in programming, on any phone.',
   '2024-09-01 18:30:00+00', '2026-01-08 20:10:00+00'),
  ('Realtime Ledger', 'realtime-ledger',
   'Streams bookkeeping entries from PostgreSQL through Kafka, so that a balance is never older than a second.',
   '2025-02-14 13:00:00+00', '2026-01-20 08:25:00+00'),
  ('Café Finder', 'cafe-finder',
   'Finds a quiet café with good light, a free socket and an honest espresso.',
   '2025-08-09 10:45:00+00', '2025-08-09 10:45:00+00')
ON CONFLICT DO NOTHING;

INSERT INTO user_projects (user_id, project_id, role)
SELECT u.id, p.id, link.role
FROM (VALUES
  ('ada.lindqvist',  'city-bike-atlas', 'owner'),
  ('bruno.costa',    'city-bike-atlas', 'member'),
  ('chiara.moretti', 'glacier-watch',   'owner'),
  ('ada.lindqvist',  'glacier-watch',   'member'),
  ('emeka.okafor',   'night-school',    'owner'),
  ('fatima.zahra',   'night-school',    'member'),
  ('dmitri.volkov',  'realtime-ledger', 'owner'),
  ('bruno.costa',    'realtime-ledger', 'member'),
  ('chiara.moretti', 'cafe-finder',     'owner')
) AS link (username, slug, role)
JOIN users u USING (username)
JOIN projects p USING (slug)
ON CONFLICT DO NOTHING;

INSERT INTO project_hashtags (project_id, hashtag_id)
SELECT p.id, h.id
FROM (VALUES
  ('city-bike-atlas', 'maps'),     ('city-bike-atlas', 'mobile'),  ('city-bike-atlas', 'open-data'),
  ('glacier-watch',   'climate'),  ('glacier-watch',   'open-data'), ('glacier-watch', 'analytics'),
  ('night-school',    'education'), ('night-school',   'mobile'),
  ('realtime-ledger', 'kafka'),    ('realtime-ledger', 'postgresql'), ('realtime-ledger', 'analytics'),
  ('cafe-finder',     'maps'),     ('cafe-finder',     'search')
) AS link (slug, hashtag)
JOIN projects p USING (slug)
JOIN hashtags h ON h.name = link.hashtag
ON CONFLICT DO NOTHING;
