#pragma once

#include <httplib.h>

namespace sluice {

/// The library's server, save that no client can hold it. The library's own time limits are for
/// each read, so that a byte now and then keeps a thread for ever, and it bounds neither the
/// connections nor the lines of a head. Here a connection carries one request, which has 5 s and
/// 1 MiB to come in and be answered; 32 are served at once, others wait in the kernel. `stop` cuts
/// off those that it would have to wait for.
class BoundedServer : public httplib::Server {
 public:
  BoundedServer();

 private:
  bool process_and_close_socket(socket_t socket) override;
};

}  // namespace sluice
