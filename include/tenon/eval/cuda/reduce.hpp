// Reductions on the device: one launch that reads the operand's region, and one that sends the gradient back into it.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/kernels/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Which elements of an operand belong to which result.
/// @tparam Reduced has `reduces(axis)`
template <class Reduced, class Shape>
struct reduction_map {
    using index = index_of<Shape>;
    static constexpr std::size_t rank = Shape::rank();
    /// Whether the joined axes are the last ones, or the first ones.
    static constexpr bool last_axes = [] {
        for (std::size_t a = 0; a + 1 < rank; ++a)
            if (Reduced::reduces(a) && !Reduced::reduces(a + 1)) return false;
        return true;
    }();
    static constexpr bool first_axes = [] {
        for (std::size_t a = 0; a + 1 < rank; ++a)
            if (!Reduced::reduces(a) && Reduced::reduces(a + 1)) return false;
        return true;
    }();
    /// Whether a block joins neighbouring results, of which neighbouring threads read neighbouring elements.
    static constexpr bool columns = first_axes && !last_axes;
    /// Elements of each result, or dyn.
    static constexpr std::size_t known_count = [] {
        std::size_t n = 1;
        for (std::size_t a = 0; a != rank; ++a) {
            if (!Reduced::reduces(a)) continue;
            if (is_dynamic(Shape::static_extents[a])) return dyn;
            n *= Shape::static_extents[a];
        }
        return n;
    }();
    /// Elements of a region that a thread takes at a time. Where there is one result its elements start where memory does,
    /// and a last part of them may be less.
    template <class Tape, class T>
    static constexpr std::size_t width = [] {
        for (std::size_t a = 0; a != rank; ++a)
            if (!Reduced::reduces(a)) return last_axes ? width_within<Tape, T, known_count> : 1;
        return width_within<Tape, T, 0>;
    }();

    Shape shape;
    index results, count;

    /// The index of the r-th element of result o.
    TENON_INLINE __device__ index operator()(index o, index r) const {
        if constexpr (last_axes) return o * count + r;
        else if constexpr (first_axes) return r * results + o;
        else {
            index at = 0, stride = 1;
            walk<rank>([&](auto axis, index extent) TENON_LAMBDA_INLINE {
                index& from = Reduced::reduces(axis) ? r : o;
                at += from % extent * stride;
                from /= extent;
                stride *= extent;
            });
            return at;
        }
    }
    /// The result that an element belongs to.
    TENON_INLINE __device__ index result(index i) const {
        if constexpr (last_axes && first_axes) return Reduced::reduces(0) ? 0 : i;
        else if constexpr (last_axes) return i / count;
        else if constexpr (first_axes) return i % results;
        else {
            index o = 0, stride = 1;
            split_index<rank>(shape, i, [&](auto axis, index position, index extent) TENON_LAMBDA_INLINE {
                if constexpr (!Reduced::reduces(axis)) {
                    o += position * stride;
                    stride *= extent;
                }
            });
            return o;
        }
    }

private:
    template <std::size_t Axes, class F>
    TENON_INLINE __device__ void walk(F const& f) const {
        if constexpr (Axes != 0) {
            f(std::integral_constant<std::size_t, Axes - 1>{}, extent_of<Axes - 1, index>(shape));
            walk<Axes - 1>(f);
        }
    }
};

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
/// @param counts how many elements share each result, or are 0, or null
/// @param others the products of the elements that are not 0, or null
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
                if (counts) one = one / element::load_lanes<1>(counts + o);
                all.at[k] = Op::slope(element, value, one);
            }
        }
        return all;
    }
};

/// Elements of a result of which a block joins a part of its own at least, four for each thread.
/// @tparam Columns whether it joins 32 neighbouring results
template <bool Columns>
inline constexpr std::size_t smallest_part = 4 * (Columns ? kernels::column_rows : kernels::block_size);
/// Whether a result can have enough elements for several blocks.
template <class Map, bool Columns = Map::columns>
inline constexpr bool may_share = is_dynamic(Map::known_count) || Map::known_count >= 4 * smallest_part<Columns>;

/// The blocks that share the elements of a result, or of 32 neighbouring ones; 1 where the results occupy the device.
template <bool Columns>
unsigned blocks_sharing(std::size_t results, std::size_t count) {
    if (results == 0 || count < 4 * smallest_part<Columns>) return 1;
    std::size_t const multiprocessors = cuda::context::local().multiprocessors(),
                      groups = Columns ? (results + kernels::warp_size - 1) / kernels::warp_size : results;
    if (groups > 2 * multiprocessors) return 1;
    return static_cast<unsigned>(std::min(8 * multiprocessors / groups, count / smallest_part<Columns>));
}
/// The values that these blocks leave for the last of them.
template <bool Columns>
std::size_t shares_of_blocks(std::size_t results, std::size_t count) {
    std::size_t const parts = blocks_sharing<Columns>(results, count);
    return parts == 1 ? 0 : parts * results;
}

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
                       device_tape<A, Grad && reduction_passes<Op, A>>::differentiable> {
    using node = reduce_node<Op, Keep, A, Axes...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using operand = device_tape<A, Grad && reduction_passes<Op, A>>;
    using map_type = reduction_map<tenon::detail::reduced_extents<false, shape_t<A>, Axes...>, shape_t<A>>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t width = map_type::template width<operand, value_t<A>>;

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    auto shape() const { return shape_; }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        reduce_on_device<Op, width>(operand_.template reader<width, pass::values>(nullptr), map(), this->device_data());
    }
    void finish() {
        if constexpr (differentiable) {
            using reader = decltype(operand_.template reader<width, pass::values>(nullptr));
            if constexpr (requires { Op::shares; }) {
                counts_.reserve(shape_.size());
                reduce_on_device<op::sum, width>(
                    equals_result_reader<T, reader, map_type>(operand_.template reader<width, pass::values>(nullptr),
                                                              map(), this->device_data()),
                    map(), counts_.data());
            }
            if constexpr (requires { Op::counts_zeros; }) {
                counts_.reserve(shape_.size());
                others_.reserve(shape_.size());
                reader const r = operand_.template reader<width, pass::values>(nullptr);
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
        constexpr bool zeros = requires { Op::counts_zeros; }, counts = zeros || requires { Op::shares; };
        p.template kernel<device_tape>(
            n,
            {.kind = "reduction",
             .name = Op::name,
             .operations = elements,
             .gradient_operations = elements,
             .gradient_launches = {std::size_t{1} + counts + zeros}},
            [&] {
                p.template streams<operand>(n.operand);
                if (counts && differentiable) p.template holds<decltype(counts_)>(n.shape().size());
                if (zeros && differentiable) p.template holds<decltype(others_)>(n.shape().size());
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
    cuda::buffer<T> counts_, others_;
};

}  // namespace tenon::inline TENON_TARGET::eval
