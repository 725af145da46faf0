// The one exception of the library.
//
// Every refusal says where, what was expected, what came, and what to do, in one text that can be shown to a user as it
// is. Only the edges (app/main, a server) catch it; the library never prints, exits or aborts.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace inkling {

enum class ErrorKind {
  io,       // the operating system said no: missing, unreadable, disk full, network
  format,   // bytes that are not what their format promises
  shape,    // sizes that do not fit each other
  config,   // an option, or a combination of options, that cannot work
  limit,    // more than a named limit allows
  numeric,  // arithmetic left the finite numbers
};

// The kind's name, as written above.
std::string_view name(ErrorKind kind);

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// Throws an Error whose text is formatted as by fmt::format.
template <typename... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> text, Args&&... args) {
  throw Error(kind, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace inkling
