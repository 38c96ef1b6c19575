// What a thread has on the device: a stream, memory, and room for what kernels share.
#pragma once

#include <cstring>
#include <type_traits>

#include <tenon/base/text.hpp>
#include <tenon/core/workspace.hpp>
#include <tenon/eval/cuda/event.hpp>
#include <tenon/eval/cuda/memory.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// How products of single-precision matrices are computed: in single precision, or with factors rounded to 10 bits on the
/// tensor cores.
enum class matmul_precision { highest, tf32 };

namespace detail {
struct blas;
}  // namespace detail

class pending_zeros;
class captured_generators;

/// A thread's place on the device. Everything that a thread does there runs in the order of its one stream; a tensor that two
/// threads use needs `synchronize()` between them.
class context {
public:
    context(context const&) = delete;
    context& operator=(context const&) = delete;
    ~context() { current_ = nullptr; }

    /// Not inline: each place would have the code that makes it.
    [[gnu::noinline]] static context& local() {
        thread_local context c;
        return c;
    }
    /// The thread's context where it has one: a tensor may outlive it.
    static context* existing() { return current_; }

    cudaStream_t stream() const { return stream_; }
    /// Where memory comes from now: the thread's pool, or that of the step that is being captured.
    std::shared_ptr<pool> const& memory() const { return captured_ ? captured_ : memory_; }
    unsigned multiprocessors() const { return multiprocessors_; }
    /// A counter at 0, for kernels whose last block finishes the work. They run one after another, so one is enough.
    unsigned* ticket() const { return static_cast<unsigned*>(ticket_.data()); }
    /// A 1 in the device's memory: the gradient of what `backward` starts from. It is not to be written.
    template <class T>
    T* one() const {
        static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
        return reinterpret_cast<T*>(static_cast<unsigned char*>(ones_.data()) + (sizeof(T) == 4 ? sizeof(double) : 0));
    }
    /// Room for one value on its way to the host.
    void* landing() { return landing_.data(); }

    /// Waits until the device has done what this thread asked of it. @throws error where that failed, or during a capture
    void synchronize(char const* what = "synchronize") {
        refuse_capture(what);
        check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    }
    /// Refuses what a captured step cannot contain.
    void refuse_capture(char const* what) const {
        if (captured_)
            throw error(text_of({what, ": a captured step cannot contain this: the host takes part in it"}));
    }

    bool capturing() const { return captured_ != nullptr; }
    /// Memory comes from another pool until `end_capture`; blocks of the thread's own that are given back meanwhile are kept,
    /// since the captured step may still use them.
    void begin_capture(std::shared_ptr<pool> from) { captured_ = std::move(from); }
    std::vector<block> end_capture() {
        captured_ = nullptr;
        return std::exchange(kept_, {});
    }
    /// What the step that is being captured has asked to be zero, and not written yet.
    std::vector<pending_zeros*>& pending_in_capture() { return pending_; }
    /// Whether a block that is given back has to wait for the end of a captured step.
    bool keeps(std::shared_ptr<pool> const& owner) const { return captured_ && owner != captured_; }
    void keep(block b) { kept_.push_back(std::move(b)); }

    matmul_precision precision = matmul_precision::highest;
    std::shared_ptr<detail::blas> products;           ///< made by the first product
    std::shared_ptr<captured_generators> generators;  ///< of the step that is being captured

private:
    context() : landing_(64) {
        current_ = this;
        int device = 0;
        check(cudaGetDevice(&device), "cudaGetDevice");
        int n = 0;
        check(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
        multiprocessors_ = static_cast<unsigned>(n);
        check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
        memory_ = std::make_shared<pool>(stream_);
        ticket_ = block(memory_, sizeof(unsigned));
        check(cudaMemsetAsync(ticket_.data(), 0, sizeof(unsigned), stream_), "cudaMemsetAsync");
        ones_ = block(memory_, sizeof(double) + sizeof(float));
        double const wide = 1;
        float const narrow = 1;
        std::memcpy(landing_.data(), &wide, sizeof wide);
        std::memcpy(landing_.data() + sizeof wide, &narrow, sizeof narrow);
        check(cudaMemcpyAsync(ones_.data(), landing_.data(), ones_.bytes(), cudaMemcpyHostToDevice, stream_),
              "cudaMemcpyAsync");
        check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    }

    inline static thread_local context* current_ = nullptr;
    cudaStream_t stream_ = nullptr;  // lives as long as the driver: tensors may outlive their thread
    unsigned multiprocessors_ = 1;
    std::shared_ptr<pool> memory_, captured_;
    std::vector<block> kept_;
    std::vector<pending_zeros*> pending_;
    block ticket_, ones_;
    host_buffer<unsigned char> landing_;
};

inline block::~block() {
    if (!p_) return;
    if (context* const here = context::existing(); here && here->keeps(pool_)) here->keep(std::move(*this));
    else pool_->deallocate(p_, bytes_);
}

/// Memory of a captured step for what is in it before a replay begins: no temporary of the step has been there before.
inline block own_memory(std::size_t bytes) {
    return block(std::make_shared<pool>(context::local().stream(), true), bytes);
}

/// Asks something of the device while a step is recorded, but not as a part of it, and waits for it.
/// @param f takes a stream
template <class F>
void beside_capture(char const* call, F const& f) {
    side_stream const other;
    check(f(other.get()), call);
    other.synchronize();
}

/// Waits until the device has done what the calling thread asked of it.
inline void synchronize() { context::local().synchronize(); }

/// How this thread's products of single-precision matrices are computed; torch.set_float32_matmul_precision.
inline void set_matmul_precision(matmul_precision p) { context::local().precision = p; }

/// Sets bytes on the device to 0.
// This and the copies below it are no templates, so that a program has them once and not for each kind of elements.
[[gnu::noinline]] inline void set_to_zero(void* p, std::size_t bytes) {
    if (bytes != 0) check(cudaMemsetAsync(p, 0, bytes, context::local().stream()), "cudaMemsetAsync");
}
namespace detail {
[[gnu::noinline]] inline void copy_on_device(void const* from, void* to, std::size_t bytes) {
    if (bytes != 0)
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, context::local().stream()), "cudaMemcpyAsync",
              [bytes] { return std::to_string(bytes) + " bytes on the device"; });
}
/// A copy between host and device, and the wait for it.
/// @param what what errors call it
[[gnu::noinline]] inline void copy_and_wait(void const* from, void* to, std::size_t bytes, cudaMemcpyKind kind,
                                            char const* what) {
    auto& here = context::local();
    here.refuse_capture(what);
    if (bytes == 0) return;
    check(cudaMemcpyAsync(to, from, bytes, kind, here.stream()), "cudaMemcpyAsync",
          [bytes, what] { return std::to_string(bytes) + " bytes in " + what; });
    here.synchronize();
}
}  // namespace detail

