// Whether strided arrays lie in each other's way, so that threads can't write both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// An array in memory as far as it matters where its elements are.
class strided_array {
public:
    static constexpr std::size_t most_axes = 8;

    /// @param size bytes of an element
    strided_array(void const* p, std::size_t size) : begin_(reinterpret_cast<std::uintptr_t>(p) / size) {}
    /// An axis along which an element has several places, or one.
    void add_axis(std::ptrdiff_t stride, std::size_t extent) {
        if (extent == 0) empty_ = true;
        if (rank_ == most_axes) known_ = false;
        else axes_[rank_++] = {stride, static_cast<std::ptrdiff_t>(extent) - 1};
    }
    /// Whether elements of both may be the same memory, other than those at the same position of two arrays that begin at one
    /// place: answered yes where it is not worth finding out.
    friend bool interfere(strided_array a, strided_array b) {
        if (a.empty_ || b.empty_ || a.last() < b.first() || b.last() < a.first()) return false;
        if (!a.known_ || !b.known_ || a.rank_ != b.rank_) return true;
        for (std::size_t i = 0; i != a.rank_; ++i) {
            if (a.axes_[i].stride != b.axes_[i].stride) return true;
            a.axes_[i].steps = std::max(a.axes_[i].steps, b.axes_[i].steps);
        }
        std::sort(a.axes_, a.axes_ + a.rank_, [](axis x, axis y) { return x.length() > y.length(); });
        std::ptrdiff_t behind = 0;
        for (std::size_t i = a.rank_; i-- > 0; behind += a.axes_[i].span())
            if (a.axes_[i].steps != 0 && a.axes_[i].length() <= behind) return true;
        auto const apart = static_cast<std::ptrdiff_t>(a.begin_ - b.begin_);
        return apart != 0 && reaches(a.axes_, a.axes_ + a.rank_, apart < 0 ? -apart : apart);
    }

private:
    struct axis {
        std::ptrdiff_t stride, steps;
        std::ptrdiff_t length() const { return stride < 0 ? -stride : stride; }
        std::ptrdiff_t span() const { return length() * steps; }
    };
    std::ptrdiff_t end(bool last) const {
        auto e = static_cast<std::ptrdiff_t>(begin_);
        for (std::size_t i = 0; i != rank_; ++i)
            if ((axes_[i].stride > 0) == last) e += axes_[i].stride * axes_[i].steps;
        return e;
    }
    std::ptrdiff_t first() const { return end(false); }
    std::ptrdiff_t last() const { return end(true); }
    /// Whether Σ n_i · length_i is `distance` for numbers of steps |n_i| ≤ steps_i. Each axis is longer than those behind it
    /// together, so two numbers have to be tried.
    static bool reaches(axis const* a, axis const* end, std::ptrdiff_t distance) {
        std::ptrdiff_t reach = 0;
        for (axis const* i = a; i != end; ++i) reach += i->span();
        if (distance > reach || -distance > reach) return false;
        if (a == end) return distance == 0;
        if (a->steps == 0) return reaches(a + 1, end, distance);
        std::ptrdiff_t const n = distance / a->length(), toward = distance < 0 ? -1 : 1;
        return reaches(a + 1, end, distance - n * a->length()) ||
               (n * toward < a->steps && reaches(a + 1, end, distance - (n + toward) * a->length()));
    }

    std::uintptr_t begin_;
    axis axes_[most_axes] = {};
    std::size_t rank_ = 0;
    bool empty_ = false, known_ = true;
};

}  // namespace tenon::inline TENON_TARGET::eval
