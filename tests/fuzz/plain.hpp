// Arrays whose every operation is one plain loop over positions: what the library's results are compared with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

namespace plain {

using extents = std::vector<std::size_t>;

/// An operation that the library has to refuse as well.
struct refused {};

inline void demand(bool holds) {
    if (!holds) throw refused();
}

/// Elements in row-major order. They are whole numbers that a float holds exactly, or the comparison is left out.
struct array {
    extents shape;
    std::vector<double> values;

    std::size_t rank() const { return shape.size(); }
    std::size_t extent(std::size_t axis) const { return shape[axis]; }
    double at(extents const& position) const {
        std::size_t offset = 0;
        for (std::size_t a = 0; a != rank(); ++a) offset = offset * shape[a] + position[a];
        return values.at(offset);
    }
};

/// The array of a shape whose element at a position is `f(position)`.
template <class F>
array generate(extents const& shape, F f) {
    array out{shape, {}};
    std::size_t const n = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    for (std::size_t i = 0; i != n; ++i) {
        extents position(shape.size());
        std::size_t rest = i;
        for (std::size_t a = shape.size(); a-- != 0; rest /= shape[a]) position[a] = rest % shape[a];
        out.values.push_back(f(position));
    }
    return out;
}

/// The axis that a number means, which may count from the end.
inline std::size_t axis_of(array const& x, std::ptrdiff_t axis) {
    return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::ptrdiff_t>(x.rank()) : axis);
}

inline array permute(array const& x, std::vector<std::size_t> const& axes) {
    extents shape;
    for (std::size_t a : axes) shape.push_back(x.extent(a));
    return generate(shape, [&](extents const& p) {
        extents from(p.size());
        for (std::size_t a = 0; a != p.size(); ++a) from[axes[a]] = p[a];
        return x.at(from);
    });
}

inline array slice(array const& x, std::ptrdiff_t axis, std::ptrdiff_t start, std::ptrdiff_t stop,
                   std::ptrdiff_t step) {
    std::size_t const a = axis_of(x, axis);
    auto const n = static_cast<std::ptrdiff_t>(x.extent(a));
    start = std::clamp<std::ptrdiff_t>(start < 0 ? start + n : start, 0, n);
    stop = std::clamp<std::ptrdiff_t>(stop < 0 ? stop + n : stop, 0, n);
    extents shape = x.shape;
    shape[a] = 0;
    for (std::ptrdiff_t i = start; i < stop; i += step) ++shape[a];
    return generate(shape, [&](extents p) {
        p[a] = static_cast<std::size_t>(start + static_cast<std::ptrdiff_t>(p[a]) * step);
        return x.at(p);
    });
}

inline array flip(array const& x, std::ptrdiff_t axis) {
    std::size_t const a = axis_of(x, axis);
    return generate(x.shape, [&](extents p) {
        p[a] = x.extent(a) - 1 - p[a];
        return x.at(p);
    });
}

inline array select(array const& x, std::ptrdiff_t axis, std::ptrdiff_t k) {
    std::size_t const a = axis_of(x, axis);
    auto const n = static_cast<std::ptrdiff_t>(x.extent(a));
    demand(k >= -n && k < n);
    extents shape = x.shape;
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(a));
    return generate(shape, [&](extents p) {
        p.insert(p.begin() + static_cast<std::ptrdiff_t>(a), static_cast<std::size_t>(k < 0 ? k + n : k));
        return x.at(p);
    });
}

inline array reshape(array const& x, extents const& shape) {
    demand(std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>()) == x.values.size());
    return {shape, x.values};
}

/// A new axis, along which the elements repeat.
inline array repeat(array const& x, std::size_t axis, std::size_t times) {
    extents shape = x.shape;
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), times);
    return generate(shape, [&](extents p) {
        p.erase(p.begin() + static_cast<std::ptrdiff_t>(axis));
        return x.at(p);
    });
}

inline array concat(array const& x, array const& y, std::ptrdiff_t axis) {
    std::size_t const a = axis_of(x, axis);
    extents shape = x.shape;
    for (std::size_t b = 0; b != x.rank(); ++b) demand(b == a || x.extent(b) == y.extent(b));
    shape[a] += y.extent(a);
    return generate(shape, [&](extents p) {
        if (p[a] < x.extent(a)) return x.at(p);
        p[a] -= x.extent(a);
        return y.at(p);
    });
}

