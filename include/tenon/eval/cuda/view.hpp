// Views on the device: strides where the operand lies in memory, a map of positions where it is computed.
#pragma once

#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cuda/map.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A view of something in memory: the same memory under other strides.
template <class View, class A, bool Grad>
    requires(device_tape<A, Grad>::is_addressable)
struct device_tape<view_node<View, A>, Grad> : view_tape<view_node<View, A>, device_tape<A, Grad>> {
    using base = view_tape<view_node<View, A>, device_tape<A, Grad>>;
    using base::base;
    using base::differentiable;
    using base::shape;
    using typename base::node;
    using typename base::operand;
    using typename base::shape_type;
    using typename base::value_type;
    static constexpr bool is_addressable = true;
    static constexpr bool accumulates = operand::accumulates;
    static constexpr bool covers = operand::covers && (node::rearranges || node::keeps_order);
    static constexpr bool is_aligned = false;
    static constexpr std::size_t widest = sizeof(value_type);
    static constexpr std::size_t rank = shape_type::rank();
    static constexpr bool is_contiguous = [] {
        if (operand::is_contiguous && node::keeps_order) return true;
        if (!operand::is_contiguous || !shape_type::is_static || !shape_t<A>::is_static) return false;
        auto const s = node::static_strides(row_major<shape_t<A>>);
        for (std::size_t a = 0; a != rank; ++a)
            if (s[a] != row_major<shape_type>[a]) return false;
        return true;
    }();

    auto strides() const { return this->node_->strides(operand_.strides()); }
    auto* device_data() const { return operand_.device_data() + offset(); }
    auto* device_gradient() { return operand_.device_gradient() + offset(); }
    auto const* gradient_address() { return operand_.gradient_address(); }
    bool overwrite_gradient() { return covers && operand_.overwrite_gradient(); }
    void clear_gradient() { operand_.clear_gradient(); }

    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        constexpr gradient_store store = store_of < device_tape,
                                 Pass == pass::backward && !covers ? pass::scatter : Pass > ;
        value_type* g = nullptr;
        auto how = gradient_addition::plain;
        if constexpr (store != gradient_store::none) {
            if (list->repeats(gradient_address())) how = gradient_addition::atomic;
            else if (store == gradient_store::add && overwrite_gradient()) how = gradient_addition::set;
            g = device_gradient();
        }
        if constexpr (is_contiguous) return memory_reader<value_type, store, false>(device_data(), g, how);
        else {
            strided_reader<value_type, store, shape_type> r{{}, device_data(), g, how, shape(), {}};
            auto const s = strides();
            for (std::size_t a = 0; a != rank; ++a) r.strides[a] = s[a];
            return r;
        }
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        operand_.template prepare<Pass == pass::backward && !covers ? pass::scatter : Pass>(list);
    }

private:
    std::ptrdiff_t offset() const { return this->node_->offset(operand_.strides()); }
    using base::operand_;
};

/// Where each axis of a view's operand moves.
template <class Node, class Operand>
struct view_map {
    Operand operand;
    std::ptrdiff_t start[Operand::rank() + 1];
    std::ptrdiff_t steps[Node::has_run_time_step ? Operand::rank() + 1 : 1];

    /// The operand's index from the positions along the view's axes.
    template <class Index, std::size_t R>
    TENON_INLINE __device__ Index index(Index const (&position)[R]) const {
        Index at = 0;
        unroll<Operand::rank()>([&](auto a) TENON_LAMBDA_INLINE {
            constexpr std::size_t from = Node::source[a];
            std::ptrdiff_t p = start[a];
            if constexpr (from != fixed_axis) {
                constexpr std::ptrdiff_t known = Node::step[a];
                std::ptrdiff_t const step = known == run_time_step ? steps[Node::has_run_time_step ? a : 0] : known;
                p += step * static_cast<std::ptrdiff_t>(position[from]);
            }
            at = at * extent_of<a, Index>(operand) + static_cast<Index>(p);
        });
        return at;
    }
};

/// A view of a computation: each element is computed at its mapped position.
template <class Child, class Shape, class Map>
struct view_reader : reader_base<typename Child::value_type> {
    static constexpr bool differentiable = Child::differentiable;
    Child child;
    Shape shape;
    Map map;

    TENON_HOST_DEVICE view_reader(Child c, Shape s, Map m) : child(c), shape(s), map(m) {}

    template <class V, class Inner, std::size_t N>
    struct registers {
        lanes<V, N> value;
        Inner inner[N];
    };
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        using inner = decltype(child.template load<1>(i));
        registers<std::remove_cvref_t<decltype(std::declval<inner>().value.at[0])>, inner, N> r;
        for (std::size_t k = 0; k < N; ++k) {
            r.inner[k] = child.template load<1>(mapped(static_cast<Index>(i + k)));
            r.value.at[k] = r.inner[k].value.at[0];
        }
        return r;
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const& r, lanes<V, N> const& g) {
        if constexpr (differentiable)
            for (std::size_t k = 0; k < N; ++k)
                child.template adjoint<1>(mapped(static_cast<Index>(i + k)), r.inner[k], lanes<V, 1>{{g.at[k]}});
    }
    TENON_INLINE __device__ void close() { child.close(); }

private:
    template <class Index>
    TENON_INLINE __device__ Index mapped(Index i) const {
        Index position[Shape::rank() + 1] = {};
        split_index<Shape::rank()>(shape, i,
                                   [&](auto axis, Index p, Index) TENON_LAMBDA_INLINE { position[axis] = p; });
        return map.index(position);
    }
};

