// What evaluation does, as a value: the kernels in their order, what is fused into each, and the memory that they move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/reflect.hpp>
#include <tenon/eval/evaluate.hpp>

namespace tenon::inline TENON_TARGET {

/// Elements in memory that a kernel reads or writes.
struct planned_memory {
    std::string what;                 ///< tensor, variable, kernel (the result of one), result or gradient
    std::vector<std::size_t> shape;   ///< the extents
    std::size_t bytes = 0;            ///< as many as the kernel needs of it, each element counted once
    std::vector<std::size_t> from{};  ///< the kernels, counted from 0, that have to write before; none for tensors
};

/// One kernel: a loop, or a few over the same elements, between memory and memory.
struct planned_kernel {
    std::string kind;                    ///< elementwise, copy, gather, reduction, softmax, product, concat, …
    std::vector<std::string> operators;  ///< what is computed, in order: fused operators first, then the kernel's own
    bool gradient = false;               ///< whether it is part of the way back
    std::vector<planned_memory> reads, writes;
    std::size_t bytes_read = 0, bytes_written = 0;
    std::size_t operations = 0;       ///< an operator on an element is one, a multiplication with an addition two
    std::size_t workspace = 0;        ///< bytes of the workspace that are held until evaluation ends
    std::size_t scratch = 0;          ///< bytes of the workspace that are given back when the kernel ends
    std::size_t buffers = 0;          ///< blocks of the workspace that are held
    std::size_t scratch_buffers = 0;  ///< blocks of the workspace that are given back
};

/// What evaluation of an expression does. Small buffers of static size live on the stack and are no part of the
/// workspace.
class execution_plan {
public:
    execution_plan() = default;
    explicit execution_plan(std::vector<planned_kernel> k) : kernels_(std::move(k)) {}

    std::vector<planned_kernel> const& kernels() const { return kernels_; }
    std::size_t kernel_count() const { return kernels_.size(); }
    planned_kernel const& operator[](std::size_t k) const { return kernels_[k]; }
    auto begin() const { return kernels_.begin(); }
    auto end() const { return kernels_.end(); }

    std::size_t operations() const { return total(&planned_kernel::operations); }
    std::size_t bytes_read() const { return total(&planned_kernel::bytes_read); }
    std::size_t bytes_written() const { return total(&planned_kernel::bytes_written); }
    std::size_t bytes() const { return bytes_read() + bytes_written(); }
    /// The most bytes of the workspace that are in use at once.
    std::size_t workspace() const { return total(&planned_kernel::workspace) + greatest(&planned_kernel::scratch); }
    /// The most blocks of the workspace that are in use at once.
    std::size_t buffer_count() const {
        return total(&planned_kernel::buffers) + greatest(&planned_kernel::scratch_buffers);
    }

private:
    std::size_t total(std::size_t planned_kernel::* what) const {
        std::size_t n = 0;
        for (auto const& k : kernels_) n += k.*what;
        return n;
    }
    std::size_t greatest(std::size_t planned_kernel::* what) const {
        std::size_t n = 0;
        for (auto const& k : kernels_) n = std::max(n, k.*what);
        return n;
    }
    std::vector<planned_kernel> kernels_;
};

namespace eval {

/// What a tape says of its kernel. Without a kind it is a loop that puts a region into memory.
struct kernel_facts {
    char const* kind = "";
    char const* name = "";
    std::size_t operations = 0;           ///< of the kernel itself, without those of fused operators
    std::size_t gradient_operations = 0;  ///< the same on the way back
    bool gradient_for_each = false;       ///< the gradient of each operand that `takes` names is a kernel of its own
    bool in_order = false;                ///< a loop without kind only copies what lies in the same order already
};

/// Walks through a computation as its tapes do, and writes down what they would run. A tape's static `describe(node,
/// planner)` calls, in the order of its `forward()`, `streams` and `takes` for its operands, and then `fuses`, or `kernel`
/// around them. It is called up to three times for a node (for the way forward, for the kernel back, for what comes
/// before it on the way back), so it says the same each time.
/// A template, so that the compiler passes over it where no plan is asked for.
template <class Kernel>
class basic_planner {
public:
    /// As many elements as there are.
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

