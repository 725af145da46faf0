#include "inkling/format/strict_json.h"

#include <set>
#include <vector>

#include "inkling/core/error.h"

namespace inkling {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxShownBytes = 64;  // guess: enough to recognise a name, too few to fill a screen

// For an error: numbers as they stand, the rest by type.
std::string found(const json& value) { return value.is_number() ? value.dump() : value.type_name(); }

}  // namespace

json parse_json_object(std::string_view text, std::string_view where) {
  if (text.empty() || text.front() != '{')
    fail(ErrorKind::format, "{}: expected a JSON object, found {}", where, in_quotes(text.substr(0, 16)));
  if (const std::size_t nul = text.find('\0'); nul != text.npos)
    fail(ErrorKind::format, "{}: expected JSON, found a NUL at byte {}", where, nul);

  std::vector<std::set<std::string>> keys;  // of every object that is open
  const auto inspect = [&](int depth, json::parse_event_t event, const json& parsed) {
    const bool object_starts = event == json::parse_event_t::object_start;
    if ((object_starts || event == json::parse_event_t::array_start) && depth >= kMaxJsonDepth)
      fail(ErrorKind::limit, "{}: JSON nested deeper than the {} levels that are allowed", where, kMaxJsonDepth);
    if (object_starts) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      fail(ErrorKind::format, "{}: the key {} stands twice in one object", where, in_quotes(parsed.get<std::string>()));
    return true;
  };
  try {
    return json::parse(text, inspect);
  } catch (const json::parse_error& error) {
    const bool encoding = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
    fail(ErrorKind::format, "{}: {} at byte {}", where, encoding ? "not UTF-8" : "not JSON", error.byte);
  } catch (const json::exception&) {
    fail(ErrorKind::format, "{}: not JSON that can be read: a number is too large", where);
  }
}

const json& json_member(const json& object, const char* key, std::string_view where) {
  const auto found_at = object.find(key);
  if (found_at == object.end()) fail(ErrorKind::format, "{}: '{}' is missing", where, key);
  return *found_at;
}

std::size_t json_count(const json& value, std::string_view where) {
  if (!value.is_number_unsigned())
    fail(ErrorKind::format, "{}: expected a whole number that is not negative, found {}", where, found(value));
  return value.get<std::size_t>();
}

double json_number(const json& value, std::string_view where) {
  if (!value.is_number()) fail(ErrorKind::format, "{}: expected a number, found {}", where, found(value));
  return value.get<double>();
}

const std::string& json_text(const json& value, std::string_view where) {
  if (!value.is_string()) fail(ErrorKind::format, "{}: expected a text, found {}", where, found(value));
  return value.get_ref<const std::string&>();
}

const json& json_object(const json& value, std::string_view where) {
  if (!value.is_object()) fail(ErrorKind::format, "{}: expected an object, found {}", where, found(value));
  return value;
}

const json& json_array(const json& value, std::string_view where) {
  if (!value.is_array()) fail(ErrorKind::format, "{}: expected an array, found {}", where, found(value));
  return value;
}

std::string in_quotes(std::string_view text) {
  if (text.size() <= kMaxShownBytes) return fmt::format("{:?}", text);
  std::size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a UTF-8 character
  return fmt::format("{:?}...", text.substr(0, end));
}

}  // namespace inkling
