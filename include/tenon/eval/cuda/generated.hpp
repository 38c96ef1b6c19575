// What is computed from positions, on the device: in registers, wherever it is read.
#pragma once

#include <cstdint>

#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/eval/cuda/random.hpp>
#include <tenon/expr/generated.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Reads what a rule gives.
template <class T, class Shape, class Rule>
struct generated_reader : reader_base<T> {
    static constexpr bool differentiable = false;
    Rule rule;
    Shape shape;
    TENON_HOST_DEVICE generated_reader(Rule r, Shape s) : rule(r), shape(s) {}

    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        constexpr std::size_t last = Shape::rank() == 0 ? 0 : Shape::rank() - 1;
        T values[N];
        if constexpr (Shape::rank() == 0) rule.fill(Index(0), Index(0), values);
        else {
            Index const length = extent_of<last, Index>(shape), row = i / length, column = i % length;
            if (N == 1 || column + N <= length) rule.fill(row, column, values);
            else
                for (std::size_t k = 0; k < N; ++k) {
                    T one[1];
                    auto const at = static_cast<Index>(i + k);
                    rule.fill(static_cast<Index>(at / length), static_cast<Index>(at % length), one);
                    values[k] = one[0];
                }
        }
        lane_registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k) r.value.at[k] = element::load_lanes<1>(values + k);
        return r;
    }
    TENON_INLINE __device__ void close() {}
};

/// Takes the random numbers of an evaluation, where a node's rule draws any.
template <class Node>
kernels::random_blocks random_blocks_of(Node const& n) {
    if constexpr (requires { n.gen; })
        if (auto const blocks = n.random_blocks(); blocks != 0) return cuda::take_random(*n.gen, blocks);
    return {};
}
template <class Node>
using rule_on_device = decltype(std::declval<Node const&>().rule(kernels::random_blocks{}));
template <class Node>
using generated_reader_of = generated_reader<value_t<Node>, shape_t<Node>, rule_on_device<Node>>;

template <generated Node, bool Grad>
struct device_tape<Node, Grad> {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = sizeof(value_type);

    explicit device_tape(Node const& n) : node_(&n) {}
    auto shape() const { return node_->shape(); }
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return generated_reader_of<Node>(node_->rule(blocks_), shape());
    }
    template <pass>
    void prepare(gradient_list&) const {}
    bool overlaps(void const*, void const*, bool) const { return false; }
    void forward() { blocks_ = random_blocks_of(*node_); }
    void finish() {}

private:
    Node const* node_;
    kernels::random_blocks blocks_{};
};

}  // namespace tenon::inline TENON_TARGET::eval
