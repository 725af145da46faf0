// A small HTTP server on a port of 127.0.0.1, for tests: it answers as a test tells it, well or badly.
//
// One connection at a time, in a thread of its own, each closed after its answer. Every request is kept.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "inkling/core/file.h"

namespace inkling {

struct HttpRequest {
  std::string path;
  std::optional<std::size_t> range_start;  // of "Range: bytes=N-"
};

struct HttpAnswer {
  std::string status = "200 OK";
  std::string headers{};  // each with its line end
  Bytes body{};
  std::optional<std::size_t> sent{};  // bytes of the body that are sent; fewer than promised is a broken connection
  bool stalls = false;                // then keeps the connection open until the other side gives up
  bool states_length = true;
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  explicit HttpServer(Handler handler)
      : handler_(std::move(handler)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 || ::getsockname(socket_, generic, &size) != 0)
      throw std::runtime_error("no port on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(socket_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(socket_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      answer(connection);
      ::close(connection);
    }
  }

  void answer(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(connection, buffer, sizeof(buffer), 0);
      if (n <= 0) return;
      text.append(buffer, static_cast<std::size_t>(n));
    }
    HttpRequest request;
    request.path = text.substr(4, text.find(' ', 4) - 4);  // behind "GET "
    if (const std::size_t at = text.find("Range: bytes="); at != std::string::npos)
      request.range_start = std::stoull(text.substr(at + 13));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const HttpAnswer answer = handler_(request);
    std::string head = "HTTP/1.1 " + answer.status + "\r\nConnection: close\r\n" + answer.headers;
    if (answer.states_length) head += fmt::format("Content-Length: {}\r\n", answer.body.size());
    head += "\r\n";
    send_all(connection, reinterpret_cast<const std::uint8_t*>(head.data()), head.size());
    send_all(connection, answer.body.data(), std::min(answer.sent.value_or(answer.body.size()), answer.body.size()));
    while (answer.stalls && ::recv(connection, buffer, sizeof(buffer), 0) > 0) {
    }
  }

  static void send_all(int connection, const std::uint8_t* data, std::size_t size) {
    while (size > 0) {
      const ssize_t n = ::send(connection, data, size, MSG_NOSIGNAL);
      if (n <= 0) return;
      data += n;
      size -= static_cast<std::size_t>(n);
    }
  }

  Handler handler_;
  int socket_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

}  // namespace inkling
