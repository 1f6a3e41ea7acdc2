/* The plugin boundary: the C ABI between a Sluice host and a plugin (.so).
 *
 * Plugin authors normally write C++ against <sluice/sdk.hpp>, which wraps this header. Read this one for the
 * exact contract.
 *
 * Rules that hold for every function here:
 *  - No exception, allocation or C++ type crosses. Views are (pointer, length), not NUL-terminated, and live for
 *    the duration of the call, unless said otherwise. Text is UTF-8.
 *  - The side that allocates frees. Memory that a plugin hands over in an emit_* call comes from
 *    sluice_host::allocate, belongs to that output, and is freed by the host with the whole batch.
 *  - An instance is called by one thread at a time, possibly by different threads in turn, so an instance needs no
 *    locks. Different instances are called concurrently: guard what they share.
 *  - A plugin is loaded once and never unloaded.
 *  - Structs grow only at the end. `struct_size` is what the side that filled the struct knew; a reader touches an
 *    optional member only if it lies within struct_size.
 *
 * What came with a minor version after 1.0 says so ("Since 1.1"); where a plugin lacks it, the host does without.
 *
 * Version check: magic equal, major equal, and the plugin's minor not above the host's. Otherwise the host refuses
 * the plugin, and with it only the pipelines that use it.
 */
#ifndef SLUICE_PLUGIN_ABI_H
#define SLUICE_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_ABI_MAGIC 0x4543494C53554C53ull
#define SLUICE_ABI_MAJOR 1
#define SLUICE_ABI_MINOR 2
/* The size of a struct up to and with `member`: what a side must have filled at least. */
#define SLUICE_SIZE_WITH(type, member) (offsetof(type, member) + sizeof(((type*)0)->member))

#define SLUICE_PLUGIN_ENTRY_NAME "sluice_plugin_entry"

/* ---- Status and errors ------------------------------------------------------------------------------------- */

/* What a call returns. With anything but OK, the message is in the call's sluice_error. */
typedef int32_t sluice_status;
#define SLUICE_OK 0           /* Done. Items that failed have an outcome of their own. */
#define SLUICE_RETRY 1        /* A passing fault (connection lost, 429, time-out). The host calls again later. */
#define SLUICE_RECORD_ERROR 2 /* This input can never succeed. It goes to the dead-letter topic, or stops the task. */
#define SLUICE_FATAL 3        /* The instance can't go on (bad credentials, bug). The task fails. */

/* Host-owned message buffer; filled through sluice_host::set_error. A line of it that begins with a JSON pointer into
 * the instance's configuration, as in `/document/key: no such column`, is about that option: the host shows the file,
 * line and column that it comes from. */
typedef struct sluice_error sluice_error;

typedef struct sluice_view {
  const char* data; /* NULL: absent, which is not the same as empty */
  size_t size;
} sluice_view;

/* ---- Values: a tree of tagged values ------------------------------------------------------------------------ */

typedef uint32_t sluice_type;
#define SLUICE_NULL 0
#define SLUICE_BOOL 1
#define SLUICE_INT64 2
#define SLUICE_DOUBLE 3
#define SLUICE_STRING 4 /* UTF-8 */
#define SLUICE_BYTES 5
#define SLUICE_ARRAY 6
#define SLUICE_OBJECT 7 /* fields in order; names unique */
#define SLUICE_JSON 8   /* one serialised JSON value, valid UTF-8; passed through, never parsed on the way. Also the
                           form of numbers that neither int64 nor double holds without loss. */

typedef struct sluice_value sluice_value;
typedef struct sluice_field sluice_field;

struct sluice_value {
  sluice_type type;
  uint32_t reserved; /* 0 */
  union {
    int32_t boolean; /* 0 or 1 */
    int64_t int64;
    double real;
    sluice_view text; /* STRING, BYTES, JSON */
    struct {
      const sluice_value* items;
      size_t size;
    } array;
    struct {
      const sluice_field* fields;
      size_t size;
    } object;
  } as;
};

struct sluice_field {
  sluice_view name;
  sluice_value value;
};

/* ---- What flows through a pipeline --------------------------------------------------------------------------- */

typedef struct sluice_header {
  sluice_view name;
  sluice_view value; /* data NULL: a null header */
} sluice_header;

