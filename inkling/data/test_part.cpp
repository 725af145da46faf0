#include "inkling/data/test_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/select.h"

namespace inkling {
namespace {

Dataset no_images_like(const Dataset& data) {
  return {.height = data.height, .width = data.width, .pixels = {}, .labels = {}, .class_names = data.class_names};
}

// "10 %", "12.5 %"
std::string percent(double share) { return fmt::format("{:.4g} %", 100 * share); }

// The usual share, or as much more as gives one image of the smallest class that can spare one.
double usual_share(const Dataset& data) {
  std::vector<std::size_t> counts(data.class_count());
  for (const std::uint8_t label : data.labels) ++counts[label];
  double share = kUsualTestShare;
  for (const std::size_t n : counts)
    if (n > 1) share = std::max(share, 0.5 / static_cast<double>(n));
  return share;
}

}  // namespace

DataSplit with_test_part(SourceParts parts, const TestPartOptions& options, std::string_view where,
                         const std::function<void(const std::string&)>& note) {
  DataSplit data;
  data.origin = where;
  if (parts.test) {
    if (options.share)
      fail(ErrorKind::config, "{}: has a test part of {} images: leave out --test", where, parts.test->count());
    data.train = std::move(parts.train);
    data.test = std::move(*parts.test);
    return data;
  }
  if (!options.share && options.without == WithoutTest::all_test) {
    data.train = no_images_like(parts.train);
    data.test = std::move(parts.train);
    return data;
  }
  if (!options.share && options.without == WithoutTest::none) {
    data.test = no_images_like(parts.train);
    data.train = std::move(parts.train);
    return data;
  }
  const double share = options.share ? *options.share : usual_share(parts.train);
  HeldOut held = hold_out(std::move(parts.train), share, options.seed, Hold::test);
  data.train = std::move(held.rest);
  data.test = std::move(held.held_out);
  data.made_test = MadeTestPart{.share = share, .seed = options.seed};
  if (note && !options.share)
    note(
        fmt::format("{}: has no test part: {} of its images, even by class, are kept for it; choose how many by --test",
                    where, percent(share)));
  return data;
}

}  // namespace inkling
