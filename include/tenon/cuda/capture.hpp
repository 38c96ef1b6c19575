// A step that is recorded once and then replayed with one launch.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/eval/cuda/blas.hpp>
#include <tenon/eval/cuda/context.hpp>
#include <tenon/eval/cuda/random.hpp>
#include <tenon/eval/cuda/zeros.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// A recorded step; calling it does what was recorded, with the same memory. Tensors, models, optimisers and generators
/// that the step uses have to outlive it. Numbers that the host gave are those of the recording: a learning rate, for
/// example. Random numbers are new ones each time, those that the step would draw if it ran anew.
class graph {
public:
    graph(graph&& other) noexcept
        : memory_(std::move(other.memory_)),
          kept_(std::move(other.kept_)),
          generators_(std::move(other.generators_)),
          executable_(std::exchange(other.executable_, nullptr)) {}
    graph& operator=(graph&& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(kept_, other.kept_);
        std::swap(generators_, other.generators_);
        std::swap(executable_, other.executable_);
        return *this;
    }
    ~graph() {
        if (executable_) static_cast<void>(cudaGraphExecDestroy(executable_));
    }
    /// Runs the step after what the thread asked of the device before.
    void operator()() const {
        auto& here = context::local();
        if (!generators_->empty()) {
            here.refuse_capture("a captured step that draws random numbers");
            generators_->begin_replay();
        }
        check(cudaGraphLaunch(executable_, here.stream()), "cudaGraphLaunch");
    }

private:
    template <class F>
    friend graph capture(F&& f);
    graph(std::shared_ptr<pool> memory, std::vector<block> kept, std::shared_ptr<captured_generators> generators,
          cudaGraphExec_t executable)
        : memory_(std::move(memory)),
          kept_(std::move(kept)),
          generators_(std::move(generators)),
          executable_(executable) {}

    std::shared_ptr<pool> memory_;  // the step's temporaries
    std::vector<block> kept_;       // memory that was given back while the step was recorded
    std::shared_ptr<captured_generators> generators_;
    cudaGraphExec_t executable_;
};

/// Records what a function asks of the device, without doing it. What needs the host's part cannot be recorded: `item()`, copies
/// between the memories. @throws error where the function does such a thing, or the device refuses
template <class F>
graph capture(F&& f) {
    auto& here = context::local();
    here.refuse_capture("capture");
    detail::blas::local();
    here.synchronize();  // zeros that come before the step are written beside the stream
    auto memory = std::make_shared<pool>(here.stream(), true);
    cudaGraph_t recorded = nullptr;
    check(cudaStreamBeginCapture(here.stream(), cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
    here.begin_capture(memory);
    here.generators = std::make_shared<captured_generators>();
    try {
        std::forward<F>(f)();
        while (!here.pending_in_capture().empty()) here.pending_in_capture().back()->write();
        here.generators->record_end();
    } catch (...) {
        while (!here.pending_in_capture().empty()) here.pending_in_capture().back()->forget();
        here.end_capture();
        here.generators = nullptr;
        if (cudaStreamEndCapture(here.stream(), &recorded) == cudaSuccess && recorded)
            static_cast<void>(cudaGraphDestroy(recorded));
        static_cast<void>(cudaGetLastError());
        throw;
    }
    auto kept = here.end_capture();
    auto generators = std::exchange(here.generators, nullptr);
    check(cudaStreamEndCapture(here.stream(), &recorded), "cudaStreamEndCapture");
    cudaGraphExec_t executable = nullptr;
    auto const status = cudaGraphInstantiate(&executable, recorded, 0);
    static_cast<void>(cudaGraphDestroy(recorded));
    check(status, "cudaGraphInstantiate");
    return graph(std::move(memory), std::move(kept), std::move(generators), executable);
}

}  // namespace tenon::inline TENON_TARGET::cuda
