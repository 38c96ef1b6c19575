// The loader: a range of typed batches, made in place or ahead of time by other threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <tenon/core/random.hpp>
#include <tenon/data/collate.hpp>
#include <tenon/data/dataset.hpp>
#include <tenon/data/prefetcher.hpp>

namespace tenon::inline TENON_TARGET::data {

/// How many samples make a batch; `batch<32>()` or `batch(n)`.
template <std::size_t N>
struct batch_size {
    std::size_t count;
};

/// Batches of a size that is part of their type. The last samples that do not fill one are left out.
template <std::size_t N>
constexpr batch_size<N> batch() {
    static_assert(N != 0 && !is_dynamic(N), "a batch needs samples");
    return {N};
}
/// Batches of a size that is known at run time; the last one may be shorter. @throws std::invalid_argument for 0
constexpr batch_size<dyn> batch(std::size_t n) {
    if (n == 0) throw std::invalid_argument("batch: a batch needs samples");
    return {n};
}

struct loader_options {
    /// Takes the samples in a new random order in every epoch.
    bool shuffle = false;
    /// The start of these orders.
    std::uint64_t seed = 0;
    /// Threads that make batches ahead of the consumer; with none, batches are made when they are asked for.
    std::size_t workers = 0;
    /// Leaves out a shorter last batch; batches of a static size always do.
    bool drop_last = false;
    /// Batches that each worker may be ahead.
    std::size_t prefetch = 2;
};

/// A range of batches: a pair or tuple of tensors, or one tensor, as the samples are. Each `begin()` is an epoch with a
/// new order; batches are references to buffers that the next `++` overwrites. After the first epoch nothing is
/// allocated without workers. With workers the dataset is read by several threads at once; the order stays the
/// seed's, and an exception from the dataset is thrown where its batch would have come.
/// @tparam D the dataset, a reference where it had a name; @tparam N the batch size or `dyn`
template <class D, std::size_t N>
class loader {
    static_assert(dataset<D>, "a dataset has size() and operator[], both const");

public:
    using batch_type = batch_t<sample_t<D>, N>;

    class iterator {
    public:
        using value_type = batch_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() = default;
        batch_type const& operator*() const { return *batch_; }
        batch_type const* operator->() const { return batch_; }
        iterator& operator++() {
            loader_->release(at_++);
            batch_ = loader_->fetch(at_);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator const& i, std::default_sentinel_t) { return i.batch_ == nullptr; }

    private:
        friend loader;
        explicit iterator(loader& l) : loader_(&l), batch_(l.fetch(0)) {}

        loader* loader_ = nullptr;
        batch_type const* batch_ = nullptr;
        std::size_t at_ = 0;
    };

    /// @param d the dataset: referred to where it has a name, else owned
    loader(D&& d, batch_size<N> size, loader_options const& options = {})
        : data_(static_cast<D&&>(d)),
          count_(size.count),
          options_(options),
          gen_(options.seed),
          slots_(options.workers == 0 ? 1 : options.workers * std::max<std::size_t>(options.prefetch, 1) + 1) {}
    loader(loader const&) = delete;
    loader& operator=(loader const&) = delete;

    /// Number of batches of an epoch.
    std::size_t size() const {
        std::size_t const n = data_.get().size();
        return n / count_ + (!drops_last() && n % count_ != 0);
    }
    /// Starts an epoch; ends the one before. @throws what the dataset throws for the first batch
    iterator begin() {
        ahead_.reset();
        detail::start_epoch(data_.get());
        order_.resize(data_.get().size());
        if (options_.shuffle) tenon::detail::permute_indices(order_.data(), order_.size(), gen_);
        else std::iota(order_.begin(), order_.end(), std::size_t{0});
        batches_ = size();
        if (options_.workers != 0 && batches_ != 0)
            ahead_.emplace(batches_, slots_.size(), std::min(options_.workers, batches_), maker{this});
        return iterator(*this);
    }
    std::default_sentinel_t end() const { return {}; }

private:
    /// A short last batch has a buffer of its own, so that the full one keeps its memory.
    struct slot {
        batch_type full, rest;
    };

    /// What workers call for batch k in slot s.
    struct maker {
        loader* all;
        void operator()(std::size_t k, std::size_t s) const { all->make(k, s); }
    };

    bool drops_last() const { return N != dyn || options_.drop_last; }
    std::size_t batch_length(std::size_t k) const { return std::min(count_, order_.size() - k * count_); }
    batch_type& buffer(std::size_t k, std::size_t s) {
        return batch_length(k) == count_ ? slots_[s].full : slots_[s].rest;
    }
    void make(std::size_t k, std::size_t s) {
        std::span<std::size_t const> const indices(order_.data() + k * count_, batch_length(k));
        detail::load_batch<N>(std::as_const(data_.get()), buffer(k, s), indices);
    }
    batch_type const* fetch(std::size_t k) {
        if (k == batches_) return nullptr;
        if (ahead_) return &buffer(k, ahead_->wait(k));
        make(k, 0);
        return &buffer(k, 0);
    }
    void release(std::size_t k) {
        if (ahead_) ahead_->release(k);
    }

    detail::held<D> data_;
    std::size_t count_;
    loader_options options_;
    generator gen_;
    std::vector<std::size_t> order_;
    std::size_t batches_ = 0;
    std::vector<slot> slots_;
    std::optional<detail::prefetcher<maker>> ahead_;  // last, so that its threads end before what they use
};

template <class D, std::size_t N>
loader(D&&, batch_size<N>) -> loader<D, N>;
template <class D, std::size_t N>
loader(D&&, batch_size<N>, loader_options) -> loader<D, N>;

/// `dataset | batch<32>()`: a loader that takes the dataset's own order.
template <dataset D, std::size_t N>
loader<D, N> operator|(D&& d, batch_size<N> size) {
    return loader<D, N>(static_cast<D&&>(d), size);
}

}  // namespace tenon::inline TENON_TARGET::data