/* One record as it was read from Kafka. */
typedef struct sluice_record {
  sluice_view topic;
  int32_t partition;
  int64_t offset;
  int64_t timestamp_ms; /* since the epoch; -1: none */
  sluice_view key;      /* data NULL: null key */
  sluice_view value;    /* data NULL: tombstone */
  const sluice_header* headers;
  size_t header_count;
} sluice_record;

#define SLUICE_OP_CREATE 'c'
#define SLUICE_OP_UPDATE 'u'
#define SLUICE_OP_DELETE 'd'
#define SLUICE_OP_READ 'r' /* from a snapshot */
#define SLUICE_OP_TRUNCATE 't'
#define SLUICE_OP_MESSAGE 'm' /* pg_logical_emit_message */

/* One row change. Row values are objects (column name to value), NULL where there is none. */
typedef struct sluice_change {
  size_t record;               /* index, in the batch being processed, of the record that it came from */
  uint32_t op;                 /* SLUICE_OP_* */
  uint32_t snapshot;           /* 1: read by a snapshot, not from the log */
  sluice_view schema;
  sluice_view table;
  const sluice_value* key;     /* the primary key's columns; the only trustworthy part of a delete under
                                  REPLICA IDENTITY DEFAULT, whose `before` is padded with made-up values */
  const sluice_value* before;
  const sluice_value* after;
  int64_t tx_id;               /* transaction id as it is in the log (32 bits, without epoch); 0: none */
  int64_t lsn;                 /* 0: none */
  int64_t source_ts_ms;        /* commit time in the database, since the epoch; 0: none */
} sluice_change;

/* The key of a document: its id in the index. */
typedef struct sluice_key {
  size_t index;          /* emit_key: index of the change that it came from (0 from walk and sample) */
  sluice_view id;        /* 1 to 512 bytes */
  const int64_t* tx_ids; /* the transactions that a read must see, as in sluice_change::tx_id: those of all changes
                            that were coalesced into this key. Set by the host, for materialize. */
  size_t tx_id_count;    /* 0: any read will do */
  uint32_t urgent;       /* emit_key: 1: flush at once, ahead of the batch (a delete) */
} sluice_key;

/* A position in a walk over many keys, opaque to the host, which keeps a copy until the walk is done. */
typedef struct sluice_cursor {
  size_t index;        /* as in sluice_key */
  sluice_view state;
  uint32_t sweep;      /* 1: state is empty; walk over all documents that the sink holds (root table truncated) */
} sluice_cursor;

typedef struct sluice_document {
  size_t index;             /* materialize, fetch: index of the key that was asked for; write: its place in the call */
  sluice_view id;
  int64_t version;          /* >= 0; never written over a higher one */
  const sluice_value* body; /* OBJECT or JSON; NULL: the document does not exist (delete it) */
} sluice_document;

/* What became of one item of a call. */
typedef int32_t sluice_outcome;
#define SLUICE_DONE 0         /* written, or deleted, or there was nothing to delete */
#define SLUICE_SUPERSEDED 1   /* the index holds a newer version already: as good as done */
#define SLUICE_ITEM_RETRY 2   /* passing fault: the key is read again and tried again */
#define SLUICE_ITEM_ERROR 3   /* permanent: dead letter */
#define SLUICE_NOT_VISIBLE 4  /* materialize: the transaction is still in progress for other sessions: read again soon */
#define SLUICE_AHEAD 5        /* materialize: the database has not given out that transaction id yet (a restored or
                                 failed-over database): read again, but not for ever (errors.visibility_timeout) */

/* Whether a snapshot sees a transaction. */
#define SLUICE_UNSEEN 0
#define SLUICE_SEEN 1
#define SLUICE_UNKNOWN 2 /* no transaction of the source has had that id */

/* ---- The host, as a plugin sees it --------------------------------------------------------------------------- */

typedef struct sluice_context sluice_context; /* one for each instance: log, metrics, stop signal */
typedef struct sluice_output sluice_output;   /* collects what one call emits, and owns its memory */

#define SLUICE_LOG_DEBUG 0
#define SLUICE_LOG_INFO 1
#define SLUICE_LOG_WARN 2
#define SLUICE_LOG_ERROR 3

/* The host's function table; valid for the life of the process. All functions are thread-safe, except that one
 * output is used by one thread at a time. */