/// Whether a view that keeps the order is one of values in memory whose gradient lies before a slope: like a reshaped
/// operand.
template <class View, class A, bool Grad>
concept stands_reshaped = keeps_slope<device_tape<A, Grad>> && view_node<View, A>::keeps_order;

template <class View, class A, bool Grad>
    requires(!device_tape<A, Grad>::is_addressable && !stands_reshaped<View, A, Grad>)
struct device_tape<view_node<View, A>, Grad> : view_tape<view_node<View, A>, device_tape<A, Grad>> {
    using base = view_tape<view_node<View, A>, device_tape<A, Grad>>;
    using base::base;
    using typename base::node;
    using typename base::operand;
    using typename base::shape_type;
    static constexpr bool is_addressable = false;
    static constexpr std::size_t widest = operand::widest;

    template <std::size_t, pass Pass>
    auto reader(gradient_list const* list) {
        auto const r = this->operand_.template reader < 1,
                   Pass == pass::forward ? pass::forward : pass::scatter > (list);
        view_map<node, shape_t<A>> map{this->operand_.shape(), {}, {}};
        auto const start = this->node_->start();
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) map.start[a] = start[a];
        if constexpr (node::has_run_time_step) {
            auto const steps = this->node_->steps();
            for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) map.steps[a] = steps[a];
        }
        return view_reader<std::remove_const_t<decltype(r)>, shape_type, view_map<node, shape_t<A>>>(r, this->shape(),
                                                                                                     map);
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        this->operand_.template prepare<pass::scatter>(list);
    }
};

/// Values that are an operand's in row-major memory: its own where that is row-major, otherwise a copy. They are all of it, or, where
/// the node has an `offset`, those from there on.
/// @tparam Operand the tape of the node's operand
template <class Node, class Operand, bool Grad>
struct reshaped_tape : in_device_memory<device_tape<Node, Grad>, value_t<Node>, shape_t<Node>, Operand::differentiable,
                                        dense_on_device<Operand, true>::accumulates> {
    using T = value_t<Node>;
    using operand = Operand;
    using packed = dense_on_device<operand, true>;
    static constexpr bool is_whole = !requires(Node const& n) { n.offset; };
    static constexpr bool covers = [] {
        if constexpr (packed::in_place) return is_whole && operand::covers;
        else return is_whole;
    }();
    static constexpr bool is_aligned = [] {
        if constexpr (packed::in_place) return is_whole && operand::is_aligned;
        else return is_whole;
    }();
    static constexpr bool is_result = is_whole && packed::in_place && writes_to<operand, T>;

    explicit reshaped_tape(Node const& n) : shape_(n.shape()), operand_(n.operand), dense_(operand_) {
        if constexpr (!is_whole) offset_ = n.offset;
    }
    reshaped_tape(reshaped_tape const&) = delete;
    auto shape() const { return shape_; }
    auto const* device_data() const { return dense_.data() + offset(); }
    auto* device_gradient() { return dense_.gradient() + offset(); }
    auto const* gradient_address() { return dense_.gradient_address(); }
    bool overwrite_gradient() { return is_whole && dense_.overwrite_gradient(); }
    void clear_gradient() { dense_.clear_gradient(); }

    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        return reshaped_tape::in_device_memory::template reader < W,
               Pass == pass::backward && !covers ? pass::scatter : Pass > (list);
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        if constexpr (reshaped_tape::differentiable) {
            if constexpr (Pass == pass::scatter || !covers) clear_gradient();
            list.add(gradient_address());
        }
    }
    bool overlaps(void const* begin, void const* end, bool) {
        return packed::in_place && operand_.overlaps(begin, end, false);
    }
    /// What a launch of the operand's makes goes to where the reshaped elements are wanted; see result_on_device.
    bool aliases(void const* begin, void const* end)
        requires is_result
    {
        return operand_.aliases(begin, end);
    }
    void write_to(T* p)
        requires is_result
    {
        operand_.write_to(p);
    }
    void root(T* value)
        requires(is_result && requires(operand& o) { o.root(value); })
    {
        operand_.root(value);
    }
    void forward() {
        operand_.forward();
        dense_.forward();
    }
    void finish() { dense_.finish(); }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template takes<packed>(n.operand);
    }

private:
    std::size_t offset() const {
        if constexpr (is_whole) return 0;
        else return offset_;
    }
    [[no_unique_address]] shape_t<Node> shape_;
    operand operand_;
    packed dense_;
    [[no_unique_address]] std::conditional_t<is_whole, tuple<>, std::size_t> offset_{};
};

template <class To, class A, bool Grad>
struct device_tape<reshape_node<To, A>, Grad> : reshaped_tape<reshape_node<To, A>, device_tape<A, Grad>, Grad> {
    using reshaped_tape<reshape_node<To, A>, device_tape<A, Grad>, Grad>::reshaped_tape;
};
template <class View, class A, bool Grad>
    requires stands_reshaped<View, A, Grad>
struct device_tape<view_node<View, A>, Grad> : reshaped_tape<view_node<View, A>, device_tape<A, Grad>, Grad> {
    using reshaped_tape<view_node<View, A>, device_tape<A, Grad>, Grad>::reshaped_tape;
};

}  // namespace tenon::inline TENON_TARGET::eval
