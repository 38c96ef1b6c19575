// A training step of a small network as one launch of one block of threads.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/autograd/backward.hpp>
#include <tenon/cuda/optim.hpp>
#include <tenon/eval/cuda/block/program.hpp>
#include <tenon/eval/cuda/tensor.hpp>
#include <tenon/kernels/fused_step.hpp>
#include <tenon/optim/optimizer.hpp>

namespace tenon::inline TENON_TARGET::cuda {

namespace detail {
/// Why one block cannot run a loss: the type of a compile error, or void where it can.
template <class Node>
constexpr auto loss_misfit() {
    if constexpr (!std::is_same_v<device_of_t<Node>, device>)
        return std::type_identity<devices_differ<device_of_t<Node>, device>>{};
    else if constexpr (!std::is_void_v<typename eval::misfit<Node>::type>)
        return std::type_identity<typename eval::misfit<Node>::type>{};
    else if constexpr (static_size<shape_t<Node>> != 1)
        return std::type_identity<backward_needs_a_scalar<shape_t<Node>>>{};
    else {
        constexpr std::size_t bytes = eval::block_program<Node>::bytes, most = kernels::most_block_memory;
        if constexpr (bytes > most) return std::type_identity<one_block_has_not_enough_memory<bytes, most>>{};
        else return std::type_identity<void>{};
    }
}
template <class Error>
auto refuse(std::type_identity<Error>) {
    return Error{};
}
}  // namespace detail

/// A step that `fuse` made.
/// @tparam Optimizer an optimizer of tn::optim @tparam Node the loss
template <class Optimizer, class Node>
class fused_step {
public:
    using value_type = value_t<Node>;

    fused_step(Optimizer& optimizer, Node loss) : optimizer_(&optimizer), node_(std::move(loss)) {
        std::size_t parameters = 0;
        bool of_one_type = true;
        element_type type;
        nn::detail::for_each_group_of_parameters(optimizer.model(), [&](std::span<untyped_tensor const> group) {
            for (untyped_tensor const& p : group) {
                of_one_type = of_one_type && (parameters == 0 || type == p.type->element);
                type = p.type->element;
                ++parameters;
            }
        });
        if (parameters == 0 || parameters > kernels::most_parameters || !of_one_type)
            throw std::invalid_argument("fuse: one launch moves 1 to " + std::to_string(kernels::most_parameters) +
                                        " parameters of one element type, and the model has " +
                                        std::to_string(parameters) + (of_one_type ? "" : " of several"));
    }
    /// The step: gradients from zero, loss, backward and the optimiser's step, after what the thread asked of the
    /// device before.
    void operator()() {
        optimizer_->zero_grad();
        eval::kept_for_launch kept;
        program const all(node_, loss_.device_data(), kept);
        optimizer_->step_with(
            [&](auto const& rule, auto& state) { state.step_by(optimizer_->model(), rule, launch{&all}); });
    }
    /// The last step's loss, on the device.
    tensor<value_type> const& loss() const { return loss_; }

private:
    using program = eval::block_program<Node>;
    struct launch {
        program const* all;
        template <class T, std::size_t Used, class Rule>
        void operator()(kernels::parameter_list<Used> const& list, Rule const& rule, optim::step_counters* counters,
                        bool) const {
            cuda::launch("fused_step", &kernels::fused_step<T, Used, program, Rule, optim::step_counters>, dim3(1),
                         kernels::block_size, *all, list, rule, counters);
        }
    };

    Optimizer* optimizer_;
    Node node_;
    tensor<value_type> loss_;
};

/// A training step as one launch of one block, for small networks: calling the result does what
///
///     optimizer.zero_grad();
///     backward(f());
///     optimizer.step();
///
/// does, with all that is between in the block's shared memory. The step keeps f's computation, made once, and reads
/// the tensors that it names at each call; numbers in it stay, the optimiser's options are those of each call. Tensors,
/// model and optimiser have to outlive the step. Gradients, the optimiser's buffers and its counters are those of
/// `optimizer.step()`, so steps of both kinds may follow each other, and a step may be part of `capture`. Sums are
/// added up in one order.
///
/// A loss is made of tensors, variables, numbers, elementwise functions, products of two matrices, sums and means,
/// softmax and cross-entropy, layer_norm and its like, running sums and their like, embeddings, `index_select` and
/// `gather`, named nodes (of different types), transposes, `reshape`, `squeeze` and `unsqueeze`. Compile
/// errors: `one_block_cannot_run<Node>` names what else there is, `one_block_needs_static_extents<Shape>` an extent
/// that is open or 0, `one_block_has_not_enough_memory<Bytes, Most>` says what is too much; `backward_needs_a_scalar`;
/// `devices_differ` for a loss of the processor's. Named nodes keep neither `value()` nor `grad()`.
/// @param f a function that gives the loss
/// @throws std::invalid_argument for more than 64 parameters or parameters of two element types; the step throws it for
/// two named nodes of one type
template <class Optimizer, class F>
auto fuse(Optimizer& optimizer, F&& f) {
    using node = node_t<decltype(f())>;
    constexpr auto misfit = detail::loss_misfit<node>();
    if constexpr (!std::is_same_v<decltype(misfit), std::type_identity<void> const>) return detail::refuse(misfit);
    else return fused_step<Optimizer, node>(optimizer, as_node(f()));
}

}  // namespace tenon::inline TENON_TARGET::cuda
