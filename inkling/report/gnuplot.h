// gnuplot as a process of its own, that draws charts while the caller does other things.
//
// It works in a folder of its own, which is gone afterwards; what it has drawn is then written to where it belongs,
// each file whole or not at all. The user's gnuplot settings are not read.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inkling/report/chart.h"

namespace inkling {

class Gnuplot {
 public:
  // Starts drawing, where there is anything to draw. Nothing, when there is no gnuplot in PATH. Throws Error io: no
  // process, no temporary folder.
  static std::optional<Gnuplot> start(std::span<const Chart> charts);
  Gnuplot(Gnuplot&& other) noexcept;
  Gnuplot& operator=(Gnuplot&&) = delete;
  // Ends the process where nobody has waited for it.
  ~Gnuplot();

  // Waits, and writes NAME.png and NAME.svg of every chart into the folder. Throws Error io: gnuplot failed, with what
  // it said, or took longer than a minute.
  void finish(const std::filesystem::path& folder);

 private:
  Gnuplot() = default;
  std::string said() const;

  ::pid_t process_ = 0;  // 0: none
  std::filesystem::path folder_;
  std::vector<std::pair<std::string, std::string>> charts_;  // name and title
};

}  // namespace inkling
