#!/usr/bin/env bash
# scripts/bulk-load.sh N - adds N made-up projects, with users and hashtags, on top of what is there.
#
# Rows go in by COPY, 10,000 projects a transaction. Each project has one to four users and one to five hashtags, some
# far more popular than others. A run reserves its ids first, so slugs and usernames are unique, and several can run at once.
#
# Environment (with defaults): POSTGRES_HOST localhost, POSTGRES_PORT 5432, POSTGRES_USER postgres,
#   POSTGRES_PASSWORD postgres, POSTGRES_DB projectsdb
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source "$REPO_DIR/scripts/lib/settings.sh"

case ${1:-} in
  -h | --help) print_usage "${BASH_SOURCE[0]}" && exit 0 ;;
esac
[[ $# -eq 1 && $1 =~ ^[1-9][0-9]{0,8}$ ]] || die "expected one number of projects (bulk-load.sh --help)"

COUNT=$1
CHUNK=10000
USERS=$((COUNT / 4 + 4))

# reserve TABLE N - prints the first of N ids that nobody else will get
reserve() {
  run_psql "$POSTGRES_DB" <<SQL
BEGIN;
LOCK TABLE $1 IN SHARE ROW EXCLUSIVE MODE;
SELECT greatest(nextval(seq), (SELECT coalesce(max(id), 0) + 1 FROM $1)) AS first
FROM pg_get_serial_sequence('$1', 'id') AS seq \gset
SELECT setval(pg_get_serial_sequence('$1', 'id'), :first + $2 - 1) \g /dev/null
COMMIT;
\echo :first
SQL
}

# The vocabulary of hashtags, and their ids in one line
hashtag_ids() {
  run_psql "$POSTGRES_DB" <<'SQL'
CREATE TEMP TABLE vocabulary AS
  SELECT topic || suffix AS name, row_number() OVER (ORDER BY part, place) AS rank
  FROM unnest(ARRAY['', '-tools', '-community', '-research']) WITH ORDINALITY AS s (suffix, part),
    unnest(ARRAY['open-source', 'data', 'search', 'kafka', 'postgresql', 'cloud', 'mobile', 'maps', 'climate', 'education',
      'health', 'music', 'games', 'robotics', 'security', 'privacy', 'finance', 'energy', 'transport', 'design', 'photography',
      'food', 'gardening', 'astronomy', 'biology', 'history', 'languages', 'accessibility', 'analytics', 'streaming'])
      WITH ORDINALITY AS t (topic, place);
INSERT INTO hashtags (name) SELECT name FROM vocabulary ORDER BY rank ON CONFLICT DO NOTHING;
SELECT string_agg(h.id::text, ' ' ORDER BY v.rank) FROM vocabulary v JOIN hashtags h USING (name);
SQL
}

# COPY data on stdout; awk's generator is seeded by the ids, so no two runs make the same rows.
user_rows() {
  awk -v first="$1" -v count="$USERS" 'BEGIN {
    srand(first)
    n = split("ada bruno chiara dmitri emeka fatima goran hana ines jonas keiko leila marco nadia omar petra quinn rosa sven tara", given, " ")
    m = split("lindqvist costa moretti volkov okafor zahra horvat sato ferreira weber tanaka haddad ricci petrova farouk novak byrne silva dahl mehta", family, " ")
    for (id = first; id < first + count; id++) {
      username = given[1 + int(rand() * n)] "." family[1 + int(rand() * m)] id
      printf "%d\t%s\t%s@example.com\n", id, username, username
    }
  }'
}

# project_rows FOLDER FIRST COUNT - writes projects, user_projects and project_hashtags into three files.
# A square of a random number favours low ranks: a few users and hashtags are in very many projects.
project_rows() {
  awk -v out="$1" -v first="$2" -v count="$3" -v first_user="$first_user" -v users="$USERS" -v hashtags="$hashtags" '
    function pick(list, n) { return list[1 + int(rand() * n)] }
    function title(word) { return toupper(substr(word, 1, 1)) substr(word, 2) }
    BEGIN {
      srand(first)
      a = split("open swift quiet bright urban northern shared living modular hidden global local simple brave green silver", quality, " ")
      k = split("atlas ledger garden beacon compass studio library market observatory workshop network planner archive journal kitchen harbor", thing, " ")
      f = split("teachers farmers cyclists nurses musicians students researchers travellers makers families volunteers developers", people, " ")
      v = split("collects maps compares shares explains tracks organises translates measures publishes", verb, " ")
      o = split("measurements recipes lessons timetables field~notes open~data photographs maps budgets experiments stories forecasts", object, " ")
      h = split(hashtags, hashtag, " ")
      for (id = first; id < first + count; id++) {
        q = pick(quality, a); t = pick(thing, k); p = pick(people, f)
        text = "Our " q " " t " " pick(verb, v) " " pick(object, o) " for " p ", and " pick(verb, v) " " pick(object, o) \
          " so that " pick(people, f) " can find " pick(object, o) " without asking " pick(people, f) " first."
        gsub(/~/, " ", text)
        printf "%d\t%s %s for %s\t%s-%s-%s-%d\t%s\t20%02d-%02d-%02d %02d:%02d:00+00\n", id, title(q), title(t), title(p), \
          q, t, p, id, text, 20 + int(rand() * 6), 1 + int(rand() * 12), 1 + int(rand() * 28), int(rand() * 24), int(rand() * 60) >(out "/projects")
        split("", seen)
        for (i = 1 + int(rand() * 4); i > 0; i--) {
          user = first_user + int(rand() ^ 2 * users)
          if (!(user in seen)) printf "%d\t%d\t%s\n", user, id, i == 1 ? "owner" : "member" >(out "/user_projects")
          seen[user]
        }
        split("", seen)
        for (i = 1 + int(rand() * 5); i > 0; i--) {
          tag = hashtag[1 + int(rand() ^ 2 * h)]
          if (!(tag in seen)) printf "%d\t%d\n", id, tag >(out "/project_hashtags")
          seen[tag]
        }
      }
    }'
}

load_chunk() {
  project_rows "$scratch" "$1" "$2"
  run_psql "$POSTGRES_DB" --single-transaction <<SQL
\copy projects (id, name, slug, description, created_at) FROM '$scratch/projects'
\copy user_projects (user_id, project_id, role) FROM '$scratch/user_projects'
\copy project_hashtags (project_id, hashtag_id) FROM '$scratch/project_hashtags'
SQL
}

# One line that is rewritten on a terminal, a line every chunk elsewhere
progress() {
  local end='\n' ms=$(($(now_ms) - started + 1))
  [ ! -t 1 ] || [ "$1" -ge "$COUNT" ] || end='\r'
  # shellcheck disable=SC2059
  printf "  %d of %d projects, %d/s$end" "$1" "$COUNT" $(($1 * 1000 / ms))
}

need psql awk
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
started=$(now_ms)
hashtags=$(hashtag_ids)
first_user=$(reserve users "$USERS")
first_project=$(reserve projects "$COUNT")
user_rows "$first_user" | run_psql "$POSTGRES_DB" -c '\copy users (id, username, email) FROM STDIN'
for ((done = 0; done < COUNT; done += size)); do
  size=$((COUNT - done < CHUNK ? COUNT - done : CHUNK))
  load_chunk $((first_project + done)) "$size"
  progress $((done + size))
done
info "bulk-load: $COUNT projects (ids $first_project-$((first_project + COUNT - 1))) and $USERS users in $(seconds_since "$started") s"