inline array pad(array const& x, std::ptrdiff_t axis, std::size_t before, std::size_t after, double value) {
    std::size_t const a = axis_of(x, axis);
    extents shape = x.shape;
    shape[a] += before + after;
    return generate(shape, [&](extents p) {
        if (p[a] < before || p[a] >= before + x.extent(a)) return value;
        p[a] -= before;
        return x.at(p);
    });
}

inline array roll(array const& x, std::ptrdiff_t axis, std::ptrdiff_t by) {
    std::size_t const a = axis_of(x, axis);
    auto const n = static_cast<std::ptrdiff_t>(x.extent(a));
    return generate(x.shape, [&](extents p) {
        p[a] = static_cast<std::size_t>(((static_cast<std::ptrdiff_t>(p[a]) - by) % n + n) % n);
        return x.at(p);
    });
}

/// The elements along an axis joined by `f`, in their order; the axis stays as one of extent 1.
template <class F>
array reduce(array const& x, std::ptrdiff_t axis, double first, F f) {
    std::size_t const a = axis_of(x, axis);
    extents shape = x.shape;
    shape[a] = 1;
    return generate(shape, [&](extents p) {
        double joined = first;
        for (p[a] = 0; p[a] != x.extent(a); ++p[a]) joined = f(joined, x.at(p));
        return joined;
    });
}
inline array sum(array const& x, std::ptrdiff_t axis) { return reduce(x, axis, 0, std::plus<>()); }
inline array max(array const& x, std::ptrdiff_t axis) {
    array const out =
        reduce(x, axis, -std::numeric_limits<double>::infinity(), [](double a, double b) { return std::max(a, b); });
    demand(!x.values.empty() || out.values.empty());
    return out;
}

inline array cumsum(array const& x, std::ptrdiff_t axis) {
    std::size_t const a = axis_of(x, axis);
    return generate(x.shape, [&](extents p) {
        double total = 0;
        std::size_t const last = p[a];
        for (p[a] = 0; p[a] <= last; ++p[a]) total += x.at(p);
        return total;
    });
}

/// The parts at positions along an axis. A wrong position is refused even where the parts are empty.
inline array index_select(array const& x, std::ptrdiff_t axis, std::vector<std::int64_t> const& indices) {
    std::size_t const a = axis_of(x, axis);
    for (std::int64_t i : indices) demand(i >= 0 && i < static_cast<std::int64_t>(x.extent(a)));
    extents shape = x.shape;
    shape[a] = indices.size();
    return generate(shape, [&](extents p) {
        p[a] = static_cast<std::size_t>(indices[p[a]]);
        return x.at(p);
    });
}

inline array diagonal(array const& x) {
    extents shape(x.shape.begin(), x.shape.end() - 1);
    shape.back() = std::min(x.shape[x.rank() - 2], x.shape[x.rank() - 1]);
    return generate(shape, [&](extents p) {
        p.push_back(p.back());
        return x.at(p);
    });
}

inline array tril(array const& x, std::ptrdiff_t k) {
    return generate(x.shape, [&](extents const& p) {
        auto const row = static_cast<std::ptrdiff_t>(p[p.size() - 2]), column = static_cast<std::ptrdiff_t>(p.back());
        return column - row <= k ? x.at(p) : 0;
    });
}

/// Element by element; an axis of extent 1 of y is stretched.
template <class F>
array map(array const& x, array const& y, F f) {
    demand(x.rank() == y.rank());
    for (std::size_t a = 0; a != x.rank(); ++a) demand(x.extent(a) == y.extent(a) || y.extent(a) == 1);
    return generate(x.shape, [&](extents const& p) {
        extents q = p;
        for (std::size_t a = 0; a != q.size(); ++a)
            if (y.extent(a) == 1) q[a] = 0;
        return f(x.at(p), y.at(q));
    });
}

/// x times its transpose, over the last two axes.
inline array gram(array const& x) {
    extents shape = x.shape;
    shape.back() = shape[x.rank() - 2];
    return generate(shape, [&](extents const& p) {
        double total = 0;
        extents left = p, right = p;
        right[p.size() - 2] = p.back();
        for (std::size_t k = 0; k != x.shape.back(); ++k) {
            left.back() = right.back() = k;
            total += x.at(left) * x.at(right);
        }
        return total;
    });
}

}  // namespace plain
