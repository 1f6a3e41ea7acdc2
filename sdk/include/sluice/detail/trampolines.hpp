// From the C function tables to the C++ classes. Every trampoline is noexcept and turns exceptions
// into a status.
#pragma once

#include <sluice/sdk.hpp>

namespace sluice {
namespace detail {

inline bool accept(const sluice_host* offered) noexcept {
  if (offered == nullptr || offered->magic != SLUICE_ABI_MAGIC ||
      offered->abi_major != SLUICE_ABI_MAJOR || offered->struct_size < sizeof(sluice_host)) {
    return false;
  }
  host = offered;
  return true;
}

// The reason is copied by the host, so the exception's own text may go.
inline sluice_status report(sluice_error* error, sluice_status status,
                            const char* reason) noexcept {
  host->set_error(error, {reason, std::char_traits<char>::length(reason)});
  return status;
}

template <typename Body>
sluice_status guarded(sluice_error* error, Body body) noexcept {
  try {
    body();
    return SLUICE_OK;
  } catch (const RetryError& e) {
    return report(error, SLUICE_RETRY, e.what());
  } catch (const RecordError& e) {
    return report(error, SLUICE_RECORD_ERROR, e.what());
  } catch (const std::exception& e) {
    return report(error, SLUICE_FATAL, e.what());
  } catch (...) {
    return report(error, SLUICE_FATAL, "the plugin threw something that is no std::exception");
  }
}

template <typename Base>
Base& instance(void* self) {
  return *static_cast<Base*>(self);
}

inline sluice_status decode(void* self, const sluice_record* const* records, std::size_t count,
                            sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ChangeOutput out(output);
    instance<Decoder>(self).decode({records, count}, out);
  });
}

inline sluice_status transform(void* self, const sluice_change* const* changes, std::size_t count,
                               sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ChangeOutput out(output);
    instance<Transform>(self).transform({changes, count}, out);
  });
}

inline sluice_status route(void* self, const sluice_change* const* changes, std::size_t count,
                           sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    KeyOutput out(output);
    instance<Denormalizer>(self).route({changes, count}, out);
  });
}
inline sluice_status walk(void* self, sluice_view cursor, std::size_t limit, sluice_output* output,
                          sluice_error* error) noexcept {
  return guarded(error, [&] {
    KeyOutput out(output);
    instance<Denormalizer>(self).walk(to_string_view(cursor), limit, out);
  });
}
inline sluice_status materialize(void* self, const sluice_key* const* keys, std::size_t count,
                                 sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    DocumentOutput out(output);
    instance<Denormalizer>(self).materialize({keys, count}, out);
  });
}
inline sluice_status ranges(void* self, std::size_t count, sluice_output* output,
                            sluice_error* error) noexcept {
  return guarded(error, [&] {
    CursorOutput out(output);
    instance<Denormalizer>(self).ranges(count, out);
  });
}
inline sluice_status scan(void* self, sluice_view cursor, std::size_t limit, sluice_output* output,
                          sluice_error* error) noexcept {
  return guarded(error, [&] {
    DocumentOutput out(output);
    instance<Denormalizer>(self).scan(to_string_view(cursor), limit, out);
  });
}
inline sluice_status count_source(void* self, std::int64_t* documents,
                                  sluice_error* error) noexcept {
  return guarded(error, [&] { *documents = instance<Denormalizer>(self).count(); });
}
inline sluice_status sample(void* self, std::size_t count, sluice_output* output,
                            sluice_error* error) noexcept {
  return guarded(error, [&] {
    KeyOutput out(output);
    instance<Denormalizer>(self).sample(count, out);
  });
}
inline sluice_status snapshot(void* self, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Denormalizer>(self).snapshot(out);
  });
}
inline sluice_status seen(void* self, sluice_view snapshot, const std::int64_t* tx_ids,
                          std::size_t count, std::uint8_t* seen, sluice_error* error) noexcept {
  return guarded(error, [&] {
    const std::span<std::uint8_t> flags(seen, count);
    for (auto& flag : flags) flag = 0;
    instance<Denormalizer>(self).seen(to_string_view(snapshot), {tx_ids, count}, flags);
  });
}
inline sluice_status lock(void* self, sluice_view name, std::int32_t* acquired,
                          sluice_error* error) noexcept {
  return guarded(
      error, [&] { *acquired = instance<Denormalizer>(self).lock(to_string_view(name)) ? 1 : 0; });
}
inline sluice_status check_lock(void* self, sluice_error* error) noexcept {
  return guarded(error, [&] { instance<Denormalizer>(self).check_lock(); });
}
inline sluice_status unlock(void* self, sluice_error* error) noexcept {
  return guarded(error, [&] { instance<Denormalizer>(self).unlock(); });
}
inline sluice_status explain(void* self, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Denormalizer>(self).explain(out);
  });
}
inline sluice_status source_state(void* self, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Denormalizer>(self).source_state(out);
  });
}