typedef struct sluice_host {
  uint64_t magic;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t struct_size;

  void (*log)(sluice_context* context, int32_t level, sluice_view message);
  /* 1 once the instance should finish: return soon, with RETRY if the work isn't done. */
  int32_t (*stopping)(sluice_context* context);
  /* Metrics, named [a-z0-9_]+; the host adds its prefix and the labels pipeline and plugin. */
  void (*counter_add)(sluice_context* context, sluice_view name, double value);
  void (*gauge_set)(sluice_context* context, sluice_view name, double value);
  void (*histogram_observe)(sluice_context* context, sluice_view name, double seconds);

  void (*set_error)(sluice_error* error, sluice_view message);

  /* Memory of the output: aligned to `alignment` (a power of 2, at most 64), never NULL (the process ends when
   * memory does), freed with the output. */
  void* (*allocate)(sluice_output* output, size_t size, size_t alignment);

  /* The emit functions copy the struct that is passed; what it points at must live as long as the output (static,
   * from allocate, or a view of this call's input). */
  void (*emit_change)(sluice_output* output, const sluice_change* change);
  void (*emit_key)(sluice_output* output, const sluice_key* key);
  void (*emit_cursor)(sluice_output* output, const sluice_cursor* cursor);
  void (*emit_document)(sluice_output* output, const sluice_document* document);
  void (*emit_outcome)(sluice_output* output, size_t index, sluice_outcome outcome, sluice_view message);
  void (*emit_value)(sluice_output* output, const sluice_value* value);
} sluice_host;

/* ---- Kinds of plugin ------------------------------------------------------------------------------------------ */

#define SLUICE_KIND_DECODER 0x01u
#define SLUICE_KIND_TRANSFORM 0x02u
#define SLUICE_KIND_DENORMALIZER 0x04u
#define SLUICE_KIND_SINK 0x08u
#define SLUICE_KIND_JOB 0x10u
#define SLUICE_KIND_SERVICE 0x20u

/* bytes to changes */
typedef struct sluice_decoder {
  uint32_t struct_size;
  /* Emits any number of changes for each record (none for a tombstone or heartbeat), in order, and an outcome
   * ITEM_ERROR for a record that can't be decoded. */
  sluice_status (*decode)(void* self, const sluice_record* const* records, size_t count, sluice_output* output,
                          sluice_error* error);
} sluice_decoder;

/* changes to changes: filter, rename, split */
typedef struct sluice_transform {
  uint32_t struct_size;
  /* Emits any number of changes for each change, keeping `record`; ITEM_ERROR outcomes by index of the change. */
  sluice_status (*transform)(void* self, const sluice_change* const* changes, size_t count, sluice_output* output,
                             sluice_error* error);
} sluice_transform;

