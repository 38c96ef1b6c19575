// Threads that help with loops: pieces of work that each takes as it comes free.
#pragma once

#include <algorithm>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <tenon/base/thread.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// How many processors the program may use.
inline std::size_t processor_count() {
#if defined(__linux__)
    if (::cpu_set_t own; ::sched_getaffinity(0, sizeof own, &own) == 0)
        return static_cast<std::size_t>(CPU_COUNT(&own));
#endif
    return static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

/// A loop over numbered pieces: how a range of them is run, and what one has thrown.
struct piece_loop {
    void (*run)(void const* context, std::size_t first, std::size_t last);
    void const* context;
    std::size_t pieces;
    std::fenv_t arithmetic{};  ///< how the thread that began it rounds, and whether it flushes small numbers to zero
    std::exception_ptr thrown{};
};

/// Threads that sleep until a loop has pieces for them. One loop at a time has helpers; the thread that began it works along, and
/// when no pieces are left it waits for those helpers alone that are inside one. Nobody spins for more than some microseconds.
///
/// Where other programs need the cores, a helper may lose its core in the middle of a piece, and the loop has to wait for it. The
/// time that is lost so is measured, and loops then go without helpers for twenty times as long: at most 5 % is lost, whatever
/// else the machine does.
///
/// There is one in a program, `helpers`, made before anything runs and never destroyed: its threads may sleep when the program ends.
class thread_pool {
public:
    constexpr thread_pool() = default;
    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;

    /// Runs a loop on at most so many threads, the calling one among them. What pieces throw is thrown when all that have begun
    /// have ended; others are left out then.
    [[gnu::noinline]] void run(piece_loop& loop, std::size_t threads) {
        // Other threads that are in loops use cores too.
        std::size_t const callers = callers_.fetch_add(1, __ATOMIC_RELAXED) + 1;
        bool const alone = threads <= callers || now() < alone_until_.load() || busy_.exchange(true, __ATOMIC_ACQUIRE);
        if (alone) run_range(loop, 0, loop.pieces);
        else {
            open(loop, std::min({threads - callers, loop.pieces - 1, most_helpers}));
            take_pieces(loop, 1);
            close();
            busy_.store(false, __ATOMIC_RELEASE);
        }
        callers_.fetch_sub(1, __ATOMIC_RELAXED);
        if (loop.thrown) std::rethrow_exception(std::move(loop.thrown));
    }

private:
    /// The parts of `state_`: how many helpers are inside the loop, whether its beginner sleeps until they have left, and how many
    /// more may come in.
    static constexpr std::uint64_t inside = 0xffff, sleeps = 1 << 16, seat = std::uint64_t{1} << 32;
    static constexpr std::size_t most_helpers = 0xffff;
    /// In `taken_`, pieces that helpers have taken, the last ones first; those of the beginner, from the first on, are counted below.
    /// With two threads each has neighbours.
    static constexpr std::uint64_t from_end = std::uint64_t{1} << 32;
    /// How often an idle helper looks for the next loop before it sleeps, and the beginner for the last helper to leave: 20 to 30 µs,
    /// which is what waking a thread takes.
    static constexpr int looks = 30, pauses = 500;

    static std::int64_t nanoseconds(::clockid_t clock) {
        ::timespec t{};
        ::clock_gettime(clock, &t);
        return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    }
    static std::int64_t now() { return nanoseconds(CLOCK_MONOTONIC); }

    /// Lets helpers in, and wakes as many as are missing.
    void open(piece_loop& loop, std::size_t helpers) {
        loop_ = &loop;
        std::fegetenv(&loop.arithmetic);
        taken_.store(0);
        longest_absence_.store(0);
        if (threads_ < helpers) add_threads(helpers);
        helpers = std::min(helpers, threads_);
        state_.store(helpers * seat, __ATOMIC_SEQ_CST);
        std::size_t awake = threads_ - asleep_.load(__ATOMIC_SEQ_CST);
        if (helpers <= awake) return;
        ::pthread_mutex_lock(&mutex_);
        for (; awake < helpers; ++awake) ::pthread_cond_signal(&opened_);
        ::pthread_mutex_unlock(&mutex_);
    }
    /// Lets no more helpers in, and waits for those that are inside.
    void close() {
        if ((state_.fetch_and(inside, __ATOMIC_ACQ_REL) & inside) == 0) return;
        std::int64_t const begin = now();
        for (int k = 0; k < pauses; ++k) {
            pause();
            if (state_.load(__ATOMIC_ACQUIRE) == 0) return;
        }
        if ((state_.fetch_or(sleeps, __ATOMIC_ACQ_REL) & inside) != 0) {
            ::pthread_mutex_lock(&mutex_);
            while ((state_.load(__ATOMIC_ACQUIRE) & inside) != 0) ::pthread_cond_wait(&left_, &mutex_);
            ::pthread_mutex_unlock(&mutex_);
        }
        std::int64_t const end = now(), lost = std::min(end - begin, longest_absence_.load());
        alone_until_.store(end + std::min<std::int64_t>(20 * lost, 1'000'000'000));
    }
    /// @param one what `taken_` counts a piece as: 1 from the first piece on, `from_end` from the last one on
    void take_pieces(piece_loop& loop, std::uint64_t one) {
        while (true) {
            std::uint64_t const taken = taken_.fetch_add(one, __ATOMIC_RELAXED), first = taken % from_end,
                                last = taken / from_end;
            if (first + last >= loop.pieces) return;
            std::size_t const k = one == 1 ? first : loop.pieces - 1 - last;
            if (!run_range(loop, k, k + 1)) taken_.fetch_add(loop.pieces, __ATOMIC_RELAXED);
        }
    }
    /// Whether nothing is thrown.
    bool run_range(piece_loop& loop, std::size_t first, std::size_t last) {
        helping const now_on;
        try {
            loop.run(loop.context, first, last);
            return true;
        } catch (...) {
            ::pthread_mutex_lock(&mutex_);
            loop.thrown = std::current_exception();
            ::pthread_mutex_unlock(&mutex_);
            return false;
        }
    }

    [[gnu::noinline, gnu::cold]] void add_threads(std::size_t wanted) {
        // In the child of a fork there are none of the threads.
        if (threads_ == 0 && !forks_.exchange(true, __ATOMIC_RELAXED))
            ::pthread_atfork(nullptr, nullptr, [] { renew(); });
        // Signals belong to the program's own threads.
        ::sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        for (::pthread_t handle; threads_ < wanted; ++threads_) {
            auto const body = [](void* pool) -> void* { static_cast<thread_pool*>(pool)->help(); };
            if (::pthread_create(&handle, nullptr, body, this) != 0) break;  // there will be fewer
            ::pthread_detach(handle);
        }
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    static void renew();

    [[noreturn, gnu::noinline, gnu::cold]] void help() {
        while (true) {
            for (int k = 0; !enter();)
                if (++k < looks) ::sched_yield();
                else sleep();
            std::int64_t const begin = now(), begin_at_work = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
            std::fesetenv(&loop_->arithmetic);
            take_pieces(*loop_, from_end);
            // How long it had no core: the beginner looks at that where it had to wait.
            std::int64_t const absent = now() - begin - (nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begin_at_work);
            if (absent > longest_absence_.load()) longest_absence_.store(absent);
            leave();
        }
    }
    bool enter() {
        std::uint64_t s = state_.load();
        while (s >= seat)
            if (state_.replace(s, s - seat + 1, __ATOMIC_ACQ_REL)) return true;
        return false;
    }
    void leave() {
        std::uint64_t const s = state_.fetch_sub(1, __ATOMIC_ACQ_REL) - 1;
        if ((s & inside) != 0 || (s & sleeps) == 0) return;
        ::pthread_mutex_lock(&mutex_);
        ::pthread_cond_signal(&left_);
        ::pthread_mutex_unlock(&mutex_);
    }
    void sleep() {
        ::pthread_mutex_lock(&mutex_);
        asleep_.fetch_add(1, __ATOMIC_SEQ_CST);
        while (state_.load(__ATOMIC_SEQ_CST) < seat) ::pthread_cond_wait(&opened_, &mutex_);
        asleep_.fetch_sub(1, __ATOMIC_RELAXED);
        ::pthread_mutex_unlock(&mutex_);
    }
    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    // What a loop's beginner sets, and helpers read between entering and leaving.
    piece_loop* loop_ = nullptr;
    std::size_t threads_ = 0;
    atomic<bool> busy_{false}, forks_{false};
    atomic<std::size_t> callers_{0};
    atomic<std::int64_t> alone_until_{0}, longest_absence_{0};
    // What several threads write while it goes on has cache lines of its own.
    alignas(64) atomic<std::uint64_t> taken_{0};
    alignas(64) atomic<std::uint64_t> state_{0};
    atomic<std::size_t> asleep_{0};
    ::pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    ::pthread_cond_t opened_ = PTHREAD_COND_INITIALIZER, left_ = PTHREAD_COND_INITIALIZER;
};
constinit inline thread_pool helpers;
/// Makes the pool one without threads.
inline void thread_pool::renew() {
    ::new (&helpers) thread_pool;
    helpers.forks_.store(true);
}

}  // namespace tenon::inline TENON_TARGET::detail
