// argmax and argmin on the device: one launch.
#pragma once

#include <tenon/eval/cuda/reduce.hpp>
#include <tenon/expr/argmax.hpp>

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

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    auto shape() const { return shape_; }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        std::size_t const results = shape_.size(), all = operand_.shape().size();
        this->make_room();
        if (results == 0) return;
        map_type const map{operand_.shape(), static_cast<index>(results), static_cast<index>(all / results)};
        auto const r = operand_.template reader<1, pass::values>(nullptr);
        auto const start = [&](auto team) {
            cuda::launch(
                "arg_extreme", &kernels::arg_extreme<team, Least, index, std::remove_const_t<decltype(r)>, map_type>,
                blocks_for(results * team), kernels::block_size, r, map, this->device_data(), map.results, map.count);
        };
        if (map.count > 8 * kernels::warp_size) start(std::integral_constant<unsigned, kernels::block_size>{});
        else start(std::integral_constant<unsigned, kernels::warp_size>{});
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template kernel<device_tape>(
            n, {.kind = "reduction", .name = Least ? "argmin" : "argmax", .operations = n.operand.shape().size()},
            [&] { p.template streams<operand>(n.operand); });
    }

private:
    [[no_unique_address]] Shape shape_;
    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
