// What evaluation does, as a value: the kernels in their order, what is fused into each, and the memory that they move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tenon/base/target.hpp>

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
    bool gradient = false;               ///< whether it is part of backward
    std::vector<planned_memory> reads, writes;
    std::size_t bytes_read = 0, bytes_written = 0;
    std::size_t operations = 0;       ///< an operator on an element is one, a multiplication with an addition two
    std::size_t workspace = 0;        ///< bytes of the workspace that are held until evaluation ends
    std::size_t scratch = 0;          ///< bytes of the workspace that are given back when the kernel ends
    std::size_t buffers = 0;          ///< blocks of the workspace that are held
    std::size_t scratch_buffers = 0;  ///< blocks of the workspace that are given back
    bool on_host = false;             ///< of a device's plan: the host computes it, and its operands are copied there
    std::size_t launches = 1;         ///< on a device: launches and calls of libraries
};

/// What evaluation of an expression does. On the processor, small buffers of static size live on the stack and are no part of
/// the workspace.
class execution_plan {
public:
    execution_plan() = default;
    TENON_ON_USE
    explicit execution_plan(std::vector<planned_kernel> k, bool on_device = false)
        : kernels_(std::move(k)), on_device_(on_device) {}

    TENON_ON_USE
    std::vector<planned_kernel> const& kernels() const { return kernels_; }
    TENON_ON_USE
    std::size_t kernel_count() const { return kernels_.size(); }
    TENON_ON_USE
    planned_kernel const& operator[](std::size_t k) const { return kernels_[k]; }
    TENON_ON_USE
    auto begin() const { return kernels_.begin(); }
    TENON_ON_USE
    auto end() const { return kernels_.end(); }

    /// Whether the kernels run on another device than the processor: each is a launch there, or the launches that it says.
    bool on_device() const { return on_device_; }
    TENON_ON_USE
    std::size_t launches() const { return total(&planned_kernel::launches); }
    /// Launches that are part of backward.
    TENON_ON_USE
    std::size_t gradient_launches() const {
        std::size_t n = 0;
        for (auto const& k : kernels_) n += k.gradient ? k.launches : 0;
        return n;
    }

    TENON_ON_USE
    std::size_t operations() const { return total(&planned_kernel::operations); }
    TENON_ON_USE
    std::size_t bytes_read() const { return total(&planned_kernel::bytes_read); }
    TENON_ON_USE
    std::size_t bytes_written() const { return total(&planned_kernel::bytes_written); }
    TENON_ON_USE
    std::size_t bytes() const { return bytes_read() + bytes_written(); }
    /// The most bytes of the workspace that are in use at once.
    TENON_ON_USE
    std::size_t workspace() const { return total(&planned_kernel::workspace) + greatest(&planned_kernel::scratch); }
    /// The most blocks of the workspace that are in use at once.
    TENON_ON_USE
    std::size_t buffer_count() const {
        return total(&planned_kernel::buffers) + greatest(&planned_kernel::scratch_buffers);
    }

private:
    TENON_ON_USE
    std::size_t total(std::size_t planned_kernel::* what) const {
        std::size_t n = 0;
        for (auto const& k : kernels_) n += k.*what;
        return n;
    }
    TENON_ON_USE
    std::size_t greatest(std::size_t planned_kernel::* what) const {
        std::size_t n = 0;
        for (auto const& k : kernels_) n = std::max(n, k.*what);
        return n;
    }
    std::vector<planned_kernel> kernels_;
    bool on_device_ = false;
};

}  // namespace tenon::inline TENON_TARGET
