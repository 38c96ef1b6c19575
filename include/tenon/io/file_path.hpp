// Where a file is.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::io {

/// A file's path, from a text or a `std::filesystem::path`. That type's header takes a compiler a third of a second, which every
/// program would pay for; so it is recognised by what it has.
class file_path {
public:
    file_path(char const* text) : text_(text) {}
    file_path(std::string text) : text_(std::move(text)) {}
    file_path(std::string_view text) : text_(text) {}
    template <class Path>
        requires requires(Path const& p) {
            { p.native() } -> std::same_as<std::string const&>;
        }
    file_path(Path const& path) : text_(path.native()) {}

    std::string const& string() const { return text_; }
    char const* c_str() const { return text_.c_str(); }
    /// The folder that the file is in.
    TENON_ON_USE
    file_path parent_path() const {
        auto const slash = text_.find_last_of('/');
        return slash == std::string::npos ? std::string(".") : text_.substr(0, slash == 0 ? 1 : slash);
    }

private:
    std::string text_;
};

}  // namespace tenon::inline TENON_TARGET::io
