#include "support/program.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "support/await.hpp"

namespace sluice::test {
namespace {

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& variables) {
  std::vector<std::string> words{SLUICE_PROGRAM, "--log-format", "json", "--plugin-path",
                                 SLUICE_TEST_PLUGINS};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  auto added = variables;
  std::vector<char*> environment;
  for (auto& variable : added) environment.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.push_back(*variable);
  }
  environment.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const auto redirect = [&](int descriptor, const char* name) {
    posix_spawn_file_actions_addopen(&files, descriptor, (folder_.path() / name).c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
  };
  redirect(STDOUT_FILENO, "out");
  redirect(STDERR_FILENO, "err");
  const int error =
      posix_spawn(&pid_, SLUICE_PROGRAM, &files, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot start " SLUICE_PROGRAM);
}

Program::~Program() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Program::wait() {
  int status = 0;
  if (!await([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) {
    throw std::runtime_error("the program did not end");
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Program::send(int signal) const {
  ::kill(pid_, signal);
}

std::string Program::command_line() const {
  return contents("/proc/" + std::to_string(pid_) + "/cmdline");
}
std::string Program::out() const {
  return contents(folder_.path() / "out");
}
std::string Program::err() const {
  return contents(folder_.path() / "err");
}

}  // namespace sluice::test
