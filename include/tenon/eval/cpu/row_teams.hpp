// What rules of row operations work on, on the processor, where elements of a vector are neighbours: lanes share one vector.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/row.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Lanes of a row operation in memory: dual numbers go one at a time.
template <class T>
inline constexpr std::size_t row_lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);

/// What a scan of T is computed in.
template <class T, bool Widens>
using scanned_t = std::conditional_t<Widens, wider_t<T>, T>;

template <class Row>
inline constexpr bool is_memory_row = false;
template <class T, bool Differentiable>
inline constexpr bool is_memory_row<memory_row<T, 1, Differentiable>> = true;

/// A vector of neighbours, forward. The operand's row is read once. What is computed, or spread over memory, is in `room` after
/// that, and so is what the rule changes.
/// @tparam Wide how many elements a register of the row that is read holds
/// @tparam Length their number, or dyn
template <std::size_t Wide, std::size_t Length, class Row, class T, class R, class Out>
class row_team {
public:
    using value = lane_t<T, 1>;

    /// @param room memory for n elements, which may be where the results belong
    /// @param kept where a number is kept, or null
    TENON_INLINE constexpr row_team(Row const& row, T* room, R* to, std::size_t n, T* kept, Out const& out)
        : row_(row), read_(room), room_(room), to_(to), n_(n), kept_(kept), out_(out) {
        if constexpr (in_memory) read_ = row.values;
    }
    TENON_INLINE constexpr value count() const { return number(static_cast<double>(n_)); }
    TENON_INLINE static constexpr value number(double c) { return value(static_cast<T>(c)); }
    TENON_INLINE constexpr value first() const { return load<1>(0); }
    template <class Op, class F>
    TENON_INLINE constexpr value read(F const& f) const {
        return join_row<Op, T, Wide, Length>(n_,
                                             [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return f(load<N>(j)); });
    }
    template <class Op, class F>
    TENON_INLINE constexpr value visit(F const& f) const {
        return join_row<Op, T, lanes, Length>(
            n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return f(element::load_lanes<N>(read_ + j)); });
    }
    template <class Op, class F>
    TENON_INLINE constexpr value change(F const& f) {
        auto const total = join_row<Op, T, lanes, Length>(n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            auto const y = f(element::load_lanes<N>(read_ + j));
            element::store_lanes(room_ + j, y);
            return y;
        });
        read_ = room_;
        return total;
    }
    template <class F>
    TENON_INLINE constexpr void write(F const& f) const {
        for_each_pack<lanes, Length>(n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            out_.store(to_ + j, f(element::load_lanes<N>(read_ + j)));
        });
    }
    TENON_INLINE constexpr void keep(value const& v) const {
        if (kept_) element::store_lanes(kept_, v);
    }
    template <template <class> class State, bool Widens>
    TENON_INLINE constexpr void scan() const {
        using W = scanned_t<T, Widens>;
        using state = State<lane_t<W, 1>>;
        if constexpr (!in_memory)
            for_each_pack<Wide, Length>(n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { load<N>(j); });
        state all{};
        for (std::size_t j = 0; j != n_; ++j) {
            auto const own = state::of(math::convert<W>(element::load_lanes<1>(read_ + j)), j);
            all = j == 0 ? own : state::join(all, own);
            element::store_lanes(to_ + j, math::convert<R>(all.value()));
        }
    }

private:
    static constexpr std::size_t lanes = row_lanes<T>;
    static constexpr bool in_memory = is_memory_row<Row>;

    /// What the operand has, kept for whoever reads it again.
    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t j) const {
        if constexpr (in_memory) return element::load_lanes<N>(row_.values + j);
        else {
            auto const v = math::convert<T>(row_.template load<N>(j).value);
            element::store_lanes(room_ + j, v);
            return v;
        }
    }
    Row const& row_;
    T const* read_;
    T* room_;
    R* to_;
    std::size_t n_;
    T* kept_;
    Out const& out_;
};

/// The same backward.
template <std::size_t Length, class T>
class row_gradient {
public:
    using value = lane_t<T, 1>;

    /// @param x the operand's elements, or null where the rule doesn't need them
    /// @param to where the operand's gradient goes, which may take the place of the results'
    TENON_INLINE constexpr row_gradient(T const* x, T const* y, T const* g, T* to, std::size_t n, T const* kept)
        : x_(x), y_(y), g_(g), to_(to), n_(n), kept_(kept) {}
    TENON_INLINE constexpr value count() const { return number(static_cast<double>(n_)); }
    TENON_INLINE static constexpr value number(double c) { return value(static_cast<T>(c)); }
    TENON_INLINE constexpr value kept() const { return element::load_lanes<1>(kept_); }
    template <class Op, class F>
    TENON_INLINE constexpr value read(F const& f) const {
        return join_row<Op, T, lanes, Length>(n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            return f(element::load_lanes<N>(y_ + j), element::load_lanes<N>(g_ + j));
        });
    }
    template <class Op, class F, class H>
    TENON_INLINE constexpr tuple<value, value> read(F const& f, H const& h) const {
        value const first = read<Op>(f);
        return {{first}, {read<Op>(h)}};
    }
    template <class F>
    TENON_INLINE constexpr void send(F const& f) const {
        for_each_pack<lanes, Length>(n_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            element::store_lanes(to_ + j, f(element::load_lanes<N>(y_ + j), element::load_lanes<N>(g_ + j)));
        });
    }
    template <bool Widens, class F>
    TENON_INLINE constexpr void send_back(double start, F const& f) const {
        using W = scanned_t<T, Widens>;
        auto const at = [](T const* p) TENON_LAMBDA_INLINE { return math::convert<W>(element::load_lanes<1>(p)); };
        lane_t<W, 1> carried(static_cast<W>(0));
        for (std::size_t j = n_; j-- != 0;) {
            auto const before = j == 0 ? lane_t<W, 1>(static_cast<W>(start)) : at(y_ + j - 1);
            auto const share = f(at(x_ ? x_ + j : y_ + j), at(y_ + j), before);
            auto const g = at(g_ + j) + carried;
            element::store_lanes(to_ + j, math::convert<T>(share.own * g));
            carried = share.through * g;
        }
    }

private:
    static constexpr std::size_t lanes = row_lanes<T>;
    T const *x_, *y_, *g_;
    T* to_;
    std::size_t n_;
    T const* kept_;
};

}  // namespace tenon::inline TENON_TARGET::eval