    /// The operand is read element by element in the loop of this node: what is computed for it is fused.
    /// @param repeated how many elements of the loop one element of the operand serves
    /// @param distinct the most elements of the operand that are needed
    /// @param by_rows whether it is asked to compute its rows when they are read
    template <class Tape, class Node>
    void streams(Node const& n, std::size_t repeated = 1, std::size_t distinct = all, bool by_rows = false) {
        if (phase_ == phase::finish) {
            if constexpr (Tape::differentiable) describe<Tape>(n);
            return;
        }
        auto const elements = frame_.elements, limit = frame_.distinct;
        frame_.elements = (elements + repeated - 1) / std::max<std::size_t>(repeated, 1);
        frame_.distinct = std::min(limit, distinct);
        bool const outer = std::exchange(by_rows_, by_rows && forwards_by_rows<Tape>);
        describe<Tape>(n);
        by_rows_ = outer;
        frame_.elements = elements;
        frame_.distinct = limit;
    }
    /// Whether the node that is being described computes its rows when they are read.
    bool by_rows() const { return by_rows_; }
    /// The operand is read from memory: its own, or a copy that a kernel of its own makes.
    /// @tparam Dense dense<Tape>
    template <class Dense, class Node>
    void takes(Node const& n, std::size_t distinct = all) {
        using tape = typename Dense::tape_type;
        ++frame_.operand;
        if constexpr (Dense::in_place) streams<tape>(n, 1, distinct);
        else {
            auto const limit = std::exchange(frame_.distinct, std::min(frame_.distinct, distinct));
            stores<tape>(n, &n);
            frame_.distinct = limit;
        }
    }
    /// The node's operator runs in the loop that reads the node.
    /// @param slopes how many operands get a gradient
    void fuses(char const* name, std::size_t slopes = 0, char const* kind = "elementwise") {
        if (phase_ == phase::finish) return;
        frame_.kind = frame_.operators.empty() || frame_.kind == kind ? kind : "elementwise";
        frame_.operators.emplace_back(name);
        frame_.operations += frame_.elements;
        frame_.gradient_operations += (1 + 2 * slopes) * frame_.elements;
    }
    /// A loop of its own, whose result stays in memory; `body` names the operands. What is shared has one address. Where rows
    /// are computed when they are read, the loop is its consumer's, and `Tape::kept_by_rows(node)` elements are in memory, or `all`.
    template <class Tape, class Node, class Body>
    void kernel(Node const& n, kernel_facts const& facts, Body const& body, void const* address = nullptr) {
        using T = typename Tape::value_type;
        constexpr std::size_t size = static_size<typename Tape::shape_type>;
        if constexpr (requires { Tape::kept_by_rows(n); })
            if (by_rows_ && Tape::kept_by_rows(n) != all) {
                auto const elements = std::exchange(frame_.elements, n.shape().size());
                body();
                frame_.elements = elements;
                frame_.kind = frame_.operators.empty() ? facts.kind : "elementwise";
                frame_.operators.emplace_back(facts.name);
                frame_.operations += facts.operations;
                return holds<buffer<T, size>>(Tape::kept_by_rows(n));
            }
        identity const id{address ? address : &n, &tag<Tape>};
        if (phase_ == phase::finish) {
            if constexpr (Tape::differentiable) {
                value& v = *find(id);
                if (++v.finished != v.consumers) return;
                auto const self = v;
                frame const outer = std::exchange(frame_, frame(self.elements));
                phase_ = phase::backward;
                body();
                ended_backward(facts, self);
                phase_ = phase::finish;
                body();
                frame_ = outer;
            }
            return;
        }
        if (value* const known = find(id)) {
            if (phase_ == phase::forward) ++known->consumers;
        } else {
            std::size_t const elements = n.shape().size();
            bool const elsewhere = std::exchange(writes_to_destination_, false);
            frame const outer = std::exchange(frame_, frame(elements));
            body();
            if (!elsewhere) holds<buffer<T, size>>(elements);
            holds<buffer<T, Tape::differentiable ? size : 0>>(elements);
            ended_forward(facts, {id, extents(n.shape()), elements, sizeof(T)});
            frame_ = outer;
        }
        value const& v = *find(id);
        read({id, "kernel", v.shape, v.elements, sizeof(T), v.kernel, Tape::differentiable});
    }
    /// The region of the node is put into memory.
    template <class Tape, class Node>
    void stores(Node const& n, void const* address) {
        kernel<stored<Tape>>(
            n, {.in_order = in_order<Tape>}, [&] { streams<Tape>(n, 1, all, !Tape::differentiable); }, address);
    }
    /// A tensor or variable.
    template <class Tape, class Node>
    void leaf(Node const& n, char const* what, void const* address) {
        if (phase_ != phase::finish)
            read({{address, nullptr},
                  what,
                  extents(n.shape()),
                  n.shape().size(),
                  sizeof(typename Tape::value_type),
                  none,
                  Tape::differentiable});
    }
    /// A buffer besides that of the result, held until evaluation ends.
    template <class Buffer>
    void holds(std::size_t elements) {
        add(frame_.held, bytes_of<Buffer>(elements));
    }
    /// A buffer that is given back when the kernel ends.
    template <class Buffer>
    void scratch(std::size_t elements) {
        add(frame_.scratch, bytes_of<Buffer>(elements));
    }
    /// The same on the way back.
    /// @param operand the operand whose gradient needs it
    template <class Buffer>
    void gradient_scratch(std::size_t elements, std::size_t operand = 0) {
        if (frame_.gradient_scratch.size() <= operand) frame_.gradient_scratch.resize(operand + 1);
        add(frame_.gradient_scratch[operand], bytes_of<Buffer>(elements));
    }

