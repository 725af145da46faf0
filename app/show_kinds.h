// The pictures that `inkling show` makes: one table of names, of what each shows and needs, and of how it is made.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "app/show_subject.h"
#include "inkling/report/chart.h"
#include "inkling/report/picture.h"

struct ShowOptions {
  std::size_t index = 0;  // the test image that is looked at
  std::string against;    // the model at the other end of the line, or empty
};

// What the makers work on.
struct ShowContext {
  const inkling::Runtime& rt;
  ShowSubject& subject;
  const ShowOptions& options;
};

using MakePicture = inkling::Picture (*)(const ShowContext&);
using MakeChart = inkling::Chart (*)(const ShowContext&);

enum class Needs { run, model, data };  // data: and a model

struct ShowKind {
  std::string_view name;
  std::string_view shows;  // in a line
  Needs needs;
  std::variant<MakePicture, MakeChart> make;  // throws inkling::Error config where there is nothing to show
};

std::span<const ShowKind> show_kinds();
