#include "inkling/core/error.h"

namespace inkling {

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::io: return "io";
    case ErrorKind::format: return "format";
    case ErrorKind::shape: return "shape";
    case ErrorKind::config: return "config";
    case ErrorKind::limit: return "limit";
    case ErrorKind::numeric: return "numeric";
  }
  return "unknown";
}

}  // namespace inkling