    /// The plan of `tensor = node`.
    template <class Node>
    execution_plan forward(Node const& n) {
        using tape = eval::tape<Node, false>;
        writes_to_destination_ = eval::writes_to<tape, value_t<Node>>;
        walk<tape>(n, !writes_to_destination_, !writes_to_destination_);
        return execution_plan(std::move(kernels_));
    }
    /// The plan of `backward(node)`.
    template <class Node>
    execution_plan backward(Node const& n) {
        using tape = eval::tape<Node, true>;
        walk<tape>(n, !tape::is_addressable, false);
        phase_ = phase::backward;
        frame_ = frame(1);
        streams<tape>(n);
        if constexpr (tape::differentiable) {
            if (!tape::is_addressable)
                ended_backward({}, {{}, extents(n.shape()), 1, sizeof(typename tape::value_type)});
            phase_ = phase::finish;
            streams<tape>(n);
        }
        return execution_plan(std::move(kernels_));
    }

private:
    bool by_rows_ = false;
    bool writes_to_destination_ = false;  ///< whether the kernel described next puts its result where it is wanted
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    enum class phase { forward, backward, finish };

    template <class>
    static constexpr char tag = 0;
    struct identity {
        void const* address;
        void const* type;
        bool operator==(identity const&) const = default;
    };
    /// A region in memory: what `dense`, `let` and assignments keep.
    template <class Tape>
    struct stored {
        using value_type = typename Tape::value_type;
        using shape_type = typename Tape::shape_type;
        static constexpr bool differentiable = Tape::differentiable;
    };
    template <class Tape>
    static constexpr bool in_order = [] {
        if constexpr (Tape::is_addressable) return Tape::is_contiguous;
        else return false;
    }();

    struct amount {
        std::size_t bytes = 0, buffers = 0;
    };
    /// Something in memory that the loop reads.
    struct source {
        identity id;
        char const* what;
        std::vector<std::size_t> shape;
        std::size_t elements, element_bytes, kernel;
        bool differentiable;
        std::size_t operand = 0;
        std::size_t bytes() const { return elements * element_bytes; }
    };
    /// What is known of the loop that is being described.
    struct frame {
        explicit frame(std::size_t n = 0) : elements(n) {}
        std::size_t elements, distinct = all, operand = 0;
        char const* kind = "copy";
        std::vector<std::string> operators{};
        std::vector<source> sources{};
        std::size_t operations = 0, gradient_operations = 0;
        amount held{}, scratch{};
        std::vector<amount> gradient_scratch{};
    };
    /// What a kernel has left in memory.
    struct value {
        identity id;
        std::vector<std::size_t> shape;
        std::size_t elements, element_bytes;
        std::size_t kernel = none, consumers = 1, finished = 0;
        bool passed_on = false;  ///< a copy of another kernel's result, made by that kernel
    };

