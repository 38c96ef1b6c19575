// Whole files: read at once, and replaced at once, so that a reader never sees half of one.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tenon/base/error.hpp>
#include <tenon/base/target.hpp>
#include <tenon/base/text.hpp>
#include <tenon/io/file_path.hpp>

namespace tenon::inline TENON_TARGET::io {

/// Says what is wrong with a file. @throws io_error always
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void fail(file_path const& file, text_piece const& reason) {
    throw io_error(text_of({file.string(), ": ", reason}));
}

namespace detail {

/// A file descriptor that is closed when its owner goes.
class descriptor {
public:
    descriptor(file_path const& file, int flags) : fd_(::open(file.c_str(), flags | O_CLOEXEC, 0666)) {}
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() { close(); }

    int get() const { return fd_; }
    /// Closes now. @return false where the system lost something
    bool close() {
        int const fd = fd_;
        fd_ = -1;
        return fd < 0 || ::close(fd) == 0;
    }

private:
    int fd_;
};

TENON_ON_USE
[[noreturn]] void fail_errno(file_path const& file, char const* what) {
    char const* const why = std::strerror(errno);
    fail(file, text_of({what, ": ", why}));
}

TENON_ON_USE
void write_all(int fd, std::string_view bytes, file_path const& file) {
    while (!bytes.empty()) {
        ::ssize_t const n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail_errno(file, "cannot write");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace detail

/// A file's bytes. @throws io_error where it cannot be read
TENON_ON_USE
std::string read_file(file_path const& file) {
    detail::descriptor in(file, O_RDONLY);
    if (in.get() < 0) detail::fail_errno(file, "cannot open");
    struct ::stat facts{};
    if (::fstat(in.get(), &facts) != 0) detail::fail_errno(file, "cannot read");
    if (S_ISDIR(facts.st_mode)) fail(file, "is a folder");
    std::string bytes;
    // One byte more than the file is said to have, so that its end is met in the same round; pipes claim to have none.
    bytes.resize(facts.st_size > 0 ? static_cast<std::size_t>(facts.st_size) + 1 : 65536);
    std::size_t size = 0;
    while (true) {
        ::ssize_t const n = ::read(in.get(), bytes.data() + size, bytes.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) detail::fail_errno(file, "cannot read");
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
        if (size == bytes.size()) bytes.resize(2 * size);
    }
    bytes.resize(size);
    return bytes;
}

/// Gives a file new content, made of parts that follow each other. The content is written beside the file, reaches the
/// disk, and then takes the file's name: whatever happens, the file has its old or its new content.
/// @throws io_error where that fails; the file is as it was
TENON_ON_USE
void replace_file(file_path const& file, std::initializer_list<std::string_view> parts) {
    file_path const beside = text_of({file.string(), ".", ::getpid(), ".tmp"});
    struct remover {
        file_path const& path;
        bool armed = true;
        ~remover() {
            if (armed) ::unlink(path.c_str());
        }
    };
    detail::descriptor out(beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (out.get() < 0) detail::fail_errno(file, "cannot write");
    remover cleanup{beside};
    for (std::string_view part : parts) detail::write_all(out.get(), part, file);
    if (::fsync(out.get()) != 0 || !out.close()) detail::fail_errno(file, "cannot write");
    if (std::rename(beside.c_str(), file.c_str()) != 0) detail::fail_errno(file, "cannot replace");
    cleanup.armed = false;
    // The new name has to reach the disk too. Not every file system can say so; the content is safe either way.
    detail::descriptor folder(file.parent_path(), O_RDONLY | O_DIRECTORY);
    if (folder.get() >= 0) (void)::fsync(folder.get());
}

}  // namespace tenon::inline TENON_TARGET::io
