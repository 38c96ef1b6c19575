// argmax and argmin on the device: one launch.
#pragma once

#include <tenon/eval/cuda/reduction_map.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/expr/argmax.hpp>
#include <tenon/kernels/arg_extreme.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <bool Least, std::size_t Axis, bool Keep, class A, bool Grad>
struct device_tape<argmax_node<Least, Axis, Keep, A>, Grad>
    : result_on_device<device_tape<argmax_node<Least, Axis, Keep, A>, Grad>, std::int64_t,
                       typename argmax_node<Least, Axis, Keep, A>::shape_type, false> {
    using node = argmax_node<Least, Axis, Keep, A>;
    using Shape = typename node::shape_type;
    using operand = device_tape<A, false>;
    using map_type = reduction_map<tenon::detail::argmax_extents<Axis, false, shape_t<A>>, shape_t<A>>;
    using index = typename map_type::index;
    /// What elements are compared as.
    using T = std::conditional_t<std::is_same_v<value_t<A>, bool>, std::int8_t, element::computed_t<value_t<A>>>;
    using shares = cuda::buffer<kernels::candidate<element::pack<T, 1>>>;

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    auto shape() const { return shape_; }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        std::size_t const results = shape_.size(), all = operand_.shape().size();
        this->make_room();
        if (results == 0) return;
        map_type const map{operand_.shape(), static_cast<index>(results), static_cast<index>(all / results)};
        auto const r = operand_.template reader<1, pass::forward>(nullptr);
        using reader = std::remove_const_t<decltype(r)>;
        if constexpr (may_share<map_type, false>)
            if (unsigned const parts = blocks_sharing<false>(map.results, map.count); parts != 1) {
                shares found;
                found.reserve(map.results * parts);
                return cuda::launch(
                    "arg_extreme_shared", &kernels::arg_extreme_shared<Least, T, index, reader, map_type>,
                    dim3(static_cast<unsigned>(map.results) * parts), kernels::block_size, r, map, this->device_data(),
                    found.data(), cuda::context::local().ticket(), map.results, map.count, parts);
            }
        with_team<1, T, map_type::known_count, map_type::last_axes>(
            map.count, map.results, [&](auto team, dim3 blocks) {
                cuda::launch("arg_extreme", &kernels::arg_extreme<team, Least, T, index, reader, map_type>, blocks,
                             kernels::block_size, r, map, this->device_data(), map.results, map.count);
            });
    }
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        std::size_t const results = n.shape().size();
        p.template scratch<shares>(
            shares_of_blocks<false>(results, n.operand.shape().size() / std::max<std::size_t>(results, 1)));
    }

private:
    [[no_unique_address]] Shape shape_;
    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