    template <class Shape>
    static std::vector<std::size_t> extents(Shape const& s) {
        auto const e = s.extents();
        return std::vector<std::size_t>(e.begin(), e.end());
    }
    template <class Buffer>
    static std::size_t bytes_of(std::size_t elements) {
        using T = std::remove_pointer_t<decltype(std::declval<Buffer&>().data())>;
        return Buffer::is_inline ? 0 : elements * sizeof(T);
    }
    static void add(amount& a, std::size_t bytes) {
        a.bytes += bytes;
        a.buffers += bytes != 0;
    }
    value* find(identity const& id) {
        auto const v = std::find_if(values_.begin(), values_.end(), [&](value const& x) { return x.id == id; });
        return v == values_.end() ? nullptr : &*v;
    }
    void read(source s) {
        s.elements = std::min(s.elements, frame_.distinct);
        s.operand = frame_.operand;
        for (source& known : frame_.sources)
            if (known.id == s.id && known.operand == s.operand) {
                known.elements = std::max(known.elements, s.elements);
                known.differentiable = known.differentiable || s.differentiable;
                return;
            }
        frame_.sources.push_back(std::move(s));
    }

    template <class Tape, class Node>
    void walk(Node const& n, bool has_a_loop, bool by_rows) {
        frame_ = frame(n.shape().size());
        streams<Tape>(n, 1, all, by_rows);
        if (has_a_loop)
            ended_forward({.in_order = in_order<Tape>},
                          {{}, extents(n.shape()), n.shape().size(), sizeof(typename Tape::value_type)});
    }
    template <class Tape, class Node>
    void describe(Node const& n) {
        if constexpr (requires(basic_planner& p) { Tape::describe(n, p); }) Tape::describe(n, *this);
        else describe_members(static_cast<Tape*>(nullptr), n);
    }
    /// A tape that says nothing of itself: memory of its own is the result of a kernel that takes its operands from
    /// memory, anything else is part of its consumer's loop.
    template <class Node, bool Grad>
    void describe_members(tape<Node, Grad>*, Node const& n) {
        static constexpr auto name = plain_name<Node>();
        if constexpr (tape<Node, Grad>::is_addressable)
            kernel<tape<Node, Grad>>(
                n,
                {.kind = name.text,
                 .name = name.text,
                 .operations = n.shape().size(),
                 .gradient_operations = n.shape().size()},
                [&] { each_operand(n, [&](auto const& a) { takes<dense<operand_tape<decltype(a), Grad>>>(a); }); });
        else {
            each_operand(n, [&](auto const& a) { streams<operand_tape<decltype(a), Grad>>(a); });
            fuses(name.text, 1);
        }
    }
    template <class A, bool Grad>
    using operand_tape = tape<std::remove_cvref_t<A>, Grad && !std::is_integral_v<value_t<A>>>;

    struct short_text {
        char text[64] = {};
    };
    /// A node's class name without its ending: max_pool for max_pool_node<…>.
    template <class Node>
    static constexpr short_text plain_name() {
        std::string_view name = reflect::type_name<Node>();
        if (name.ends_with("_node")) name.remove_suffix(5);
        short_text t;
        for (std::size_t i = 0; i < std::min<std::size_t>(name.size(), 63); ++i) t.text[i] = name[i];
        return t;
    }
    /// Calls f for the members that nodes keep their operands in.
    template <class Node, class F>
    static void each_operand(Node const& n, F const& f) {
        auto const maybe = [&](auto const& a) {
            if constexpr (expression<decltype(a)>) f(a);
        };
        if constexpr (requires {
                          n.operands;
                          Node::operand_count;
                      })
            unroll<Node::operand_count>([&](auto i) { maybe(tenon::get<i>(n.operands)); });
        if constexpr (requires { n.operand; }) maybe(n.operand);
        if constexpr (requires { n.input; }) maybe(n.input);
        if constexpr (requires { n.a; }) maybe(n.a);
        if constexpr (requires { n.b; }) maybe(n.b);
        if constexpr (requires { n.weight; }) maybe(n.weight);
        if constexpr (requires { n.bias; }) maybe(n.bias);
    }

