// What the fuzzers of readers share: an input as a file in memory, and what a reader may say about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include <tenon/base/error.hpp>

namespace tenon_fuzz {

inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
    return {reinterpret_cast<char const*>(data), size};
}

/// Ends the program where something that has to hold does not: a finding.
inline void require(bool holds, char const* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

/// A file without a disk, whose path any reader can open.
class file {
public:
    explicit file(std::string_view content) : fd_(::memfd_create("fuzz", 0)) {
        bool const written = ::write(fd_, content.data(), content.size()) == static_cast<::ssize_t>(content.size());
        require(written, "no memory for the input's file");
    }
    file(file const&) = delete;
    file& operator=(file const&) = delete;
    ~file() { ::close(fd_); }

    std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

/// Whether `read` accepts its file. What it refuses it refuses with an error that names the file.
template <class F>
bool accepts(F read) {
    auto const names_the_file = [](char const* text) {
        require(std::string_view(text).starts_with("/proc/self/fd/"), text);
        return false;
    };
    try {
        read();
        return true;
    } catch (tenon::io_error const& e) { return names_the_file(e.what()); } catch (tenon::shape_error const& e) {
        return names_the_file(e.what());
    }
}

}  // namespace tenon_fuzz
