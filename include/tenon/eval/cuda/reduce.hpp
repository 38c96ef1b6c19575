// Reductions on the device: one launch that reads the operand's region, and one that sends the gradient back into it.
#pragma once

#include <algorithm>

#include <tenon/eval/cuda/reduction_map.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// 1 where an element equals its result, else 0.
template <class T, class Reader, class Map>
struct equals_result_reader : reader_base<T> {
    Reader reader;
    Map map;
    T const* results;
    TENON_HOST_DEVICE equals_result_reader(Reader r, Map m, T const* y) : reader(r), map(m), results(y) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        using V = lane_t<T, 1>;
        auto const read = reader.template load<N>(i).value;
        lane_registers<V, N> all;
        for (std::size_t k = 0; k != N; ++k) {
            V const x = math::convert<T>(read.at[k]),
                    y = element::load_lanes<1>(results + map.result(static_cast<Index>(i + k)));
            all.value.at[k] = math::select(x == y, V(1), V(0));
        }
        return all;
    }
};

/// 1 where an element is 0, else 0.
struct is_zero {
    template <class V>
    TENON_LANE static V of(V x) {
        return math::select(x == V(0), V(1), V(0));
    }
};
/// An element, but 1 where it is 0.
struct unless_zero {
    template <class V>
    TENON_LANE static V of(V x) {
        return math::select(x == V(0), V(1), x);
    }
};
/// What a rule makes of each element.
template <class Rule, class T, class Reader>
struct rule_reader : reader_base<T> {
    Reader reader;
    TENON_HOST_DEVICE explicit rule_reader(Reader r) : reader(r) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        using V = lane_t<T, 1>;
        auto const read = reader.template load<N>(i).value;
        lane_registers<V, N> all;
        for (std::size_t k = 0; k != N; ++k) all.value.at[k] = Rule::of(V(math::convert<T>(read.at[k])));
        return all;
    }
};

/// The gradient that an element gets from its result.
/// @param counts how many elements share each result, or are 0, where the operation asks for that
/// @param others the products of the elements that are not 0, where it asks for that
template <class Op, class T, class Map>
struct reduction_seed {
    Map map;
    T const* y;
    T const* g;
    T const* counts;
    T const* others;
    template <std::size_t N, class Index, class V>
    TENON_INLINE __device__ auto load(Index i, lanes<V, N> const& x) const {
        using lane = lane_t<T, 1>;
        lanes<lane, N> all;
        for (std::size_t k = 0; k < N; ++k) {
            auto const o = map.result(static_cast<Index>(i + k));
            lane one = element::load_lanes<1>(g + o);
            lane const value = element::load_lanes<1>(y + o), element = math::convert<T>(x.at[k]);
            if constexpr (requires { Op::counts_zeros; }) {
                one = Op::gradient_past_zeros(one, element::load_lanes<1>(counts + o),
                                              element::load_lanes<1>(others + o));
                all.at[k] = Op::slope_past_zeros(element, value, one);
            } else {
                if constexpr (requires { Op::splits_gradient; }) one = one / element::load_lanes<1>(counts + o);
                all.at[k] = Op::slope(element, value, one);
            }
        }
        return all;
    }
};

/// Joins a region's elements into results by the kernel that suits their arrangement.
/// @tparam W elements that the reader reads at a time
template <class Op, std::size_t W = 1, class T, class Reader, class Map>
void reduce_on_device(Reader const& reader, Map const& map, T* to) {
    using index = typename Map::index;
    if (map.results == 0) return;
    if constexpr (may_share<Map>)
        if (unsigned const parts = blocks_sharing<Map::columns>(map.results, map.count); parts != 1) {
            cuda::buffer<element::computed_t<T>> shares;
            shares.reserve(map.results * parts);
            index const groups =
                Map::columns ? (map.results + kernels::warp_size - 1) / kernels::warp_size : map.results;
            return cuda::launch("reduce_shared", &kernels::reduce_shared<Map::columns, W, Op, T, index, Reader, Map>,
                                dim3(static_cast<unsigned>(groups) * parts), kernels::block_size, reader, map, to,
                                shares.data(), cuda::context::local().ticket(), map.results, map.count, parts);
        }
    if constexpr (Map::columns)
        cuda::launch("reduce_columns", &kernels::reduce_columns<Op, T, index, Reader, Map>,
                     blocks_for(std::size_t{map.results} * kernels::column_rows), kernels::block_size, reader, map, to,
                     map.results, map.count);
    else
        with_team<W, T, Map::known_count, Map::last_axes>(map.count, map.results, [&](auto team, dim3 blocks) {
            cuda::launch("reduce_rows", &kernels::reduce_rows<team, W, Op, T, index, Reader, Map>, blocks,
                         kernels::block_size, reader, map, to, map.results, map.count);
        });
}

