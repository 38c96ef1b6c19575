// Classes as rows of zeros with a single one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tenon/expr/index.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// 1 where a position is that of the class, else 0. On the processor a class that is none of `classes` is refused; a kernel
/// of a device cannot throw, and has a row of zeros for it.
struct one_hot : arithmetic {
    using no_slope = void;
    static constexpr char const* name = "one_hot";
    std::int64_t classes;
    template <class V>
    TENON_LANE V value(V label, V position) const {
        if constexpr (host_code)
            if (auto const outside = (label < V(0)) | (label >= V(classes)); math::any_of(outside))
                for (std::size_t l = 0; l != V::lanes; ++l)
                    if (outside[l]) refuse(label[l], classes);
        return math::select(label == position, V(1), V(0));
    }

private:
    [[noreturn, gnu::noinline, gnu::cold]] static void refuse(std::int64_t label, std::int64_t classes) {
        throw index_error(text_of({"one_hot: class ", label, " is not one of the ", classes}));
    }
};
}  // namespace op

/// y(…, c) = 1 where idx(…) = c, else 0, for the classes c from 0 to Classes − 1, as int64. It takes part in its consumer's loop:
/// no row is ever in memory. Without a number, or -1, there are as many as the largest class says, which is read at once.
/// torch.nn.functional.one_hot.
/// @param idx elements of any integer type; @throws index_error when evaluated with another class (on a device that is a row
/// of zeros), and at once where the number follows from classes that are all below 0; shape_error where it follows from no elements
template <std::ptrdiff_t Classes = -1, expression I>
constexpr auto one_hot(I&& idx) {
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"one_hot", value_t<I>>{};
    else {
        constexpr auto extent = static_cast<std::size_t>(Classes < 0 ? static_cast<std::ptrdiff_t>(dyn) : Classes);
        std::int64_t classes = Classes;
        if constexpr (Classes < 0) {
            if (idx.shape().size() == 0)
                throw shape_error(
                    text_of({"one_hot: ", to_string(idx.shape()), " has no elements to count classes by"}));
            classes = static_cast<std::int64_t>(max(cast<std::int64_t>(idx)).item()) + 1;
            if (classes < 1) throw index_error(text_of({"one_hot: class ", classes - 1, " is below 0"}));
        }
        return make_map(op::one_hot{{}, classes}, cast<std::int64_t>(unsqueeze<-1>(std::forward<I>(idx))),
                        roll_positions<extent>(static_cast<std::size_t>(classes), 0));
    }
}

}  // namespace tenon::inline TENON_TARGET
