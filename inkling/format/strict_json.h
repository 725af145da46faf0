// JSON that came from outside: parsed, looked into and shown in errors.
//
// Refuses, each with its own error: what is no object, what is not JSON or not UTF-8, a NUL byte (behind which bytes
// could hide), a key that stands twice in one object (readers differ in which one they take), nesting deeper than any
// of our files needs. `where` begins every error's text: the file and the place in it.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace inkling {

inline constexpr int kMaxJsonDepth = 3;  // derived: a safetensors header, a tensor in it, that tensor's shape

// Throws Error: format (see above), limit (nesting).
nlohmann::json parse_json_object(std::string_view text, std::string_view where);

// What an object holds under `key`. Throws Error format: there is no such key.
const nlohmann::json& json_member(const nlohmann::json& object, const char* key, std::string_view where);

// The value as what it must be; a count is a whole number below 2^64. Each throws Error format for any other type.
std::size_t json_count(const nlohmann::json& value, std::string_view where);
double json_number(const nlohmann::json& value, std::string_view where);
const std::string& json_text(const nlohmann::json& value, std::string_view where);
const nlohmann::json& json_object(const nlohmann::json& value, std::string_view where);
const nlohmann::json& json_array(const nlohmann::json& value, std::string_view where);

// A text from outside for an error: in quotes, control characters escaped, cut when long.
std::string in_quotes(std::string_view text);

}  // namespace inkling
