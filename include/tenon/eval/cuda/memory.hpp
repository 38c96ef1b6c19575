// Memory on the device, in the order of the stream that uses it, and pinned memory of the host.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tenon/eval/cuda/runtime.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// Blocks of device memory that are handed out again when they come back, so that a training loop asks the driver in its first
/// step alone. A block that comes back may still be in use by what the stream has to do; what gets it next runs after that.
class pool {
public:
    /// @param captured whether its blocks belong to a captured step, which cannot allocate in the stream's order
    explicit pool(cudaStream_t stream, bool captured = false) : stream_(stream), captured_(captured) {}
    pool(pool const&) = delete;
    pool& operator=(pool const&) = delete;
    /// Errors are ignored here: at the end of a program the driver may be gone before the last tensor.
    ~pool() {
        for (auto const& [bytes, blocks] : free_)
            for (void* p : blocks) static_cast<void>(cudaFree(p));
    }

    void* allocate(std::size_t bytes) {
        bytes = rounded(bytes);
        {
            std::lock_guard const lock(mutex_);
            if (auto const found = free_.find(bytes); found != free_.end() && !found->second.empty()) {
                void* const p = found->second.back();
                found->second.pop_back();
                return p;
            }
        }
        void* p = nullptr;
        auto const on = [bytes] { return std::to_string(bytes) + " bytes"; };
        if (captured_) check(cudaMalloc(&p, bytes), "cudaMalloc", on);
        else check(cudaMallocAsync(&p, bytes, stream_), "cudaMallocAsync", on);
        return p;
    }
    void deallocate(void* p, std::size_t bytes) noexcept {
        std::lock_guard const lock(mutex_);
        free_[rounded(bytes)].push_back(p);
    }

private:
    static constexpr std::size_t rounded(std::size_t bytes) { return bytes == 0 ? 512 : (bytes + 511) / 512 * 512; }

    cudaStream_t stream_;
    bool captured_;
    std::mutex mutex_;
    std::unordered_map<std::size_t, std::vector<void*>> free_;
};

/// A block of a pool, which goes back to it.
class block {
public:
    block() = default;
    block(std::shared_ptr<pool> from, std::size_t bytes)
        : pool_(std::move(from)), p_(pool_->allocate(bytes)), bytes_(bytes) {}
    block(block&& other) noexcept
        : pool_(std::move(other.pool_)), p_(std::exchange(other.p_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    block& operator=(block&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(p_, other.p_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~block();

    void* data() const { return p_; }
    std::size_t bytes() const { return bytes_; }

private:
    std::shared_ptr<pool> pool_;
    void* p_ = nullptr;
    std::size_t bytes_ = 0;
};

/// Pinned memory of the host, which the device copies from and to by itself.
template <class T>
class host_buffer {
public:
    explicit host_buffer(std::size_t n) : n_(n) {
        check(cudaMallocHost(reinterpret_cast<void**>(&p_), (n == 0 ? 1 : n) * sizeof(T)), "cudaMallocHost",
              [n] { return std::to_string(n * sizeof(T)) + " bytes"; });
    }
    host_buffer(host_buffer const&) = delete;
    host_buffer& operator=(host_buffer const&) = delete;
    ~host_buffer() { static_cast<void>(cudaFreeHost(p_)); }

    T* data() { return p_; }
    T const* data() const { return p_; }
    std::size_t size() const { return n_; }

private:
    T* p_ = nullptr;
    std::size_t n_;
};

}  // namespace tenon::inline TENON_TARGET::cuda