inline sluice_status prepare(void* self, sluice_error* error) noexcept {
  return guarded(error, [&] { instance<Sink>(self).prepare(); });
}
inline sluice_status write(void* self, sluice_view target, const sluice_document* const* documents,
                           std::size_t count, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    OutcomeOutput out(output);
    instance<Sink>(self).write(to_string_view(target), {documents, count}, out);
  });
}
inline std::int64_t max_in_flight_ms(void* self) noexcept {
  return instance<Sink>(self).max_in_flight().count();
}
inline sluice_status describe(void* self, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Sink>(self).describe(out);
  });
}
inline sluice_status create_target(void* self, sluice_view date, sluice_output* output,
                                   sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Sink>(self).create_target(to_string_view(date), out);
  });
}
template <void (Sink::*Function)(std::string_view)>
sluice_status on_target(void* self, sluice_view target, sluice_error* error) noexcept {
  return guarded(error, [&] { (instance<Sink>(self).*Function)(to_string_view(target)); });
}
inline sluice_status list_targets(void* self, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Sink>(self).list_targets(out);
  });
}
inline sluice_status count_target(void* self, sluice_view target, std::int64_t* documents,
                                  sluice_error* error) noexcept {
  return guarded(error, [&] { *documents = instance<Sink>(self).count(to_string_view(target)); });
}
inline sluice_status fetch(void* self, sluice_view target, const sluice_key* const* keys,
                           std::size_t count, sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    DocumentOutput out(output);
    instance<Sink>(self).fetch(to_string_view(target), {keys, count}, out);
  });
}
inline sluice_status keys(void* self, sluice_view target, sluice_view cursor, std::size_t limit,
                          sluice_output* output, sluice_error* error) noexcept {
  return guarded(error, [&] {
    KeyOutput out(output);
    instance<Sink>(self).keys(to_string_view(target), to_string_view(cursor), limit, out);
  });
}
inline sluice_status set_note(void* self, sluice_view target, const sluice_value* note,
                              sluice_error* error) noexcept {
  return guarded(error,
                 [&] { instance<Sink>(self).set_note(to_string_view(target), Value{note}); });
}
inline sluice_status note(void* self, sluice_view target, sluice_output* output,
                          sluice_error* error) noexcept {
  return guarded(error, [&] {
    ValueOutput out(output);
    instance<Sink>(self).note(to_string_view(target), out);
  });
}

inline sluice_status run(void* self, const sluice_job_api* api, sluice_job_host* job_host,
                         const sluice_value** result, sluice_error* error) noexcept {
  return guarded(error, [&] {
    JobHost lent(api, job_host);
    *result = instance<Job>(self).run(lent).raw();
  });
}

inline sluice_status start(void* self, sluice_error* error) noexcept {
  return guarded(error, [&] { instance<Service>(self).start(); });
}
inline void stop(void* self, std::int64_t timeout_ms) noexcept {
  // Nobody could act on a failure to stop.
  guarded(nullptr, [&] {
    try {
      instance<Service>(self).stop(std::chrono::milliseconds(timeout_ms));
    } catch (...) {
    }
  });
}
inline sluice_status health(void* self, sluice_error* error) noexcept {
  return guarded(error, [&] { instance<Service>(self).health(); });
}

inline constexpr sluice_decoder kDecoder{sizeof(sluice_decoder), decode};
inline constexpr sluice_transform kTransform{sizeof(sluice_transform), transform};
inline constexpr sluice_denormalizer kDenormalizer{sizeof(sluice_denormalizer),
                                                   route,
                                                   walk,
                                                   materialize,
                                                   ranges,
                                                   scan,
                                                   count_source,
                                                   sample,
                                                   snapshot,
                                                   seen,
                                                   lock,
                                                   check_lock,
                                                   unlock,
                                                   explain,
                                                   source_state};
