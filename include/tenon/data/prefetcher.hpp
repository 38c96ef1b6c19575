// Threads that work ahead of a consumer who takes numbered results in their order.
#pragma once

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include <tenon/base/thread.hpp>

namespace tenon::inline TENON_TARGET::data::detail {

/// Runs `make(k, slot)` for k = 0 … total-1 on threads, where result k goes to slot k % slots. A slot is used again
/// when the consumer has released the result in it, so at most `slots` results exist at a time.
template <class Make>
class prefetcher {
public:
    prefetcher(std::size_t total, std::size_t slots, std::size_t workers, Make make)
        : total_(total), slots_(slots), make_(std::move(make)) {
        threads_.reserve(workers);
        try {
            for (std::size_t w = 0; w != workers; ++w) threads_.emplace_back([this] { work(); });
        } catch (...) {
            stop();
            throw;
        }
    }
    prefetcher(prefetcher const&) = delete;
    prefetcher& operator=(prefetcher const&) = delete;
    ~prefetcher() { stop(); }

    /// Waits for result k. @return its slot @throws what `make` threw for it
    std::size_t wait(std::size_t k) {
        slot& s = slots_[k % slots_.size()];
        tenon::detail::mutex_lock const lock(mutex_);
        made_.wait(mutex_, [&] { return s.ready; });
        if (s.error) std::rethrow_exception(std::exchange(s.error, nullptr));
        return k % slots_.size();
    }
    /// The consumer has done with result k, and with all before it.
    void release(std::size_t k) {
        {
            tenon::detail::mutex_lock const lock(mutex_);
            slots_[k % slots_.size()].ready = false;
            released_ = k + 1;
        }
        free_.notify_all();
    }

private:
    struct slot {
        bool ready = false;
        std::exception_ptr error;
    };

    void work() {
        tenon::detail::helping const for_the_consumer;
        while (true) {
            std::size_t k;
            {
                tenon::detail::mutex_lock const lock(mutex_);
                free_.wait(mutex_, [&] { return stopped_ || next_ == total_ || next_ < released_ + slots_.size(); });
                if (stopped_ || next_ == total_) return;
                k = next_++;
            }
            std::exception_ptr error;
            try {
                make_(k, k % slots_.size());
            } catch (...) { error = std::current_exception(); }
            {
                tenon::detail::mutex_lock const lock(mutex_);
                slots_[k % slots_.size()] = {true, std::move(error)};
            }
            made_.notify_all();
        }
    }
    void stop() {
        {
            tenon::detail::mutex_lock const lock(mutex_);
            stopped_ = true;
        }
        free_.notify_all();
        threads_.clear();  // waits for them
    }

    std::size_t total_, next_ = 0, released_ = 0;
    bool stopped_ = false;
    std::vector<slot> slots_;
    Make make_;
    tenon::detail::mutex mutex_;
    tenon::detail::condition_variable made_, free_;
    std::vector<tenon::detail::thread> threads_;
};

}  // namespace tenon::inline TENON_TARGET::data::detail
