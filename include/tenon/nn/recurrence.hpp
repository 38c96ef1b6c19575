// A recurrent layer over a whole sequence, and its backpropagation through time: what nn::lstm, nn::gru and nn::rnn are made of.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <tenon/eval/cpu/array.hpp>
#include <tenon/eval/cpu/gemm.hpp>
#include <tenon/expr/array.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::nn::detail {

/// Calls f(lanes, position) for a row, with as many lanes as a register has and then with one.
template <class T, class F>
TENON_INLINE void each_pack(std::size_t n, F const& f) {
    constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);
    std::size_t j = 0;
    for (; j + lanes <= n; j += lanes) f(std::integral_constant<std::size_t, lanes>{}, j);
    for (; j < n; ++j) f(std::integral_constant<std::size_t, 1>{}, j);
}

/// One row of one step. `x` are the input's parts of the gates, `s` the state's, one after another; `before` and `cell_before` the states
/// that the step begins with; `kept` is what backward needs.
template <class T>
struct recurrent_row {
    std::size_t hidden;
    T const *x, *s, *before, *cell_before;
    T *h, *cell, *kept;
};
/// The same in backward: gradients of the new states, which become those of the old ones as far as they don't go through the gates.
template <class T>
struct recurrent_gradient_row {
    std::size_t hidden;
    T const *before, *cell_before, *h, *cell, *kept;
    T *dh, *dcell, *dx, *ds;
};

struct lstm_step {
    static constexpr std::size_t gates = 4, kept = 4;
    static constexpr bool has_cell = true, same_gradients = true;
    static constexpr char const* name = "lstm";
    template <class T>
    static void forward(recurrent_row<T> const& r) {
        std::size_t const n = r.hidden;
        each_pack<T>(n, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const load = [&](T const* p) TENON_LAMBDA_INLINE { return element::load_lanes<lanes()>(p + j); };
            auto const gate = [&](std::size_t q) TENON_LAMBDA_INLINE { return load(r.x + q * n) + load(r.s + q * n); };
            auto const in = math::sigmoid(gate(0)), forget = math::sigmoid(gate(1)), fresh = math::tanh(gate(2)),
                       out = math::sigmoid(gate(3));
            auto const c = forget * load(r.cell_before) + in * fresh;
            element::store_lanes(r.kept + j, in);
            element::store_lanes(r.kept + n + j, forget);
            element::store_lanes(r.kept + 2 * n + j, fresh);
            element::store_lanes(r.kept + 3 * n + j, out);
            element::store_lanes(r.cell + j, c);
            element::store_lanes(r.h + j, out * math::tanh(c));
        });
    }
    template <class T>
    static void backward(recurrent_gradient_row<T> const& r) {
        std::size_t const n = r.hidden;
        each_pack<T>(n, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const load = [&](T const* p) TENON_LAMBDA_INLINE { return element::load_lanes<lanes()>(p + j); };
            auto const in = load(r.kept), forget = load(r.kept + n), fresh = load(r.kept + 2 * n),
                       out = load(r.kept + 3 * n);
            auto const squashed = math::tanh(load(r.cell)), dh = load(r.dh);
            auto const dc = load(r.dcell) + dh * out * (1 - squashed * squashed);
            element::store_lanes(r.dx + j, dc * fresh * in * (1 - in));
            element::store_lanes(r.dx + n + j, dc * load(r.cell_before) * forget * (1 - forget));
            element::store_lanes(r.dx + 2 * n + j, dc * in * (1 - fresh * fresh));
            element::store_lanes(r.dx + 3 * n + j, dh * squashed * out * (1 - out));
            element::store_lanes(r.dcell + j, dc * forget);
            element::store_lanes(r.dh + j, dh * 0);
        });
    }
};
struct gru_step {
    static constexpr std::size_t gates = 3, kept = 4;
    static constexpr bool has_cell = false, same_gradients = false;
    static constexpr char const* name = "gru";
    template <class T>
    static void forward(recurrent_row<T> const& r) {
        std::size_t const n = r.hidden;
        each_pack<T>(n, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const load = [&](T const* p) TENON_LAMBDA_INLINE { return element::load_lanes<lanes()>(p + j); };
            auto const reset = math::sigmoid(load(r.x) + load(r.s)),
                       update = math::sigmoid(load(r.x + n) + load(r.s + n));
            auto const of_state = load(r.s + 2 * n), fresh = math::tanh(load(r.x + 2 * n) + reset * of_state);
            element::store_lanes(r.kept + j, reset);
            element::store_lanes(r.kept + n + j, update);
            element::store_lanes(r.kept + 2 * n + j, fresh);
            element::store_lanes(r.kept + 3 * n + j, of_state);
            element::store_lanes(r.h + j, fresh + update * (load(r.before) - fresh));
        });
    }
    template <class T>
    static void backward(recurrent_gradient_row<T> const& r) {
        std::size_t const n = r.hidden;
        each_pack<T>(n, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const load = [&](T const* p) TENON_LAMBDA_INLINE { return element::load_lanes<lanes()>(p + j); };
            auto const reset = load(r.kept), update = load(r.kept + n), fresh = load(r.kept + 2 * n),
                       of_state = load(r.kept + 3 * n), dh = load(r.dh);
            auto const du = dh * (load(r.before) - fresh) * update * (1 - update);
            auto const df = dh * (1 - update) * (1 - fresh * fresh), dr = df * of_state * reset * (1 - reset);
            element::store_lanes(r.dx + j, dr);
            element::store_lanes(r.dx + n + j, du);
            element::store_lanes(r.dx + 2 * n + j, df);
            element::store_lanes(r.ds + j, dr);
            element::store_lanes(r.ds + n + j, du);
            element::store_lanes(r.ds + 2 * n + j, df * reset);
            element::store_lanes(r.dh + j, dh * update);
        });
    }
};
/// @tparam Relu whether the state is relu instead of tanh of the sums
template <bool Relu>
struct rnn_step {
    static constexpr std::size_t gates = 1, kept = 0;
    static constexpr bool has_cell = false, same_gradients = true;
    static constexpr char const* name = "rnn";
    template <class T>
    static void forward(recurrent_row<T> const& r) {
        each_pack<T>(r.hidden, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const sum = element::load_lanes<lanes()>(r.x + j) + element::load_lanes<lanes()>(r.s + j);
            using V = std::remove_const_t<decltype(sum)>;
            if constexpr (Relu) element::store_lanes(r.h + j, math::maximum(sum, V(T(0))));
            else element::store_lanes(r.h + j, math::tanh(sum));
        });
    }
    template <class T>
    static void backward(recurrent_gradient_row<T> const& r) {
        each_pack<T>(r.hidden, [&](auto lanes, std::size_t j) TENON_LAMBDA_INLINE {
            auto const h = element::load_lanes<lanes()>(r.h + j), dh = element::load_lanes<lanes()>(r.dh + j);
            using V = std::remove_const_t<decltype(h)>;
            if constexpr (Relu) element::store_lanes(r.dx + j, math::select(h > V(T(0)), dh, V(T(0))));
            else element::store_lanes(r.dx + j, dh * (1 - h * h));
            element::store_lanes(r.dh + j, dh * 0);
        });
    }
};

