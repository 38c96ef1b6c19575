// Sorts in the device's memory, by Thrust. Needs Thrust, of the CUDA toolkit or alone. Without this header sorts on a device are computed
// on the host's copies.
#pragma once

#include <cstddef>
#include <cstdint>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#if defined(__CUDACC__)
#include <thrust/system/cuda/execution_policy.h>
#endif

#include <tenon/cuda.hpp>
#include <tenon/cuda/elements.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

/// Thrust in the thread's stream; its system of the host's threads, where that stands in for CUDA's, after what the stream has to do.
template <class F>
void with_thrust(char const* operation, F const& f) {
    auto& here = context::local();
    here.refuse_capture(operation);
#if defined(__CUDACC__)
    f(thrust::cuda::par.on(here.stream()));
#else
    here.synchronize(operation);
    f(thrust::device);
#endif
}

/// Vectors along an axis, and where the elements lie that are numbered vector after vector.
struct numbered_vectors {
    std::int64_t along, after;
    TENON_HOST_DEVICE std::int64_t vector(std::int64_t number) const { return number / along; }
    TENON_HOST_DEVICE std::int64_t position(std::int64_t number) const { return number % along; }
    TENON_HOST_DEVICE std::int64_t place(std::int64_t vector, std::int64_t position) const {
        return (vector / after * along + position) * after + vector % after;
    }
    TENON_HOST_DEVICE std::int64_t place(std::int64_t number) const { return place(vector(number), position(number)); }
};

/// Whether an element stands before another: that of an earlier vector, or of one, the lesser, or where `descending` the greater. NaN
/// is the greatest.
template <class T>
struct stands_before {
    T const* x;
    numbered_vectors all;
    bool descending;
    __device__ bool operator()(std::int64_t a, std::int64_t b) const {
        auto const v = all.vector(a), w = all.vector(b);
        if (v != w) return v < w;
        T const first = x[all.place(a)], second = x[all.place(b)];
        return descending ? less(second, first) : less(first, second);
    }

private:
    __device__ static bool less(T const& a, T const& b) {
        if constexpr (element::narrow<T>) return less_number(static_cast<float>(a), static_cast<float>(b));
        else return less_number(a, b);
    }
    template <class V>
    __device__ static bool less_number(V a, V b) {
        return a < b || (b != b && a == a);
    }
};
template <class T>
struct write_sorted {
    T const* x;
    T* y;
    std::int64_t const* order;
    numbered_vectors all;
    __device__ void operator()(std::int64_t i) const { y[all.place(i)] = x[all.place(order[i])]; }
};
struct write_positions {
    std::int64_t* y;
    std::int64_t const* order;
    numbered_vectors all;
    __device__ void operator()(std::int64_t i) const { y[all.place(i)] = all.position(order[i]); }
};
template <class T>
struct add_to_sorted {
    T const* g;
    T* gx;
    std::int64_t const* order;
    numbered_vectors all;
    __device__ void operator()(std::int64_t i) const {
        T& to = gx[all.place(order[i])];
        to = static_cast<T>(to + g[all.place(i)]);
    }
};

/// Calls write(order, vectors) with the elements' numbers in their order, for each number.
template <std::size_t Axis, class T, class S, class Write>
void sort_on_device(char const* operation, array_of<T const, S> const& x, bool descending, Write const& write) {
    auto const e = around_axis<Axis>(x.shape);
    numbered_vectors const all{static_cast<std::int64_t>(e.along), static_cast<std::int64_t>(e.after)};
    auto const n = static_cast<std::int64_t>(x.shape.size());
    buffer<std::int64_t> order;
    order.reserve(x.shape.size());
    with_thrust(operation, [&](auto const& policy) {
        auto const first = thrust::device_pointer_cast(order.data());
        thrust::sequence(policy, first, first + n);
        thrust::stable_sort(policy, first, first + n, stands_before<T>{x.data, all, descending});
        element_number const numbers(0);
        thrust::for_each(policy, numbers, numbers + n, write(static_cast<std::int64_t const*>(order.data()), all));
    });
}

}  // namespace tenon::inline TENON_TARGET::cuda::detail

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class T, class S>
    requires(!element::is_complex<T>)
struct device_form<tenon::detail::argsort_rule<Axis, T, S>> {
    using rule = tenon::detail::argsort_rule<Axis, T, S>;
    static constexpr bool exists = true;
    /// Thrust's three algorithms, whatever they launch.
    static std::size_t launches(rule const&, S const&) { return 3; }
    static void forward(rule const& r, array_of<std::int64_t, S> const& y, array_of<T const, S> const& x) {
        cuda::detail::sort_on_device<Axis>(rule::name, x, r.descending, [&](auto const* order, auto const& all) {
            return cuda::detail::write_positions{y.data, order, all};
        });
    }
};
template <std::size_t Axis, class T, class S>
    requires(!element::is_complex<T>)
struct device_form<tenon::detail::sort_rule<Axis, T, S>> {
    using rule = tenon::detail::sort_rule<Axis, T, S>;
    static constexpr bool exists = true;
    static std::size_t launches(rule const&, S const&) { return 3; }
    static void forward(rule const& r, array_of<T, S> const& y, array_of<T const, S> const& x) {
        cuda::detail::sort_on_device<Axis>(rule::name, x, r.descending, [&](auto const* order, auto const& all) {
            return cuda::detail::write_sorted<T>{x.data, y.data, order, all};
        });
    }
    static void backward(rule const& r, array_of<T const, S> const&, array_of<T const, S> const& g,
                         array_of<T const, S> const& x, array_of<T, S> const& gx) {
        cuda::detail::sort_on_device<Axis>(rule::name, x, r.descending, [&](auto const* order, auto const& all) {
            return cuda::detail::add_to_sorted<T>{g.data, gx.data, order, all};
        });
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