/* changes to document keys, document keys to documents */
typedef struct sluice_denormalizer {
  uint32_t struct_size;
  /* Emits, for each change, the keys of the documents it may have touched, or a cursor where they are many;
   * ITEM_ERROR outcomes by index of the change. */
  sluice_status (*route)(void* self, const sluice_change* const* changes, size_t count, sluice_output* output,
                         sluice_error* error);
  /* Emits up to `limit` keys from the cursor on, and the next cursor unless the walk is done. */
  sluice_status (*walk)(void* self, sluice_view cursor, size_t limit, sluice_output* output, sluice_error* error);
  /* Reads the documents of `keys` (distinct ids) in one snapshot. Emits, for each index, one document or one
   * outcome (NOT_VISIBLE, AHEAD, ITEM_ERROR). */
  sluice_status (*materialize)(void* self, const sluice_key* const* keys, size_t count, sluice_output* output,
                               sluice_error* error);
  /* Emits about `count` cursors whose scans together cover every root row. */
  sluice_status (*ranges)(void* self, size_t count, sluice_output* output, sluice_error* error);
  /* Emits up to about `limit` documents from the cursor on, read in one snapshot, and the next cursor unless the
   * range is done. A row of which no document can be made gets an outcome ITEM_ERROR and, so that it can be found, a
   * key with its id. Both bear the same index, which nothing else that failed in the call bears. */
  sluice_status (*scan)(void* self, sluice_view cursor, size_t limit, sluice_output* output, sluice_error* error);
  /* The number of documents that the source would give now. */
  sluice_status (*count)(void* self, int64_t* documents, sluice_error* error);
  /* Emits up to `count` keys picked at random. */
  sluice_status (*sample)(void* self, size_t count, sluice_output* output, sluice_error* error);
  /* Emits a STRING, opaque to the host: what a read that begins now can see. */
  sluice_status (*snapshot)(void* self, sluice_output* output, sluice_error* error);
  /* seen[i] = SLUICE_SEEN if every read begun after that snapshot was taken sees the transaction tx_ids[i]; if not,
   * or if the id is 0: SLUICE_UNSEEN, or SLUICE_UNKNOWN as with SLUICE_AHEAD. A rebuild need not follow changes that
   * its reads have seen. */
  sluice_status (*seen)(void* self, sluice_view snapshot, const int64_t* tx_ids, size_t count, uint8_t* seen,
                        sluice_error* error);
  /* A lock known to all hosts that use this source, held until unlock, destroy or loss of the connection.
   * *acquired: 1, or 0 if another holds it. `locked` returns RETRY once it has been lost. */
  sluice_status (*lock)(void* self, sluice_view name, int32_t* acquired, sluice_error* error);
  sluice_status (*locked)(void* self, sluice_error* error);
  sluice_status (*unlock)(void* self, sluice_error* error);
  /* Since 1.1. What the configuration comes to at this source, for people and for checks before a start. Emits one
   * OBJECT of any of these:
   *   tables      ARRAY of {table, replica_identity, needed_replica_identity, places (ARRAY of STRING)}: what must be
   *               captured
   *   routes      ARRAY of {table, place, way (STRING)}: from a changed row to its documents
   *   statements  ARRAY of {name, sql, cost (DOUBLE or NULL)}: what will run
   *   mapping     OBJECT: a mapping for the index, to start from
   *   warnings    ARRAY of STRING: what works, but badly
   * FATAL where the configuration doesn't fit the source (unknown table, ambiguous relation): all problems found, a
   * line each, with the option's pointer. RETRY where the source is away; what was emitted before is shown. */
  sluice_status (*explain)(void* self, sluice_output* output, sluice_error* error);
  /* Since 1.2. How the source is, for operators. Asked every few seconds, of an instance that is used for nothing else.
   * Emits one OBJECT of any of these:
   *   values    OBJECT: what was measured just now, named [a-z0-9_]+ with the unit at the end. INT64, DOUBLE and BOOL
   *             (0 or 1) are also gauges, named sluice_source_ and that; STRING and NULL are only shown
   *   warnings  ARRAY of STRING: what an operator should do something about, and what
   * RETRY where the source does not answer; within a few seconds, for until then its last answer is shown. */
  sluice_status (*source_state)(void* self, sluice_output* output, sluice_error* error);
} sluice_denormalizer;

/* documents to an index. A target is a physical index; an empty view stands for the one in use. */
typedef struct sluice_sink {
  uint32_t struct_size;
  /* Checks the server, creates what is missing (index, alias). Called before the first write, and by
   * `sluice index init`. Idempotent, safe from several hosts at once. */
  sluice_status (*prepare)(void* self, sluice_error* error);
  /* Emits one outcome for each document, by its place in `documents`. With RETRY, items without an outcome are tried again. */
  sluice_status (*write)(void* self, sluice_view target, const sluice_document* const* documents, size_t count,
                         sluice_output* output, sluice_error* error);
  /* The longest time in ms that a write may still be under way after `write` has returned or its host has died. */
  int64_t (*max_in_flight_ms)(void* self);
  /* Emits one value: what `prepare` would create (settings and mappings), for people to read. */
  sluice_status (*describe)(void* self, sluice_output* output, sluice_error* error);

  /* For rebuilds. create_target makes a new target for the day `date` (YYYY-MM-DD), set up for bulk loading, and
   * emits its name as a STRING. finish_target makes it fit for readers (refresh, replicas). swap_target puts it
   * into use, atomically. drop_target refuses the one in use. */
  sluice_status (*create_target)(void* self, sluice_view date, sluice_output* output, sluice_error* error);
  sluice_status (*finish_target)(void* self, sluice_view target, sluice_error* error);
  sluice_status (*swap_target)(void* self, sluice_view target, sluice_error* error);
  sluice_status (*drop_target)(void* self, sluice_view target, sluice_error* error);
  /* Emits an ARRAY, oldest first, of {name, created_ms (int64), current (bool)}. */
  sluice_status (*list_targets)(void* self, sluice_output* output, sluice_error* error);
  sluice_status (*refresh)(void* self, sluice_view target, sluice_error* error);
  sluice_status (*count)(void* self, sluice_view target, int64_t* documents, sluice_error* error);
  /* Emits, for each id that exists, a document (index, version, body as JSON). */
  sluice_status (*fetch)(void* self, sluice_view target, const sluice_key* const* keys, size_t count,
                         sluice_output* output, sluice_error* error);
  /* Emits up to `limit` keys in id order from the cursor on (empty: from the start), and the next cursor unless
   * that was all. */
  sluice_status (*keys)(void* self, sluice_view target, sluice_view cursor, size_t limit, sluice_output* output,
                        sluice_error* error);

  /* Since 1.1. A note kept with a target of create_target's, for whoever builds it: how far a build has come survives
   * the host. A NULL value removes it. `note` emits it, or nothing if there is none. Up to 1 MB of JSON. */
  sluice_status (*set_note)(void* self, sluice_view target, const sluice_value* note, sluice_error* error);
  sluice_status (*note)(void* self, sluice_view target, sluice_output* output, sluice_error* error);

  /* Since 1.2. fence_target keeps `write` out of a target that is in use, from whichever host: its items are to be
   * retried. It returns when no write to the target is under way any more. unfence_target takes that back; it leaves
   * alone what someone else has closed, and a target that is gone is fine. A fence whose maker has died must not stop
   * the pipeline: `write` takes away one that it has met for 30 s. */
  sluice_status (*fence_target)(void* self, sluice_view target, sluice_error* error);
  sluice_status (*unfence_target)(void* self, sluice_view target, sluice_error* error);
} sluice_sink;

