// A folder for one test's files, removed with them.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include <tenon/base/error.hpp>

namespace tenon_test {

class folder {
public:
    folder() : path_(std::filesystem::temp_directory_path() / ("tenon-test-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }

    std::filesystem::path operator/(char const* name) const { return path_ / name; }
    /// Writes a file and gives its path.
    std::filesystem::path file(char const* name, std::string_view content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

}  // namespace tenon_test