/// The extents of a sequence [steps, batch, …], which may be read from its end.
struct recurrent_extents {
    std::size_t steps, batch, hidden;
    bool backwards;
    std::size_t at(std::size_t k) const { return backwards ? steps - 1 - k : k; }
    std::size_t state() const { return batch * hidden; }
    std::size_t states() const { return steps * state(); }
};
/// What a recurrent layer leaves: states [steps, batch, hidden], those of the cells if there are any, and what backward needs.
template <class Step, class T>
struct recurrent_memory {
    T *states, *cells, *kept;
    recurrent_memory(T* p, recurrent_extents const& e)
        : states(p), cells(p + (Step::has_cell ? e.states() : 0)), kept(cells + e.states()) {}
    static std::size_t size(recurrent_extents const& e) { return e.states() * (1 + Step::has_cell + Step::kept); }
};

/// @param gates the input's part of the gates, [steps, batch, gates · hidden]
/// @param weight of the state, [gates · hidden, hidden]; bias: null for none
template <class Step, class T>
void run_recurrence(T* y, T const* gates, T const* h0, T const* c0, T const* weight, T const* bias,
                    recurrent_extents const& e) {
    recurrent_memory<Step, T> const to(y, e);
    std::size_t const n = e.hidden, width = Step::gates * n;
    auto const stride = static_cast<std::ptrdiff_t>(n);
    std::vector<T> sums(e.batch * width);
    T const *before = h0, *cell_before = c0;
    for (std::size_t k = 0; k < e.steps; ++k) {
        std::size_t const t = e.at(k);
        if (bias)
            for (std::size_t b = 0; b < e.batch; ++b) std::copy_n(bias, width, sums.data() + b * width);
        eval::gemm_large<T>(e.batch, width, n, {before, stride, 1}, {weight, 1, stride},
                            {sums.data(), static_cast<std::ptrdiff_t>(width), 1}, bias != nullptr);
        for (std::size_t b = 0; b < e.batch; ++b) {
            std::size_t const row = t * e.batch + b;
            Step::template forward<T>({n, gates + row * width, sums.data() + b * width, before + b * n,
                                       cell_before + b * n, to.states + row * n, to.cells + row * n,
                                       to.kept + row * Step::kept * n});
        }
        before = to.states + t * e.state();
        cell_before = to.cells + t * e.state();
    }
}
/// Gradients that are not wanted are null.
template <class T>
struct recurrent_gradients {
    T *gates, *h0, *c0, *weight, *bias;
};
template <class Step, class T>
void add_recurrent_gradients(T const* y, T const* g, T const* h0, T const* c0, T const* weight,
                             recurrent_gradients<T> const& to, recurrent_extents const& e) {
    recurrent_memory<Step, T const> const from(y, e), of(g, e);
    std::size_t const n = e.hidden, width = Step::gates * n, rows = e.steps * e.batch;
    auto const stride = static_cast<std::ptrdiff_t>(n), gate_stride = static_cast<std::ptrdiff_t>(width);
    std::vector<T> dx(rows * width), ds(Step::same_gradients ? 0 : rows * width), dh(e.state()), dc(e.state());
    T* const by_state = Step::same_gradients ? dx.data() : ds.data();
    for (std::size_t k = e.steps; k-- > 0;) {
        std::size_t const t = e.at(k), at = t * e.state();
        T const* const before = k == 0 ? h0 : from.states + e.at(k - 1) * e.state();
        T const* const cell_before = k == 0 ? c0 : from.cells + e.at(k - 1) * e.state();
        for (std::size_t i = 0; i < e.state(); ++i) {
            dh[i] += of.states[at + i];
            if constexpr (Step::has_cell) dc[i] += of.cells[at + i];
        }
        for (std::size_t b = 0; b < e.batch; ++b) {
            std::size_t const row = t * e.batch + b;
            Step::template backward<T>({n, before + b * n, cell_before + b * n, from.states + row * n,
                                        from.cells + row * n, from.kept + row * Step::kept * n, dh.data() + b * n,
                                        dc.data() + b * n, dx.data() + row * width, by_state + row * width});
        }
        eval::gemm_large<T>(e.batch, n, width, {by_state + t * e.batch * width, gate_stride, 1}, {weight, stride, 1},
                            {dh.data(), stride, 1}, true);
        // The weight's gradient, step by step: the states before are not one array.
        if (to.weight)
            eval::gemm_large<T>(width, n, e.batch, {by_state + t * e.batch * width, 1, gate_stride},
                                {before, stride, 1}, {to.weight, stride, 1}, true);
    }
    auto const add = [](T* into, T const* what, std::size_t count) {
        if (into)
            for (std::size_t i = 0; i < count; ++i) into[i] += what[i];
    };
    add(to.gates, dx.data(), dx.size());
    add(to.h0, dh.data(), dh.size());
    if constexpr (Step::has_cell) add(to.c0, dc.data(), dc.size());
    if (to.bias)
        for (std::size_t r = 0; r < rows; ++r) add(to.bias, by_state + r * width, width);
}