/* What the host lends a job: the stages of the job's own pipeline. Results (`const sluice_value**`) live until the
 * next call. All calls are made from the thread that runs the job. */
typedef struct sluice_job_host sluice_job_host;
typedef struct sluice_replay_result {
  int64_t records;    /* records read */
  int64_t documents;  /* documents written or deleted or superseded */
  int64_t unresolved; /* records or documents that failed for good */
} sluice_replay_result;

typedef struct sluice_job_api {
  uint32_t struct_size;
  sluice_view (*last_error)(sluice_job_host* host);
  /* Takes the source's lock for this pipeline and `name`; the host gives it back when the run ends. */
  sluice_status (*lock)(sluice_job_host* host, sluice_view name, int32_t* acquired);
  /* Partition offsets, an ARRAY of {topic, partition, offset}: of the first record at or after the time (ms since the
   * epoch), or of the first that the pipeline has yet to settle, where that is earlier; the ends with -1. */
  sluice_status (*offsets)(sluice_job_host* host, int64_t timestamp_ms, const sluice_value** result);
  /* Reads every root row, `readers` at a time in pages of `page` rows, and writes the documents to the target.
   * RETRY if any document failed for good: by the next run it may have been mended. */
  sluice_status (*copy)(sluice_job_host* host, sluice_view target, size_t readers, size_t page, int64_t* documents);
  /* Reads the records in [from, to) outside the pipeline's consumer group; decodes, routes, coalesces,
   * materializes, writes to the target. FATAL if Kafka no longer holds `from`. */
  sluice_status (*replay)(sluice_job_host* host, const sluice_value* from, const sluice_value* to,
                          sluice_view target, sluice_replay_result* result);
  /* Compares up to `count` documents of the target, picked at random in the source, and those of `again` (ids; may
   * be NULL), with the source. Result: an ARRAY of {id, source}, one for each difference; `source` is a digest of
   * the source's state, so that a caller can tell a document that keeps changing from one that stays wrong. */
  sluice_status (*compare)(sluice_job_host* host, sluice_view target, size_t count, const sluice_value* again,
                           const sluice_value** result);
  sluice_status (*count_source)(sluice_job_host* host, int64_t* documents);

  /* The sink's functions of the same names. */
  int64_t (*max_in_flight_ms)(sluice_job_host* host);
  sluice_status (*create_target)(sluice_job_host* host, sluice_view date, const sluice_value** name);
  sluice_status (*finish_target)(sluice_job_host* host, sluice_view target);
  sluice_status (*swap_target)(sluice_job_host* host, sluice_view target);
  sluice_status (*drop_target)(sluice_job_host* host, sluice_view target);
  sluice_status (*list_targets)(sluice_job_host* host, const sluice_value** targets);
  sluice_status (*refresh)(sluice_job_host* host, sluice_view target);
  sluice_status (*count_target)(sluice_job_host* host, sluice_view target, int64_t* documents);

  /* Waits; RETRY at once if the run should stop. */
  sluice_status (*wait)(sluice_job_host* host, int64_t ms);
  /* Shown in the log and the admin API. total 0: unknown. */
  void (*progress)(sluice_job_host* host, sluice_view step, int64_t done, int64_t total);

  /* Since 1.1. A job's note on a target that it builds; NULL value: none. A note is only found by a run of the same
   * pipeline with the same denormalizer and sink options as the one that left it. Beside it the host keeps how far
   * `copy` has come: a copy to a target with a note goes on where the last one was cut off. */
  sluice_status (*note)(sluice_job_host* host, sluice_view target, const sluice_value** note);
  sluice_status (*set_note)(sluice_job_host* host, sluice_view target, const sluice_value* note);
  /* Since 1.1. Compares every document of the target (empty: the one in use) with the source, in both directions,
   * while both change. Only what still differs after the pipeline had time to bring it counts. With `repair`, what
   * differs is read again and written. Result: an OBJECT {compared, missing, extra, differing, repaired (int64),
   * examples (ARRAY of {id, problem})}. RETRY if the source or the index is away. */
  sluice_status (*verify)(sluice_job_host* host, sluice_view target, int32_t repair, const sluice_value** report);
  /* Since 1.2. The sink's functions of the same names; OK where a sink has none. */
  sluice_status (*fence_target)(sluice_job_host* host, sluice_view target);
  sluice_status (*unfence_target)(sluice_job_host* host, sluice_view target);
  /* Since 1.2. 1 once a replay has met a change that was committed after fence_target: all that readers can have seen
   * in the fenced target has come by then. 1, too, where the sink has no fence. */
  int32_t (*is_level)(sluice_job_host* host);
} sluice_job_api;