/// Elements on the device: as many as were asked for last. What was there before is lost when their number changes.
template <class T>
class buffer {
public:
    static constexpr bool is_inline = false;

    buffer() = default;
    buffer(buffer&& other) noexcept : block_(std::move(other.block_)), n_(std::exchange(other.n_, 0)) {}
    buffer& operator=(buffer&& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(n_, other.n_);
        return *this;
    }
    ~buffer() = default;

    [[gnu::noinline]] void reserve(std::size_t n) {
        if (n == n_ && block_.data()) return;
        std::size_t const bytes = tenon::detail::bytes_for<T>(n);
        block_ = block();
        n_ = 0;
        block_ = block(context::local().memory(), bytes);
        n_ = n;
    }
    /// As many zeros.
    [[gnu::noinline]] void fill_with_zeros(std::size_t n) {
        reserve(n);
        clear();
    }
    T* data() const { return static_cast<T*>(block_.data()); }
    std::size_t size() const { return n_; }
    /// Sets every byte to 0.
    void clear() { set_to_zero(data(), n_ * sizeof(T)); }

private:
    block block_;
    std::size_t n_ = 0;
};

/// What a tape that needs no buffer has in its place.
template <class T>
struct no_buffer {
    static constexpr T* data() { return nullptr; }
};
/// A buffer where one is needed.
template <class T, bool Needed>
using buffer_where = std::conditional_t<Needed, buffer<T>, no_buffer<T>>;

namespace detail {
// Not templates, so that a program has them once and not for each kernel.
inline cudaLaunchConfig_t launch_config(dim3 const& grid, dim3 const& threads) {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = threads;
    config.stream = context::local().stream();
    return config;
}
inline void check_launch(cudaError_t status, char const* kernel, cudaLaunchConfig_t const& config) {
    check(status, kernel, [&] {
        return std::to_string(config.gridDim.x) + "x" + std::to_string(config.gridDim.y) + " blocks of " +
               std::to_string(config.blockDim.x) + " threads";
    });
}
}  // namespace detail

/// Launches a kernel in the thread's stream.
template <class... P, class... A>
void launch(char const* name, void (*kernel)(P...), dim3 grid, dim3 threads, A const&... arguments) {
    auto const config = detail::launch_config(grid, threads);
    detail::check_launch(cudaLaunchKernelEx(&config, kernel, static_cast<P const&>(arguments)...), name, config);
}

/// Copies elements on the device.
template <class T>
void copy_elements(T const* from, T* to, std::size_t n) {
    detail::copy_on_device(from, to, n * sizeof(T));
}
/// Copies elements to the device. The host's memory may change as soon as this returns.
template <class T>
void upload(T const* from, T* to, std::size_t n) {
    detail::copy_and_wait(from, to, n * sizeof(T), cudaMemcpyHostToDevice, "a copy to the device");
}
/// Copies elements to the host, and waits for them.
template <class T>
void download(T const* from, T* to, std::size_t n) {
    detail::copy_and_wait(from, to, n * sizeof(T), cudaMemcpyDeviceToHost, "a copy to the host");
}

}  // namespace tenon::inline TENON_TARGET::cuda
