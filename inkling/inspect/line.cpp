#include "inkling/inspect/line.h"

#include "inkling/core/error.h"

namespace inkling {
namespace {

void check_same_kind(const Config& a, const Config& b) {
  if (a.batch_norm || b.batch_norm)
    fail(ErrorKind::config, "networks with batch normalisation have no line between them: fold() it first");
  bool same = a.widths == b.widths && a.output == b.output && a.ink == b.ink;
  for (std::size_t l = 0; same && l + 1 < a.layer_count(); ++l) same = a.activation_of(l) == b.activation_of(l);
  if (!same)
    fail(
        ErrorKind::shape,
        "no line between {} ({}, {} outputs, ink {}) and {} ({}, {} outputs, ink {}): the networks must be of one kind",
        describe(a), describe_activations(a), name(a.output), a.ink, describe(b), describe_activations(b),
        name(b.output), b.ink);
}

}  // namespace

Mlp between(const Mlp& from, const Mlp& to, double position) {
  check_same_kind(from.config(), to.config());
  Mlp model = to;
  const auto share = static_cast<float>(position), rest = static_cast<float>(1 - position);
  for (std::size_t i = 0; i < model.arena().size(); ++i)
    model.arena()[i] = rest * from.arena()[i] + share * to.arena()[i];
  return model;
}

std::vector<Metrics> along_line(const Runtime& rt, const Mlp& from, const Mlp& to, std::span<const double> positions,
                                const Dataset& data) {
  std::vector<Metrics> metrics;
  for (const double position : positions) metrics.push_back(evaluate(rt, between(from, to, position), data));
  return metrics;
}

}  // namespace inkling