template <class Op, bool Keep, class A, std::size_t... Axes, bool Grad>
struct device_tape<reduce_node<Op, Keep, A, Axes...>, Grad>
    : result_on_device<device_tape<reduce_node<Op, Keep, A, Axes...>, Grad>,
                       typename reduce_node<Op, Keep, A, Axes...>::value_type,
                       typename reduce_node<Op, Keep, A, Axes...>::shape_type,
                       device_tape<A, Grad && propagates_gradient<reduce_node<Op, Keep, A, Axes...>>>::differentiable> {
    using node = reduce_node<Op, Keep, A, Axes...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using operand = device_tape<A, Grad && propagates_gradient<node>>;
    using map_type = reduction_map<tenon::detail::reduced_extents<false, shape_t<A>, Axes...>, shape_t<A>>;
    static constexpr bool differentiable = operand::differentiable;
    /// Whether the gradient needs a number of each result's elements, and whether that is how many are 0.
    static constexpr bool counts_zeros = requires { Op::counts_zeros; };
    static constexpr bool counts = counts_zeros || requires { Op::splits_gradient; };
    static constexpr std::size_t width = map_type::template width<operand, value_t<A>>;

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    auto shape() const { return shape_; }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        reduce_on_device<Op, width>(operand_.template reader<width, pass::forward>(nullptr), map(),
                                    this->device_data());
    }
    void finish() {
        if constexpr (differentiable) {
            using reader = decltype(operand_.template reader<width, pass::forward>(nullptr));
            if constexpr (requires { Op::splits_gradient; }) {
                counts_.reserve(shape_.size());
                reduce_on_device<op::sum, width>(
                    equals_result_reader<T, reader, map_type>(operand_.template reader<width, pass::forward>(nullptr),
                                                              map(), this->device_data()),
                    map(), counts_.data());
            }
            if constexpr (counts_zeros) {
                counts_.reserve(shape_.size());
                others_.reserve(shape_.size());
                reader const r = operand_.template reader<width, pass::forward>(nullptr);
                reduce_on_device<op::sum, width>(rule_reader<is_zero, T, reader>(r), map(), counts_.data());
                reduce_on_device<op::prod, width>(rule_reader<unless_zero, T, reader>(r), map(), others_.data());
            }
            backward_on_device(operand_,
                               reduction_seed<Op, T, map_type>{map(), this->device_data(), this->device_gradient(),
                                                               counts_.data(), others_.data()});
            operand_.finish();
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.operand.shape().size();
        auto facts = p.facts_of(n);
        facts.gradient_launches = {std::size_t{1} + counts + counts_zeros};
        p.template kernel<device_tape>(n, facts, [&] {
            p.template streams<operand>(n.operand);
            if (counts && differentiable) p.template holds<cuda::buffer<T>>(n.shape().size());
            if (counts_zeros && differentiable) p.template holds<cuda::buffer<T>>(n.shape().size());
            std::size_t const results = n.shape().size();
            p.template scratch<cuda::buffer<element::computed_t<T>>>(
                shares_of_blocks<map_type::columns>(results, elements / std::max<std::size_t>(results, 1)));
        });
    }

private:
    map_type map() const {
        using index = typename map_type::index;
        std::size_t const results = shape_.size(), all = operand_.shape().size();
        return {operand_.shape(), static_cast<index>(results), static_cast<index>(results == 0 ? 0 : all / results)};
    }

    [[no_unique_address]] Shape shape_;
    operand operand_;
    cuda::buffer_where<T, differentiable && counts> counts_;
    cuda::buffer_where<T, differentiable && counts_zeros> others_;
};

}  // namespace tenon::inline TENON_TARGET::eval
