// What the sanitizers find and is not this project's: each with its reason, and nothing else.

// NOLINTBEGIN(bugprone-reserved-identifier): names that the sanitizers look for.
extern "C" {

const char* __lsan_default_suppressions();
const char* __tsan_default_suppressions();

const char* __lsan_default_suppressions() {
  // libpqxx 6.4 loses a result of some 2 kB when a statement finds its connection gone.
  return "leak:pqxx::connection_base::exec_prepared\n"
         "leak:pqxx::connection_base::register_prepared\n";
}

const char* __tsan_default_suppressions() {
  // librdkafka is not built with ThreadSanitizer, which therefore misses its atomics. A race
  // between its callbacks and other code of ours is not seen either.
  return "race:librdkafka\n";
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
