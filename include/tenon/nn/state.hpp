// A model's parameters and buffers one after another, for code that is compiled once for all models.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/untyped_tensor.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::nn::detail {

/// Takes what a walk through a model comes to: puts it into memory, and calls a function each time that is full.
class state_sink {
public:
    using function = void (*)(state_sink& self, member_path const& last);

    state_sink(untyped_tensor* memory, std::size_t capacity, function full)
        : next_(memory), end_(memory + capacity), full_(full) {}
    void add(member_path const& path, untyped_tensor const& x) {
        *next_++ = x;
        if (next_ == end_) [[unlikely]]
            full_(*this, path);
    }
    untyped_tensor* next() const { return next_; }
    /// Where the next ones go.
    void go_on(untyped_tensor* memory, std::size_t capacity) { next_ = memory, end_ = memory + capacity; }

private:
    untyped_tensor* next_;
    untyped_tensor* end_;
    function full_;
};

/// Gives a sink the parameters of a model, in the order of declaration; its buffers too, among them, where `Buffers` says so.
template <bool Buffers, class M>
void list_state(M& m, member_path const& path, state_sink& to) {
    constexpr member_kind kind = kind_of<std::remove_const_t<M>>();
    if constexpr (!reachable<M>) refuse_hidden<M>();
    else if constexpr (kind == member_kind::parameter || (Buffers && kind == member_kind::buffer))
        to.add(path, untyped(m));
    else if constexpr (Buffers ? structure_t<M>::state : structure_t<M>::parameters)
        for_each_child(m, path, [&to](member_path const& at, auto& inner) {
            using S = structure_t<std::remove_reference_t<decltype(inner)>>;
            if constexpr (S::faulty || (Buffers ? S::state : S::parameters)) list_state<Buffers>(inner, at, to);
        });
}

/// A sink that calls f(span) for what it has taken.
template <class F>
class state_groups final : public state_sink {
public:
    explicit state_groups(F const& f) : state_sink(at_, capacity, &full), f_(f) {}
    void end() {
        if (next() != at_) full(*this, {});
    }

private:
    static constexpr std::size_t capacity = 16;
    static void full(state_sink& sink, member_path const&) {
        auto& self = static_cast<state_groups&>(sink);
        self.f_(std::span<untyped_tensor const>(self.at_, sink.next()));
        sink.go_on(self.at_, capacity);
    }
    F const& f_;
    untyped_tensor at_[capacity];
};

/// Calls f(span) for parts of a model's parameters, one after another, without asking for memory.
template <class Model, class F>
void for_each_group_of_parameters(Model& model, F const& f) {
    state_groups<F> groups(f);
    list_state<false>(model, {}, groups);
    groups.end();
}

/// Calls f(gradient, elements), with a pointer to the type, for each parameter of a group.
template <element_set Set, class F>
struct gradients_of_group {
    F const& f;
    void operator()(std::span<untyped_tensor const> group) const {
        for (untyped_tensor const& p : group)
            for_each_element_type<Set>([&]<class T>(std::type_identity<T>) {
                if (p.type->element == element_type_of<T>()) f(static_cast<T*>(p.written_gradient()), p.size);
            });
    }
};

/// Calls f(gradient, elements) for each parameter of a model on the processor, with a pointer to the gradient's first element.
/// @param f an object whose type says nothing of the model, so that its loops are compiled once for an element type
template <class Model, class F>
void for_each_gradient(Model& model, F const& f) {
    for_each_group_of_parameters(model, gradients_of_group<structure_t<Model>::elements, F>{f});
}

/// Plain values in memory of their own: the little of std::vector that every program with an optimiser needs, in the few functions
/// that this takes.
template <class T>
class plain_values {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    plain_values() = default;
    plain_values(plain_values&& other) noexcept : p_(other.p_), size_(other.size_) {
        other.p_ = nullptr;
        other.size_ = 0;
    }
    plain_values& operator=(plain_values&& other) noexcept {
        std::swap(p_, other.p_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~plain_values() { delete[] p_; }

    std::size_t size() const { return size_; }
    T* data() { return p_; }
    T const* data() const { return p_; }
    T& operator[](std::size_t i) { return p_[i]; }
    T const& operator[](std::size_t i) const { return p_[i]; }
    /// Those that are there stay, as far as there is room; others are uninitialised.
    void resize(std::size_t n) {
        T* const larger = new T[n];
        for (std::size_t i = 0; i != n && i != size_; ++i) larger[i] = p_[i];
        delete[] p_;
        p_ = larger;
        size_ = n;
    }

private:
    T* p_ = nullptr;
    std::size_t size_ = 0;
};

/// A list of a model's parameters that keeps its memory.
TENON_ON_USE
class parameter_list {
public:
    bool empty() const { return size_ == 0; }
    std::span<untyped_tensor const> all() const { return {memory_.data(), size_}; }
    template <class Model>
    void gather(Model& model) {
        if (memory_.size() == 0) memory_.resize(16);
        growing sink(*this);
        list_state<false>(model, {}, sink);
        size_ = static_cast<std::size_t>(sink.next() - memory_.data());
    }
    /// Looks where the elements of parameters lie that are themselves where they were.
    void look_again() {
        for (std::size_t i = 0; i != size_; ++i)
            if (untyped_tensor& p = memory_[i]; p.type->look_again) p.type->look_again(p);
    }

private:
    struct growing final : state_sink {
        parameter_list& list;
        explicit growing(parameter_list& l) : state_sink(l.memory_.data(), l.memory_.size(), &grow), list(l) {}
        static void grow(state_sink& sink, member_path const&) {
            auto& memory = static_cast<growing&>(sink).list.memory_;
            std::size_t const n = memory.size();
            memory.resize(2 * n);
            sink.go_on(memory.data() + n, n);
        }
    };
    plain_values<untyped_tensor> memory_;
    std::size_t size_ = 0;
};

/// A parameter or buffer with its name.
struct named_tensor {
    std::string name;
    untyped_tensor tensor;
};
TENON_ON_USE
class state_names final : public state_sink {
public:
    std::vector<named_tensor> all;
    state_names() : state_sink(&at_, 1, &name) {}

private:
    static void name(state_sink& sink, member_path const& path) {
        auto& self = static_cast<state_names&>(sink);
        self.all.push_back({path.text(), self.at_});
        sink.go_on(&self.at_, 1);
    }
    untyped_tensor at_;
};

/// All parameters of a model with their names; its buffers too, among them, where `Buffers` says so.
template <bool Buffers, class Model>
std::vector<named_tensor> named_state(Model& model) {
    state_names<> names;
    list_state<Buffers>(model, {}, names);
    return std::move(names.all);
}

}  // namespace tenon::inline TENON_TARGET::nn::detail
