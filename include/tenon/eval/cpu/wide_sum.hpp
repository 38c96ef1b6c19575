// Sums of any length: parts of at most 128 terms are added up in the element's type, the parts in a wider one. The error of a sum
// of floats stays below 140 roundings of Σ|x|, however long it is, and does not rest on a compiler that keeps the order of additions.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/region.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {
template <class T>
struct wider {
    using type = T;
};
template <>
struct wider<float> {
    using type = double;
};
template <>
struct wider<std::complex<float>> {
    using type = std::complex<double>;
};
template <element::is_dual T>
struct wider<T> {
    using type = element::dual<typename wider<typename T::value_type>::type, T::directions>;
};
}  // namespace detail
/// What the parts of a sum of T are added up in: double for float, T itself for others.
template <class T>
using wider_t = typename detail::wider<T>::type;

/// The element that a single lane holds.
template <class V>
struct element_of_lane {
    using type = typename V::value_type;
};
template <element::is_dual V>
struct element_of_lane<V> {
    using type = element::dual<typename element_of_lane<typename V::value_type>::type, V::directions>;
};

/// How many terms are added up in T, one after another, before their sum goes to a wider one.
inline constexpr std::size_t terms_in_part = 128;

/// A sum of parts, or of single terms.
template <class T>
class wide_sum {
    static constexpr bool widens = !std::is_same_v<wider_t<T>, T>;

public:
    TENON_INLINE constexpr void add(lane_t<T, 1> const& v) {
        if constexpr (widens) total_ = total_ + math::convert<wider_t<T>>(v);
        else {
            // Nothing is wider than double: the sums of many parts are parts themselves.
            recent_.sum = recent_.sum + v;
            if (++recent_.count == 32 * terms_in_part) {
                total_ = total_ + recent_.sum;
                recent_ = {};
            }
        }
    }
    TENON_INLINE constexpr lane_t<T, 1> value() const {
        if constexpr (widens) return math::convert<T>(total_);
        else return total_ + recent_.sum;
    }

private:
    using lane = lane_t<wider_t<T>, 1>;
    struct recent {
        lane sum = lane(wider_t<T>(0));
        std::size_t count = 0;
    };
    lane total_ = lane(wider_t<T>(0));
    [[no_unique_address]] std::conditional_t<widens, tuple<>, recent> recent_{};
};

/// The wider parts of many sums in memory of T.
template <class T>
struct wide_totals {
    wider_t<T>* p = nullptr;

    /// Moves what n elements have got, which are those from number `first` on, and leaves zeros.
    TENON_INLINE constexpr void take(T* from, std::size_t first, std::size_t n) const {
        for_each_pack<lanes, dyn>(n, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            element::store_lanes(p + first + i, sum<N>(from + i, first + i));
            element::store_lanes(from + i, lane_t<T, N>(T(0)));
        });
    }
    /// Puts the n sums where their last terms are.
    constexpr void finish(T* to, std::size_t n) const {
        for_each_pack<lanes, dyn>(n, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            element::store_lanes(to + i, math::convert<T>(sum<N>(to + i, i)));
        });
    }

private:
    static constexpr std::size_t lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);
    template <std::size_t N>
    TENON_INLINE constexpr auto sum(T const* recent, std::size_t at) const {
        return element::load_lanes<N>(p + at) + math::convert<wider_t<T>>(element::load_lanes<N>(recent));
    }
};
/// Many sums in memory of T. Whoever adds to them calls `take` before an element has got more than `terms_in_part` terms.
/// @tparam Size how many, or `dyn`
template <class T, std::size_t Size>
class wide_sums : public wide_totals<T> {
public:
    using buffer_type = buffer<wider_t<T>, Size>;

    /// Begins with n sums of 0.
    constexpr void start(std::size_t n) {
        memory_.reserve(n);
        this->p = memory_.data();
        for (std::size_t i = 0; i != n; ++i) this->p[i] = wider_t<T>(0);
    }

private:
    buffer_type memory_;
};

}  // namespace tenon::inline TENON_TARGET::eval
