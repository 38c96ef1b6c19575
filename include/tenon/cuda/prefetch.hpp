// Batches on the device: a second stream copies the next one through pinned memory while the step works on this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/data/prefetch.hpp>
#include <tenon/eval/cuda/event.hpp>
#include <tenon/eval/cuda/tensor.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

/// A place for a batch: tensors on the device, the pinned memory that they come through, and the events between those who
/// write and read the two.
/// @tparam Batch the batch in the host's memory
template <class Batch>
class batch_slot {
public:
    using batch_type = data::batch_on_t<device, Batch>;

    /// The tensors' memory may be used once the thread's stream has come to here.
    batch_slot() { used_.record(context::local().stream()); }

    /// Asks a stream to bring a batch; the host's batch may change as soon as this returns. What the thread has asked for with
    /// the batch before, until `release`, comes first.
    void fill(Batch const& from, cudaStream_t stream) {
        bool moved = false;
        std::size_t bytes = 0;
        data::detail::each_tensor(
            [&](auto const& host, auto& there) {
                if (!(host.shape() == there.shape())) {
                    there = std::remove_reference_t<decltype(there)>(uninitialized, host.shape());
                    moved = true;
                }
                bytes += padded(host);
            },
            from, batch_);
        // Memory that the pool hands out may be in use by what the thread's stream has still to do.
        if (moved) used_.record(context::local().stream());
        copied_.synchronize();  // the pinned memory is free again
        if (!pinned_ || pinned_->size() < bytes) pinned_.emplace(bytes);
        used_.hold(stream);
        unsigned char* p = pinned_->data();
        data::detail::each_tensor(
            [&](auto const& host, auto& there) {
                std::size_t const n = host.size() * sizeof(*host.data());
                if (n == 0) return;
                std::memcpy(p, host.data(), n);
                check(cudaMemcpyAsync(there.device_data(), p, n, cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync",
                      [n] { return std::to_string(n) + " bytes to the device"; });
                p += padded(host);
            },
            from, batch_);
        copied_.record(stream);
    }
    /// The batch, for what the thread asks from here on.
    batch_type const& take() {
        copied_.hold(context::local().stream());
        return batch_;
    }
    /// The thread asks for nothing more with the batch.
    void release() { used_.record(context::local().stream()); }

private:
    template <class Tensor>
    static std::size_t padded(Tensor const& t) {
        return (t.size() * sizeof(value_t<Tensor>) + 63) / 64 * 64;
    }

    batch_type batch_;
    std::optional<host_buffer<unsigned char>> pinned_;
    event copied_, used_;
};

}  // namespace tenon::inline TENON_TARGET::cuda::detail

namespace tenon::inline TENON_TARGET::data {

/// Batches on the device. Each `begin()` is an epoch of the range below, and ends the epoch before. There are two places for
/// batches: while what was asked for with one runs on the thread's stream, another stream brings the next one, which begins when
/// the step before has done with its place. The host does not wait for either.
///
/// A batch is a reference to tensors that the next `++` gives up: what the loop's body asks of the device is in time, whenever
/// it runs. A captured step reads the memory that it was recorded with, so there the body copies the batch first: `x = batch`.
///
/// The range below is asked for a batch when the one before has been handed out, by the thread that runs the loop; with a
/// loader's workers others make it. What the range throws arrives where its batch would have come, and ends the epoch.
/// Device memory, pinned memory, events and the stream are those of the first epoch. For one thread.
/// @tparam V a view of batches in the host's memory
template <std::ranges::view V>
class prefetched : public std::ranges::view_base {
    using host_batch = std::remove_cvref_t<std::ranges::range_reference_t<V>>;
    using slot = cuda::detail::batch_slot<host_batch>;
    class state;

public:
    using batch_type = typename slot::batch_type;

    class iterator {
    public:
        using value_type = batch_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() = default;
        batch_type const& operator*() const { return *batch_; }
        batch_type const* operator->() const { return batch_; }
        /// @throws cuda::error inside a captured step; what the range below throws for the next batch
        iterator& operator++() {
            batch_ = state_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator const& i, std::default_sentinel_t) { return i.batch_ == nullptr; }

    private:
        friend prefetched;
        explicit iterator(state& s) : state_(&s), batch_(s.first()) {}

        state* state_ = nullptr;
        batch_type const* batch_ = nullptr;
    };

    explicit prefetched(V batches) : state_(std::make_unique<state>(std::move(batches))) {}

    /// Starts an epoch. @throws cuda::error inside a captured step; what the range below throws for the first batch
    iterator begin() { return iterator(*state_); }
    std::default_sentinel_t end() const { return {}; }
    /// Number of batches of an epoch.
    auto size() const
        requires std::ranges::sized_range<V>
    {
        return std::ranges::size(state_->below());
    }

private:
    class state {
    public:
        explicit state(V below) : below_(std::move(below)) {}
        V& below() { return below_; }

        batch_type const* first() {
            cuda::context::local().refuse_capture(what);
            give_up();
            at_.reset();
            over_ = false;
            bring(0);
            return hand_out(0);
        }
        batch_type const* next() {
            cuda::context::local().refuse_capture(what);
            return hand_out(give_up());
        }

    private:
        static constexpr char const* what = "batches that are brought to the device";
        struct place {
            slot tensors;
            bool filled = false;
            std::exception_ptr error{};
        };

        /// The loop's body has done with the batch that it has. @return the number of the next one
        std::size_t give_up() {
            if (!std::exchange(out_, false)) return in_use_;
            places_[in_use_].tensors.release();
            return 1 - in_use_;
        }
        /// Hands out what is in a place, and has the next batch brought to the other one.
        batch_type const* hand_out(std::size_t p) {
            place& here = places_[p];
            if (here.error) std::rethrow_exception(std::exchange(here.error, nullptr));
            if (!std::exchange(here.filled, false)) return nullptr;
            batch_type const* const batch = &here.tensors.take();
            in_use_ = p;
            out_ = true;
            bring(1 - p);
            return batch;
        }
        /// Asks for the next batch. It is not wanted yet, nor is what goes wrong with it.
        void bring(std::size_t p) {
            place& to = places_[p];
            to.filled = false;
            to.error = nullptr;
            if (over_) return;
            try {
                if (at_) ++*at_;
                else at_.emplace(std::ranges::begin(below_));
                over_ = *at_ == std::ranges::end(below_);
                if (over_) return;
                to.tensors.fill(**at_, copies_.get());
                to.filled = true;
            } catch (...) {
                over_ = true;
                to.error = std::current_exception();
            }
        }

        V below_;
        std::optional<std::ranges::iterator_t<V>> at_;
        bool over_ = true, out_ = false;  ///< whether the range below has no more, whether the body has a batch
        std::size_t in_use_ = 0;
        std::array<place, 2> places_;
        cuda::side_stream copies_;  // last: it has done its work before the memory goes
    };

    std::unique_ptr<state> state_;
};

template <>
struct prefetched_batches<cuda::device> {
    template <std::ranges::viewable_range Range>
    static auto of(Range&& batches) {
        return prefetched<std::views::all_t<Range>>(std::views::all(static_cast<Range&&>(batches)));
    }
};

}  // namespace tenon::inline TENON_TARGET::data
