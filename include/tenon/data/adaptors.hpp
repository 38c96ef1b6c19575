// Datasets made from datasets: `dataset | shuffle(gen) | transform(f) | take(n) | batch<32>()`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/random.hpp>
#include <tenon/data/dataset.hpp>

namespace tenon::inline TENON_TARGET::data {

/// The samples of a dataset in an order that is drawn anew whenever an epoch begins.
template <class D>
class shuffled : public view<shuffled<D>> {
public:
    shuffled(D&& d, generator& gen) : data_(static_cast<D&&>(d)), gen_(&gen) {}
    std::size_t size() const { return data_.get().size(); }
    /// The i-th sample of this epoch; before the first epoch, of the dataset.
    decltype(auto) operator[](std::size_t i) const {
        return std::as_const(data_.get())[order_.empty() ? i : order_[i]];
    }
    void start_epoch() {
        detail::start_epoch(data_.get());
        order_.resize(size());
        tenon::detail::permute_indices(order_.data(), order_.size(), *gen_);
    }

private:
    detail::held<D> data_;
    generator* gen_;
    std::vector<std::size_t> order_;
};

/// The samples of a dataset after a function, which is called whenever one is asked for; a loader's workers call it
/// at the same time. What it returns must not refer to its argument.
template <class D, class F>
class transformed : public view<transformed<D, F>> {
public:
    transformed(D&& d, F f) : data_(static_cast<D&&>(d)), f_(std::move(f)) {}
    std::size_t size() const { return data_.get().size(); }
    auto operator[](std::size_t i) const { return f_(std::as_const(data_.get())[i]); }
    void start_epoch() { detail::start_epoch(data_.get()); }

private:
    detail::held<D> data_;
    F f_;
};

/// The first n samples of a dataset, or all where it has fewer.
template <class D>
class taken : public view<taken<D>> {
public:
    taken(D&& d, std::size_t n) : data_(static_cast<D&&>(d)), n_(n) {}
    std::size_t size() const { return std::min<std::size_t>(n_, data_.get().size()); }
    decltype(auto) operator[](std::size_t i) const { return std::as_const(data_.get())[i]; }
    void start_epoch() { detail::start_epoch(data_.get()); }

private:
    detail::held<D> data_;
    std::size_t n_;
};

namespace detail {
struct shuffle_adaptor {
    generator* gen;
};
template <class F>
struct transform_adaptor {
    F f;
};
struct take_adaptor {
    std::size_t n;
};
template <dataset D>
auto operator|(D&& d, shuffle_adaptor a) {
    return shuffled<D>(static_cast<D&&>(d), *a.gen);
}
template <dataset D, class F>
auto operator|(D&& d, transform_adaptor<F> a) {
    return transformed<D, F>(static_cast<D&&>(d), std::move(a.f));
}
template <dataset D>
auto operator|(D&& d, take_adaptor a) {
    return taken<D>(static_cast<D&&>(d), a.n);
}
}  // namespace detail

/// `dataset | shuffle(gen)`: a new order for every epoch. The generator is referred to; a seed repeats its orders.
inline detail::shuffle_adaptor shuffle(generator& gen = default_generator()) { return {&gen}; }

/// `dataset | transform(f)`: f(sample) in place of each sample.
template <class F>
detail::transform_adaptor<std::remove_cvref_t<F>> transform(F&& f) {
    return {static_cast<F&&>(f)};
}

/// `dataset | take(n)`: the first n samples.
inline detail::take_adaptor take(std::size_t n) { return {n}; }

}  // namespace tenon::inline TENON_TARGET::data
