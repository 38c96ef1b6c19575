// Pooling: the greatest or the mean value of each window of a region.
#pragma once

#include <tenon/kernels/team.hpp>
#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// One thread for each window: its greatest value, the first of equal ones and the last NaN where there is one.
/// @param windows has their `count`; `windows.each(o, f)` calls f(number, index) for each element of window o that
/// there is: its number in the window and its index in the region
/// @param taken where the number of the element goes that was taken; null where nobody asks
template <class Least, class T, class Index, class Number, class Region, class Windows>
__global__ void __launch_bounds__(block_size)
    max_pool(__grid_constant__ const Region region, __grid_constant__ const Windows windows, T* to, Number* taken) {
    using V = element::lane_t<T, 1>;
    for (Index o = thread_number<Index>(); o < windows.count; o += thread_count<Index>()) {
        V best(Least::template identity<T>());
        Number place = Windows::elements;  // none
        windows.each(o, [&](Number number, Index i) {
            V const v = math::convert<T>(region.template load<1>(i).value.at[0]);
            if (place == Windows::elements || static_cast<bool>(v > best) || static_cast<bool>(v != v)) {
                best = v;
                place = number;
            }
        });
        element::store_lanes(to + o, best);
        if (taken) taken[o] = place;
    }
}

/// One thread or one warp for each window: the sum of its elements over its divisor.
/// @tparam Team 1 or a warp
/// @param windows has their `count`; `windows.rectangle(o)` is window o: its `first` element, `height` and `width`, the
/// `pitch` of its rows, and the `divisor`
template <unsigned Team, class T, class Index, class Region, class Windows>
__global__ void __launch_bounds__(block_size)
    mean_pool(__grid_constant__ const Region region, __grid_constant__ const Windows windows, T* to) {
    using V = element::lane_t<T, 1>;
    static_assert(Team == 1 || Team == warp_size);
    unsigned const lane = threadIdx.x % Team;
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < windows.count; o += teams) {
        auto const w = windows.rectangle(o);
        V total(0);
        auto const add = [&](Index i) { total = total + math::convert<T>(region.template load<1>(i).value.at[0]); };
        if constexpr (Team == 1) {
            for (Index y = 0; y < w.height; ++y)
                for (Index x = 0; x < w.width; ++x) add(w.first + y * w.pitch + x);
        } else {
            for (Index r = lane; r < w.height * w.width; r += Team) add(w.first + r / w.width * w.pitch + r % w.width);
            total = join_team<Team>(join_sum{}, total, static_cast<V*>(nullptr));
        }
        if (lane == 0) element::store_lanes(to + o, total / V(w.divisor));
    }
}

}  // namespace tenon::inline TENON_TARGET::kernels
