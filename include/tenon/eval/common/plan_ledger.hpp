// What a plan's walk has seen: what is in memory, who reads and writes it, and the kernels that follow from that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/eval/common/execution_plan.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// What a tape says of its kernel. Without a kind it is a loop that puts a region into memory.
struct kernel_facts {
    char const* kind = "";
    char const* name = "";
    std::vector<char const*> after{};     ///< what the kernel does with its result before it is written
    std::size_t operations = 0;           ///< of the kernel itself, without those of fused operators
    std::size_t gradient_operations = 0;  ///< the same for backward
    bool gradient_for_each = false;       ///< the gradient of each operand that `takes` names is a kernel of its own
    bool merges_copy = false;             ///< a loop without kind wants nothing but the result of a kernel
    bool on_host = false;                 ///< whether the host computes what is wanted on a device
    std::size_t launches = 1;             ///< on a device
    std::vector<std::size_t> gradient_launches{};  ///< the same for backward, for each such kernel where not one
};

/// The accounts that a plan's walk keeps (eval/common/plan_walk.hpp).
/// @tparam MergedCopyRuns whether a kernel copies a result that is wanted elsewhere, and the gradient back
template <class Kernel, bool MergedCopyRuns>
class plan_ledger {
public:
    /// As many elements as there are.
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

protected:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    struct identity {
        void const* address;
        void const* type;
        bool operator==(identity const&) const = default;
    };
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
        bool added = false;
        std::size_t bytes() const { return elements * element_bytes; }
    };
    /// What is known of the loop that is being described.
    struct frame {
        explicit frame(std::size_t n = 0) : elements(n) {}
        std::size_t elements, distinct = all;
        std::size_t operand = 0, operands = 0;  ///< the number of the one that is being described, and of all
        bool in_operand = false, added = false;
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
        bool merged_copy = false;  ///< a copy of another kernel's result, made by that kernel
    };

    /// A node's values in memory.
    struct result {
        identity id;
        std::vector<std::size_t> shape;
        std::size_t element_bytes;
        bool is_inline;  ///< whether they lie in the tape, not in the workspace
        bool differentiable;

        std::size_t elements() const { return size_of(shape); }
        std::size_t buffer_bytes() const { return is_inline ? 0 : elements() * element_bytes; }
    };

    template <class Shape>
    static std::vector<std::size_t> extents(Shape const& s) {
        auto const e = s.extents();
        return listed(e.data(), e.size());
    }
    static std::vector<std::size_t> listed(std::size_t const* e, std::size_t rank) {
        return std::vector<std::size_t>(e, e + rank);
    }
    static std::size_t size_of(std::vector<std::size_t> const& extents) {
        std::size_t n = 1;
        for (std::size_t const e : extents) n *= e;
        return n;
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
        s.added = frame_.added;
        for (source& known : frame_.sources)
            if (known.id == s.id && known.operand == s.operand) {
                known.elements = std::max(known.elements, s.elements);
                known.differentiable = known.differentiable || s.differentiable;
                known.added = known.added && s.added;
                return;
            }
        frame_.sources.push_back(std::move(s));
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
        for (char const* const name : facts.after) k.operators.emplace_back(name);
        k.on_host = facts.on_host;
        k.launches = facts.launches;
        return k;
    }
    static void wrote(Kernel& k, value const& v) {
        std::size_t const bytes = v.elements * v.element_bytes;
        k.writes.push_back({"result", v.shape, bytes});
        k.bytes_written += bytes;
    }
    void ended_forward(kernel_facts const& facts, result const& r) {
        value v{r.id, r.shape, r.elements(), r.element_bytes};
        // A result that a kernel has just computed, in the same order, is copied to where it is wanted. That is no kernel
        // of its own.
        if (!*facts.kind && facts.merges_copy && frame_.sources.size() == 1 && frame_.sources[0].kernel != none) {
            source const& s = frame_.sources[0];
            v.kernel = s.kernel;
            v.merged_copy = true;
            Kernel& k = kernels_[s.kernel];
            if (MergedCopyRuns) copied(k, s.bytes());
            k.workspace += frame_.held.bytes;
            k.buffers += frame_.held.buffers;
        } else {
            Kernel k = begun(facts);
            for (source const& s : frame_.sources) {
                k.bytes_read += s.bytes();
                k.reads.push_back(memory(s));
            }
            wrote(k, v);
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
        if (v.merged_copy && MergedCopyRuns) {
            if (!kernels_.empty()) copied(kernels_.back(), v.elements * v.element_bytes);
            return;
        }
        if (!facts.gradient_for_each)
            return add_gradient(facts, v, all, frame_.gradient_scratch.empty() ? amount{} : frame_.gradient_scratch[0]);
        for (std::size_t o = 1; o <= frame_.operands; ++o)
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
        std::size_t const which = operand == all ? 0 : operand - 1;
        k.launches = which < facts.gradient_launches.size() ? facts.gradient_launches[which] : 1;
        if (v.kernel != none) {
            k.reads.push_back({"gradient", v.shape, v.elements * v.element_bytes, gradients_from_[v.kernel]});
            k.bytes_read = k.reads.back().bytes;
            if (v.merged_copy) gradients_from_[v.kernel].clear();  // the kernel's own gradient lies apart
        }
        // The gradient of what is added needs nothing but that of the sum.
        bool const sums =
            operand != all && std::none_of(frame_.sources.begin(), frame_.sources.end(), [&](auto const& s) {
                return s.operand == operand && s.differentiable && !s.added;
            });
        for (source const& s : frame_.sources) {
            if (operand == all || (s.operand != operand && !s.added && !sums)) {
                k.reads.push_back(memory(s));
                k.bytes_read += s.bytes();
            }
            if (s.differentiable && (operand == all || s.operand == operand)) {
                k.writes.push_back({"gradient", s.shape, s.bytes()});
                copied(k, s.bytes());
                if (s.kernel != none) gradients_from_[s.kernel].push_back(number);
            }
        }
        k.operations = (sums ? v.elements : facts.gradient_operations) + frame_.gradient_operations;
        k.scratch = scratch.bytes;
        k.scratch_buffers = scratch.buffers;
        kernels_.push_back(std::move(k));
        gradients_from_.emplace_back();
    }

    frame frame_;
    std::vector<Kernel> kernels_;
    std::vector<std::vector<std::size_t>>
        gradients_from_;  ///< for each kernel, those that add to its result's gradient
    std::vector<value> values_;
};

}  // namespace tenon::inline TENON_TARGET::eval
