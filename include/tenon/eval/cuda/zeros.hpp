// Zeros that are written when somebody needs them: what overwrites the memory first does without.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/eval/cuda/context.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// Whether memory counts as zero although that has not been written yet.
///
/// A captured step does the same each time it is replayed, so it may leave nothing to the host: zeros that were asked for
/// before it began are written before it, and those that it asks for and does not overwrite are written at its end.
class pending_zeros {
public:
    pending_zeros() = default;
    pending_zeros(pending_zeros const&) = delete;
    pending_zeros& operator=(pending_zeros const&) = delete;
    ~pending_zeros() { forget(); }

    /// The memory counts as zero from here on.
    void ask(void* p, std::size_t bytes) {
        auto& here = context::local();
        if (asked_ == when::now && here.capturing()) write_outside();
        p_ = p;
        bytes_ = bytes;
        if (asked_ == when::in_capture) return;
        asked_ = here.capturing() ? when::in_capture : when::now;
        if (asked_ == when::in_capture) here.pending_in_capture().push_back(this);
    }
    /// Asked before all of the memory is written: whether it is zero, so that nothing has to be added to it.
    bool take() {
        if (asked_ == when::now && context::local().capturing()) write_outside();
        bool const any = asked_ != when::never;
        forget();
        return any;
    }
    /// Writes the zeros if they are still to be written.
    void write() {
        if (take()) set_to_zero(p_, bytes_);
    }
    /// The memory counts as what is in it.
    void forget() {
        if (std::exchange(asked_, when::never) != when::in_capture) return;
        auto& all = context::local().pending_in_capture();
        std::erase(all, this);
    }

private:
    enum class when { never, now, in_capture };

    /// Writes the zeros while a step is recorded, but not as a part of it.
    void write_outside() {
        asked_ = when::never;
        if (bytes_ != 0)
            beside_capture("cudaMemsetAsync", [&](cudaStream_t s) { return cudaMemsetAsync(p_, 0, bytes_, s); });
    }

    when asked_ = when::never;
    void* p_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace tenon::inline TENON_TARGET::cuda
