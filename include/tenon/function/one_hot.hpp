// Classes as rows of zeros with a single one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tenon/expr/index.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// 1 where a position is that of the class, else 0. On the processor a class that is none of `Classes` is refused; a kernel
/// of a device cannot throw, and has a row of zeros for it.
template <std::size_t Classes>
struct one_hot : arithmetic {
    using no_slope = void;
    static constexpr char const* name = "one_hot";
    template <class V>
    TENON_LANE static V value(V label, V position) {
        if constexpr (host_code)
            if (auto const outside = (label < V(0)) | (label >= V(std::int64_t{Classes})); math::any_of(outside))
                for (std::size_t l = 0; l != V::lanes; ++l)
                    if (outside[l]) refuse(label[l]);
        return math::select(label == position, V(1), V(0));
    }

private:
    [[noreturn, gnu::noinline, gnu::cold]] static void refuse(std::int64_t label) {
        throw index_error("one_hot: class " + std::to_string(label) + " is not one of the " + std::to_string(Classes));
    }
};
}  // namespace op

/// y(…, c) = 1 where idx(…) = c, else 0, for the classes c from 0 to Classes − 1, as int64. It takes part in its consumer's loop:
/// no row is ever in memory. torch.nn.functional.one_hot.
/// @param idx elements of any integer type; @throws index_error when evaluated with another class (on a device that is a row
/// of zeros)
template <std::size_t Classes, expression I>
constexpr auto one_hot(I&& idx) {
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"one_hot", value_t<I>>{};
    else
        return make_map(op::one_hot<Classes>{}, cast<std::int64_t>(unsqueeze<-1>(std::forward<I>(idx))),
                        roll_positions<Classes>(Classes, 0));
}

}  // namespace tenon::inline TENON_TARGET
