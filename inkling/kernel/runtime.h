// What the arithmetic runs on: the threads and the kernel table, chosen once.
//
// One Runtime serves the whole program; every function that computes takes it first. Const member functions and the
// pool are safe from many threads. Results do not depend on it: any number of threads and any instruction set give the
// same bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "inkling/core/thread_pool.h"
#include "inkling/kernel/kernels.h"

namespace inkling {

struct RuntimeOptions {
  std::size_t threads = 0;   // 0: one for each core that this process may use
  std::optional<Isa> isa{};  // none: the fastest that this machine has
};

class Runtime {
 public:
  // Throws Error config: too many threads, an instruction set that this machine has not.
  explicit Runtime(const RuntimeOptions& options = {});

  std::size_t threads() const { return pool_.size(); }
  const Kernels& kernels() const { return *kernels_; }
  ThreadPool& pool() const { return pool_; }

  // "2 threads, avx512".
  std::string describe() const;

 private:
  mutable ThreadPool pool_;  // running a task changes nothing that a caller can see
  const Kernels* kernels_;
};

}  // namespace inkling
