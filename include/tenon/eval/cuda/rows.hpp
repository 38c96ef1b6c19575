// Row operations on the device: one tape for every rule. One launch forward, one back that goes on into the operand's region.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/kernels/rows.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Kept: the results and, where the rule wants that, a number of each vector.
template <class Rule, class Vectors, class A, bool Grad>
struct device_tape<row_node<Rule, Vectors, A>, Grad>
    : result_on_device<device_tape<row_node<Rule, Vectors, A>, Grad>, typename row_node<Rule, Vectors, A>::value_type,
                       shape_t<A>,
                       device_tape<A, Grad && differentiates<row_node<Rule, Vectors, A>, A>>::differentiable> {
    using node = row_node<Rule, Vectors, A>;
    using operand = device_tape<A, Grad && differentiates<node, A>>;
    using T = value_t<A>;
    using R = typename node::value_type;
    using Shape = shape_t<A>;
    using index = index_of<Shape>;
    using vectors = kernels::vectors<index, node::known.length, node::neighbours>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t width = Rule::scans ? 1 : width_along<operand, T, vectors>;

    explicit device_tape(node const& n) : rule_(n.rule), operand_(n.operand) {}
    auto shape() const { return operand_.shape(); }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        if constexpr (differentiable && Rule::keeps_number) kept_.reserve(node::divided(shape()).count);
        by_teams([&](auto team, dim3 blocks, vectors const& v, index count) {
            auto const r = operand_.template reader<width, pass::forward>(nullptr);
            cuda::launch(node::name,
                         &kernels::forward_rows<team, width, T, R, Rule, vectors, std::remove_const_t<decltype(r)>>,
                         blocks, kernels::block_size, r, rule_, this->device_data(), kept_.data(), v, count);
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::backward>(list);
            by_teams([&](auto team, dim3 blocks, vectors const& v, index count) {
                auto const r = operand_.template reader<width, pass::backward>(&list);
                cuda::launch(node::name,
                             &kernels::backward_rows<team, width, T, Rule, vectors, std::remove_const_t<decltype(r)>>,
                             blocks, kernels::block_size, r, rule_, static_cast<T const*>(this->device_data()),
                             static_cast<T const*>(this->device_gradient()), static_cast<T const*>(kept_.data()), v,
                             count);
            });
            operand_.finish();
        }
    }

    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (differentiable && Rule::keeps_number)
            p.template holds<decltype(kept_)>(node::divided(n.shape()).count);
    }

private:
    /// Calls f(team size, blocks, vectors, count) with the team that suits the vectors. For scans it is a thread for short ones
    /// or for many with a step, else a block.
    template <class F>
    void by_teams(F const& f) {
        if (shape().size() == 0) return;
        vector_division const d = node::divided(shape());
        vectors const v{static_cast<index>(d.length), static_cast<index>(d.step)};
        auto const use = [&](auto team, dim3 blocks) { f(team, blocks, v, static_cast<index>(d.count)); };
        if constexpr (!Rule::scans) with_team<width, T>(v, d.count, use);
        else {
            constexpr std::integral_constant<unsigned, 1> thread;
            constexpr std::integral_constant<unsigned, kernels::block_size> block;
            constexpr std::size_t known = vectors::known_length;
            if constexpr (!is_dynamic(known) && known <= kernels::longest_of_thread<T>)
                use(thread, blocks_for(d.count));
            else if (!vectors::neighbours && d.count >= vectors_for_threads) use(thread, blocks_for(d.count));
            else use(block, blocks_for(d.count * block));
        }
    }
    Rule rule_;
    operand operand_;
    cuda::buffer_where<T, differentiable && Rule::keeps_number> kept_;
};

}  // namespace tenon::inline TENON_TARGET::eval