/// Operands: gates, h0, c0 (where there are cells), weight, and a bias of the state's part (where that is not the input's too).
template <class Step, class T>
struct recurrent_rule {
    using value_type = T;
    using shape_type = tenon::shape<dyn>;
    static constexpr char const *name = Step::name, *kind = "recurrent";
    static constexpr bool has_gradient = true;
    recurrent_extents extents;
    shape_type shape(auto const&...) const { return shape_type(recurrent_memory<Step, T>::size(extents)); }
    std::size_t operations(auto const&...) const { return 2 * Step::gates * extents.states() * (extents.hidden + 8); }

    template <class G, class H, class... Rest>
    void forward(array_of<T, shape_type> const& y, G const& gates, H const& h0, Rest const&... rest) const {
        T const* const p[] = {rest.data..., nullptr};
        T const *const c0 = Step::has_cell ? p[0] : h0.data, *const weight = p[Step::has_cell],
                       *const bias = p[Step::has_cell + 1];
        run_recurrence<Step, T>(y.data, gates.data, h0.data, c0, weight, Step::same_gradients ? nullptr : bias,
                                extents);
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  auto const&... arrays) const {
        constexpr std::size_t operands = sizeof...(arrays) / 2, weight = 2 + Step::has_cell;
        T const* const values[] = {arrays.data...};
        T* const written[] = {writable_data(arrays)...};
        add_recurrent_gradients<Step, T>(
            y.data, g.data, values[1], Step::has_cell ? values[2] : values[1], values[weight],
            {written[operands], written[operands + 1], Step::has_cell ? written[operands + 2] : nullptr,
             written[operands + weight], weight + 1 < operands ? written[operands + weight + 1] : nullptr},
            extents);
    }

private:
    template <class U, class S>
    static T* writable_data(array_of<U, S> const& a) {
        if constexpr (std::is_const_v<U>) return nullptr;
        else return a.data;
    }
};

}  // namespace tenon::inline TENON_TARGET::nn::detail
