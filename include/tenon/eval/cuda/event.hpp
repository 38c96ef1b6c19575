// Streams beside a thread's own, and the events that order what two streams do.
#pragma once

#include <tenon/eval/cuda/runtime.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// A place in what a stream was asked for. Waiting for one that was never recorded is no wait.
class event {
public:
    event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags"); }
    event(event const&) = delete;
    event& operator=(event const&) = delete;
    ~event() { static_cast<void>(cudaEventDestroy(event_)); }

    /// From here on the event is over when the stream has done what it was asked for until now.
    void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
    /// What a stream is asked for from here on comes after the event.
    void hold(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent"); }
    /// The host waits.
    void synchronize() const { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }

private:
    cudaEvent_t event_ = nullptr;
};

/// A stream beside the thread's own. At its end it has done what it was asked for.
class side_stream {
public:
    side_stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
    side_stream(side_stream const&) = delete;
    side_stream& operator=(side_stream const&) = delete;
    ~side_stream() {
        static_cast<void>(cudaStreamSynchronize(stream_));
        static_cast<void>(cudaStreamDestroy(stream_));
    }

    cudaStream_t get() const { return stream_; }
    void synchronize() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

private:
    cudaStream_t stream_ = nullptr;
};

}  // namespace tenon::inline TENON_TARGET::cuda