    static planned_memory memory(source const& s) {
        planned_memory m{s.what, s.shape, s.bytes()};
        if (s.kernel != none) m.from.push_back(s.kernel);
        return m;
    }
    Kernel begun(kernel_facts const& facts) const {
        Kernel k;
        k.kind = *facts.kind ? facts.kind : frame_.kind;
        k.operators = frame_.operators;
        if (*facts.name) k.operators.emplace_back(facts.name);
        return k;
    }
    void ended_forward(kernel_facts const& facts, value v) {
        // A result that a kernel has just computed, in the same order, is copied to where it is wanted. That is no kernel
        // of its own.
        if (!*facts.kind && facts.in_order && frame_.sources.size() == 1 && frame_.sources[0].kernel != none) {
            source const& s = frame_.sources[0];
            v.kernel = s.kernel;
            v.passed_on = true;
            Kernel& k = kernels_[s.kernel];
            copied(k, s.bytes());
            k.workspace += frame_.held.bytes;
            k.buffers += frame_.held.buffers;
        } else {
            Kernel k = begun(facts);
            for (source const& s : frame_.sources) {
                k.bytes_read += s.bytes();
                k.reads.push_back(memory(s));
            }
            k.bytes_written = v.elements * v.element_bytes;
            k.writes.push_back({"result", v.shape, k.bytes_written});
            k.operations = facts.operations + frame_.operations;
            k.workspace = frame_.held.bytes;
            k.buffers = frame_.held.buffers;
            k.scratch = frame_.scratch.bytes;
            k.scratch_buffers = frame_.scratch.buffers;
            v.kernel = kernels_.size();
            kernels_.push_back(std::move(k));
            gradients_from_.emplace_back();
        }
        values_.push_back(std::move(v));
    }
    static void copied(Kernel& k, std::size_t bytes) {
        k.bytes_read += bytes;
        k.bytes_written += bytes;
    }
    void ended_backward(kernel_facts const& facts, value const& v) {
        std::size_t const bytes = v.elements * v.element_bytes;
        if (v.passed_on) {
            if (!kernels_.empty()) copied(kernels_.back(), bytes);
            return;
        }
        if (!facts.gradient_for_each)
            return add_gradient(facts, v, all, frame_.gradient_scratch.empty() ? amount{} : frame_.gradient_scratch[0]);
        for (std::size_t o = 1; o <= frame_.operand; ++o)
            if (std::any_of(frame_.sources.begin(), frame_.sources.end(),
                            [o](source const& s) { return s.operand == o && s.differentiable; }))
                add_gradient(facts, v, o,
                             o <= frame_.gradient_scratch.size() ? frame_.gradient_scratch[o - 1] : amount{});
    }
    /// The kernel that sends the gradient of a value to one operand, or to all that is read.
    void add_gradient(kernel_facts const& facts, value const& v, std::size_t operand, amount const& scratch) {
        std::size_t const number = kernels_.size();
        Kernel k = begun(facts);
        std::reverse(k.operators.begin(), k.operators.end());
        k.gradient = true;
        if (v.kernel != none) {
            k.reads.push_back({"gradient", v.shape, v.elements * v.element_bytes, gradients_from_[v.kernel]});
            k.bytes_read = k.reads.back().bytes;
        }
        for (source const& s : frame_.sources) {
            if (operand == all || s.operand != operand) {
                k.reads.push_back(memory(s));
                k.bytes_read += s.bytes();
            }
            if (s.differentiable && (operand == all || s.operand == operand)) {
                k.writes.push_back({"gradient", s.shape, s.bytes()});
                copied(k, s.bytes());
                if (s.kernel != none) gradients_from_[s.kernel].push_back(number);
            }
        }
        k.operations = facts.gradient_operations + frame_.gradient_operations;
        k.scratch = scratch.bytes;
        k.scratch_buffers = scratch.buffers;
        kernels_.push_back(std::move(k));
        gradients_from_.emplace_back();
    }

    phase phase_ = phase::forward;
    frame frame_;
    std::vector<Kernel> kernels_;
    std::vector<std::vector<std::size_t>>
        gradients_from_;  ///< for each kernel, those that add to its result's gradient
    std::vector<value> values_;
};

using planner = basic_planner<planned_kernel>;

}  // namespace eval

/// backward() needs a computation with one element: only a scalar has a gradient without a seed.
template <class Shape>
struct backward_needs_a_scalar;

/// The plan of assigning an expression to a tensor, which is not evaluated: one kernel for each loop. An elementwise
/// region of any size is one kernel, and so is a reduction, softmax or loss with the elementwise region that it reads; where
/// the rows of such a result are too many for the L1 cache, the loop that reads them computes each when it comes to it. A
/// named node is evaluated once. A result that has memory of its own is copied to the tensor by its kernel.
template <expression A>
execution_plan plan(A const& e) {
    return eval::planner{}.forward(as_node(e));
}
/// The plan of `backward(loss)`: the way forward, with what it keeps, and the way back.
template <expression A>
auto plan_backward(A const& loss) {
    if constexpr (static_size<shape_t<A>> != 1) return backward_needs_a_scalar<shape_t<A>>{};
    else return eval::planner{}.backward(as_node(loss));
}

}  // namespace tenon::inline TENON_TARGET