inline constexpr sluice_sink kSink{sizeof(sluice_sink),
                                   prepare,
                                   write,
                                   max_in_flight_ms,
                                   describe,
                                   create_target,
                                   on_target<&Sink::finish_target>,
                                   on_target<&Sink::swap_target>,
                                   on_target<&Sink::drop_target>,
                                   list_targets,
                                   on_target<&Sink::refresh>,
                                   count_target,
                                   fetch,
                                   keys,
                                   set_note,
                                   note,
                                   on_target<&Sink::fence_target>,
                                   on_target<&Sink::unfence_target>};
inline constexpr sluice_job kJob{sizeof(sluice_job), run};
inline constexpr sluice_service kService{sizeof(sluice_service), start, stop, health};

template <typename T>
struct KindOf {
  static_assert(std::is_base_of_v<Decoder, T> || std::is_base_of_v<Transform, T> ||
                    std::is_base_of_v<Denormalizer, T> || std::is_base_of_v<Sink, T> ||
                    std::is_base_of_v<Job, T> || std::is_base_of_v<Service, T>,
                "a class given to SLUICE_PLUGIN must derive from sluice::Decoder, Transform, "
                "Denormalizer, Sink, "
                "Job or Service");
  static_assert(std::is_constructible_v<T, Value, Context>,
                "a class given to SLUICE_PLUGIN needs a constructor (sluice::Value config, "
                "sluice::Context context)");
  using Base = std::conditional_t<
      std::is_base_of_v<Decoder, T>, Decoder,
      std::conditional_t<
          std::is_base_of_v<Transform, T>, Transform,
          std::conditional_t<
              std::is_base_of_v<Denormalizer, T>, Denormalizer,
              std::conditional_t<std::is_base_of_v<Sink, T>, Sink,
                                 std::conditional_t<std::is_base_of_v<Job, T>, Job, Service>>>>>;
};

template <typename... Classes>
struct Registration {
  static sluice_plugin descriptor(const char* name, const char* version, const char* summary,
                                  const char* schema, const char* schedule) noexcept {
    constexpr std::uint32_t kinds = (KindOf<Classes>::Base::kKind | ...);
    sluice_plugin plugin{};
    plugin.magic = SLUICE_ABI_MAGIC;
    plugin.abi_major = SLUICE_ABI_MAJOR;
    plugin.abi_minor = SLUICE_ABI_MINOR;
    plugin.struct_size = sizeof(sluice_plugin);
    plugin.name = name;
    plugin.version = version;
    plugin.summary = summary;
    plugin.kinds = kinds;
    plugin.config_schema = schema;
    plugin.schedule = schedule;
    plugin.create = create;
    plugin.destroy = destroy;
    if constexpr ((kinds & SLUICE_KIND_DECODER) != 0) plugin.decoder = &kDecoder;
    if constexpr ((kinds & SLUICE_KIND_TRANSFORM) != 0) plugin.transform = &kTransform;
    if constexpr ((kinds & SLUICE_KIND_DENORMALIZER) != 0) plugin.denormalizer = &kDenormalizer;
    if constexpr ((kinds & SLUICE_KIND_SINK) != 0) plugin.sink = &kSink;
    if constexpr ((kinds & SLUICE_KIND_JOB) != 0) plugin.job = &kJob;
    if constexpr ((kinds & SLUICE_KIND_SERVICE) != 0) plugin.service = &kService;
    return plugin;
  }

  static sluice_status create(std::uint32_t kind, const sluice_value* config,
                              sluice_context* context, void** self, sluice_error* error) noexcept {
    return guarded(error, [&] {
      if (!(create_if<Classes>(kind, config, context, self) || ...)) {
        throw FatalError("the plugin has no kind " + std::to_string(kind));
      }
    });
  }
  static void destroy(std::uint32_t kind, void* self) noexcept {
    (destroy_if<Classes>(kind, self) || ...);
  }

 private:
  template <typename T>
  static bool create_if(std::uint32_t kind, const sluice_value* config, sluice_context* context,
                        void** self) {
    using Base = typename KindOf<T>::Base;
    if (kind != Base::kKind) return false;
    std::unique_ptr<Base> made = std::make_unique<T>(Value{config}, Context{context});
    *self = made.release();
    return true;
  }
  template <typename T>
  static bool destroy_if(std::uint32_t kind, void* self) {
    using Base = typename KindOf<T>::Base;
    if (kind != Base::kKind) return false;
    const std::unique_ptr<Base> owned(static_cast<Base*>(self));
    return true;
  }
};

}  // namespace detail

}  // namespace sluice