/* work on a schedule or on demand; the host schedules, retries with back-off and reports */
typedef struct sluice_job {
  uint32_t struct_size;
  /* One run. OK: done. RETRY: failed for a passing reason. FATAL: retrying makes no sense before the next
   * scheduled run. The result value (an OBJECT; may be left NULL) is shown in the admin API; it lives as long as
   * the instance or until the next run. */
  sluice_status (*run)(void* self, const sluice_job_api* api, sluice_job_host* host, const sluice_value** result,
                       sluice_error* error);
} sluice_job;

/* something that runs beside the pipeline, such as an HTTP server, with threads of its own */
typedef struct sluice_service {
  uint32_t struct_size;
  /* Returns when the service accepts work. */
  sluice_status (*start)(void* self, sluice_error* error);
  /* Lets work under way end, within `timeout_ms`, then stops. Called once after a successful start. */
  void (*stop)(void* self, int64_t timeout_ms);
  /* OK while it works; called by another thread than start and stop, at any time between them. */
  sluice_status (*health)(void* self, sluice_error* error);
} sluice_service;

/* ---- The plugin, as the host sees it -------------------------------------------------------------------------- */

typedef struct sluice_plugin {
  uint64_t magic;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t struct_size;
  const char* name;          /* [a-z0-9-]+, as pipelines refer to it */
  const char* version;
  const char* summary;       /* one line */
  uint32_t kinds;            /* SLUICE_KIND_* bits */
  uint32_t reserved;         /* 0 */
  const char* config_schema; /* JSON Schema (subset: see sdk/README.md) of the configuration; one for all kinds */
  const char* schedule;      /* job: default schedule (cron, five fields); NULL: only on demand */

  /* Makes an instance of one kind. `config` is complete (defaults filled in), checked against the schema, and lives
   * for the call. Never blocks on the network for long: connect lazily. */
  sluice_status (*create)(uint32_t kind, const sluice_value* config, sluice_context* context, void** self,
                          sluice_error* error);
  void (*destroy)(uint32_t kind, void* self);

  const sluice_decoder* decoder;
  const sluice_transform* transform;
  const sluice_denormalizer* denormalizer;
  const sluice_sink* sink;
  const sluice_job* job;
  const sluice_service* service;
} sluice_plugin;

/* The one exported symbol of a plugin. Returns a static descriptor, or NULL if the host is unsuitable. */
typedef const sluice_plugin* (*sluice_plugin_entry_fn)(const sluice_host* host);

#ifdef __cplusplus
}
#endif

#endif /* SLUICE_PLUGIN_ABI_H */
