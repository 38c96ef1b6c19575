// Threads, what they wait for, and numbers that they share. The standard library's headers for them take a compiler a third of a
// second, which every program would pay for.
#pragma once

#include <system_error>
#include <utility>

#include <pthread.h>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// A number that several threads read and write; std::atomic. Without an order, `load` and `store` order nothing else.
template <class T>
class atomic {
public:
    constexpr explicit atomic(T v) : value_(v) {}
    atomic(atomic const&) = delete;
    atomic& operator=(atomic const&) = delete;
    T load(int order = __ATOMIC_RELAXED) const { return __atomic_load_n(&value_, order); }
    void store(T v, int order = __ATOMIC_RELAXED) { __atomic_store_n(&value_, v, order); }
    T exchange(T v, int order) { return __atomic_exchange_n(&value_, v, order); }
    T fetch_add(T v, int order) { return __atomic_fetch_add(&value_, v, order); }
    T fetch_sub(T v, int order) { return __atomic_fetch_sub(&value_, v, order); }
    T fetch_and(T v, int order) { return __atomic_fetch_and(&value_, v, order); }
    T fetch_or(T v, int order) { return __atomic_fetch_or(&value_, v, order); }
    /// Whether it was `expected`, and is v now; otherwise `expected` is what it is.
    bool replace(T& expected, T v, int order) {
        return __atomic_compare_exchange_n(&value_, &expected, v, true, order, __ATOMIC_RELAXED);
    }

private:
    T value_;
};

/// What one thread holds at a time; std::mutex.
class mutex {
public:
    mutex() = default;
    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;
    ~mutex() { ::pthread_mutex_destroy(&handle_); }
    void lock() { ::pthread_mutex_lock(&handle_); }
    void unlock() { ::pthread_mutex_unlock(&handle_); }

private:
    friend class condition_variable;
    ::pthread_mutex_t handle_ = PTHREAD_MUTEX_INITIALIZER;
};

/// Holds a mutex for as long as it exists; std::lock_guard.
class mutex_lock {
public:
    explicit mutex_lock(mutex& m) : mutex_(m) { m.lock(); }
    mutex_lock(mutex_lock const&) = delete;
    mutex_lock& operator=(mutex_lock const&) = delete;
    ~mutex_lock() { mutex_.unlock(); }

private:
    mutex& mutex_;
};

/// Where threads wait until another says that something has changed; std::condition_variable.
class condition_variable {
public:
    condition_variable() = default;
    condition_variable(condition_variable const&) = delete;
    condition_variable& operator=(condition_variable const&) = delete;
    ~condition_variable() { ::pthread_cond_destroy(&handle_); }
    /// Waits until `holds()`. @param held by the caller, and again when this returns; free while it waits
    template <class Condition>
    void wait(mutex& held, Condition const& holds) {
        while (!holds()) ::pthread_cond_wait(&handle_, &held.handle_);
    }
    void notify_one() { ::pthread_cond_signal(&handle_); }
    void notify_all() { ::pthread_cond_broadcast(&handle_); }

private:
    ::pthread_cond_t handle_ = PTHREAD_COND_INITIALIZER;
};

/// Whether the calling thread helps with somebody else's work, such as a piece of a loop or a loader's batch: loops that it begins are
/// for it alone.
constinit inline thread_local bool helps = false;
/// Makes the calling thread one that helps, for as long as this exists.
class helping {
public:
    helping() : before_(std::exchange(helps, true)) {}
    helping(helping const&) = delete;
    helping& operator=(helping const&) = delete;
    ~helping() { helps = before_; }

private:
    bool before_;
};

/// A thread that is waited for when its owner goes; std::jthread without a request to stop.
class thread {
public:
    /// Calls `f()` on a new thread; f may not throw. @throws std::system_error where there is none to be had
    template <class F>
    explicit thread(F f) {
        auto* const body = new F(std::move(f));
        auto const run = [](void* given) -> void* {
            auto* const own = static_cast<F*>(given);
            (*own)();
            delete own;
            return nullptr;
        };
        if (int const error = ::pthread_create(&handle_, nullptr, run, body); error != 0) {
            delete body;
            throw std::system_error(error, std::generic_category(), "pthread_create");
        }
        runs_ = true;
    }
    thread(thread&& other) noexcept : handle_(other.handle_), runs_(std::exchange(other.runs_, false)) {}
    thread& operator=(thread&&) = delete;
    ~thread() {
        if (runs_) ::pthread_join(handle_, nullptr);
    }

private:
    ::pthread_t handle_{};
    bool runs_ = false;
};

}  // namespace tenon::inline TENON_TARGET::detail
