// What rules of row operations work on, on the processor, where vectors have a step: lanes have one vector each.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/row_teams.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Vectors with a step that begin side by side, a lane for each. Fewer leave lanes that nobody looks at.
template <class T, std::size_t Lanes>
class column_lanes {
public:
    using value = lane_t<T, Lanes>;

    TENON_INLINE constexpr column_lanes(std::size_t n, std::size_t step, std::size_t vectors)
        : n_(n), step_(step), vectors_(vectors) {}
    TENON_INLINE constexpr value count() const { return number(static_cast<double>(n_)); }
    TENON_INLINE static constexpr value number(double c) { return value(static_cast<T>(c)); }

protected:
    /// The elements that lie from p on, of all vectors from number `first` on.
    template <class E>
    TENON_INLINE constexpr lane_t<E, Lanes> load(E const* p, std::size_t first = 0) const {
        if (Lanes == 1 || vectors_ - first >= Lanes) return element::load_lanes<Lanes>(p + first);
        E some[Lanes] = {};
        std::copy_n(p + first, vectors_ - first, some);
        return element::load_lanes<Lanes>(some);
    }
    template <class E, class V>
    TENON_INLINE constexpr void store(E* p, V const& v, std::size_t first = 0) const {
        if (Lanes == 1 || vectors_ - first >= Lanes) return element::store_lanes(p + first, v);
        E some[Lanes];
        element::store_lanes(some, v);
        std::copy_n(some, vectors_ - first, p + first);
    }
    /// Joins term(j) for all j, sums in parts as wide_sum.
    template <class Op, class Term>
    TENON_INLINE constexpr value join(Term const& term) const {
        value part(Op::template identity<T>());
        if constexpr (!detail::adds_up<Op, T>)
            for (std::size_t j = 0; j != n_; ++j) part = Op::combine(part, term(j));
        else {
            lane_t<wider_t<T>, Lanes> total(static_cast<wider_t<T>>(0));
            for (std::size_t j = 0; j != n_;) {
                std::size_t const end = std::min(n_, j + terms_in_part);
                for (part = value(T(0)); j != end; ++j) part = part + term(j);
                total = total + math::convert<wider_t<T>>(part);
            }
            part = math::convert<T>(total);
        }
        return part;
    }
    std::size_t n_, step_, vectors_;
};

/// Such vectors forward, whose elements are in memory.
template <class T, class R, std::size_t Lanes>
class column_team : public column_lanes<T, Lanes> {
    using base = column_lanes<T, Lanes>;
    using base::n_;
    using base::step_;

public:
    using typename base::value;

    /// @param room for `Lanes` times n elements
    TENON_INLINE constexpr column_team(base const& b, T const* x, T* room, R* to, T* kept)
        : base(b), x_(x), room_(room), to_(to), kept_(kept) {}
    TENON_INLINE constexpr value first() const { return this->load(x_); }
    template <class Op, class F>
    TENON_INLINE constexpr value read(F const& f) const {
        return this->template join<Op>([&](std::size_t j) TENON_LAMBDA_INLINE {
            auto const v = this->load(x_ + j * step_);
            element::store_lanes(room_ + j * Lanes, v);
            return f(v);
        });
    }
    template <class Op, class F>
    TENON_INLINE constexpr value visit(F const& f) const {
        return this->template join<Op>([&](std::size_t j) TENON_LAMBDA_INLINE { return f(again(j)); });
    }
    template <class Op, class F>
    TENON_INLINE constexpr value change(F const& f) const {
        return this->template join<Op>([&](std::size_t j) TENON_LAMBDA_INLINE {
            auto const v = f(again(j));
            element::store_lanes(room_ + j * Lanes, v);
            return v;
        });
    }
    template <class F>
    TENON_INLINE constexpr void write(F const& f) const {
        for (std::size_t j = 0; j != n_; ++j) this->store(to_ + j * step_, f(again(j)));
    }
    TENON_INLINE constexpr void keep(value const& v) const { this->store(kept_, v); }

private:
    TENON_INLINE constexpr value again(std::size_t j) const { return element::load_lanes<Lanes>(room_ + j * Lanes); }
    T const* x_;
    T* room_;
    R* to_;
    T* kept_;
};

/// The same backward: the operand's gradient takes the place of the results'.
template <class T, std::size_t Lanes>
class column_gradient : public column_lanes<T, Lanes> {
    using base = column_lanes<T, Lanes>;
    using base::n_;
    using base::step_;

public:
    using typename base::value;

    TENON_INLINE constexpr column_gradient(base const& b, T const* y, T* g, T const* kept)
        : base(b), y_(y), g_(g), kept_(kept) {}
    TENON_INLINE constexpr value kept() const { return this->load(kept_); }
    template <class Op, class F>
    TENON_INLINE constexpr value read(F const& f) const {
        return this->template join<Op>([&](std::size_t j) TENON_LAMBDA_INLINE {
            return f(this->load(y_ + j * step_), this->load(static_cast<T const*>(g_) + j * step_));
        });
    }
    template <class Op, class F, class H>
    TENON_INLINE constexpr tuple<value, value> read(F const& f, H const& h) const {
        value const first = read<Op>(f);
        return {{first}, {read<Op>(h)}};
    }
    template <class F>
    TENON_INLINE constexpr void send(F const& f) const {
        for (std::size_t j = 0; j != n_; ++j) {
            T* const p = g_ + j * step_;
            this->store(p, f(this->load(y_ + j * step_), this->load(static_cast<T const*>(p))));
        }
    }

private:
    T const* y_;
    T* g_;
    T const* kept_;
};

/// How many vectors scans go along together: what is known of so many is in the L1 cache, and memory is read in pieces that long.
template <std::size_t Lanes>
inline constexpr std::size_t scanned_together = 32 * Lanes;

/// A scan of such vectors, forward.
template <class T, class R, std::size_t Lanes>
class column_scan : public column_lanes<T, Lanes> {
    using base = column_lanes<T, Lanes>;

public:
    TENON_INLINE constexpr column_scan(base const& b, T const* x, R* to) : base(b), x_(x), to_(to) {}
    template <template <class> class State, bool Widens>
    TENON_INLINE constexpr void scan() const {
        using W = scanned_t<T, Widens>;
        using state = State<lane_t<W, Lanes>>;
        state all[scanned_together<Lanes> / Lanes];
        auto const element = [&](std::size_t j, std::size_t c) TENON_LAMBDA_INLINE {
            return state::of(math::convert<W>(this->load(x_ + j * this->step_, c)), j);
        };
        for (std::size_t j = 0; j != this->n_; ++j)
            for (std::size_t c = 0; c < this->vectors_; c += Lanes) {
                state& s = all[c / Lanes];
                if (j == 0) s = element(j, c);
                else s = state::join(s, element(j, c));
                this->store(to_ + j * this->step_, math::convert<R>(s.value()), c);
            }
    }

private:
    T const* x_;
    R* to_;
};

/// The same backward.
template <class T, std::size_t Lanes>
class column_scan_gradient : public column_lanes<T, Lanes> {
    using base = column_lanes<T, Lanes>;

public:
    TENON_INLINE constexpr column_scan_gradient(base const& b, T const* x, T const* y, T* g)
        : base(b), x_(x), y_(y), g_(g) {}
    template <bool Widens, class F>
    TENON_INLINE constexpr void send_back(double start, F const& f) const {
        using W = scanned_t<T, Widens>;
        using wide = lane_t<W, Lanes>;
        wide carried[scanned_together<Lanes> / Lanes];
        for (wide& v : carried) v = wide(static_cast<W>(0));
        for (std::size_t j = this->n_; j-- != 0;)
            for (std::size_t c = 0; c < this->vectors_; c += Lanes) {
                auto const at = [&](T const* p, std::size_t row) TENON_LAMBDA_INLINE {
                    return math::convert<W>(this->load(p + row * this->step_, c));
                };
                wide const before = j == 0 ? wide(static_cast<W>(start)) : at(y_, j - 1);
                auto const share = f(at(x_ ? x_ : y_, j), at(y_, j), before);
                wide const g = at(g_, j) + carried[c / Lanes];
                this->store(g_ + j * this->step_, math::convert<T>(share.own * g), c);
                carried[c / Lanes] = share.through * g;
            }
    }

private:
    T const *x_, *y_;
    T* g_;
};

/// Calls f(lanes, offset, number) for vectors with a step, as many together as fill a cache line, or as a scan takes: where the
/// first of them begins, and the number of that vector.
template <class T, bool Scans, class F>
TENON_INLINE constexpr void for_each_columns(vector_division const& d, F const& f) {
    auto const by = [&](auto lanes) TENON_LAMBDA_INLINE {
        constexpr std::size_t together = Scans ? scanned_together<lanes> : lanes;
        for (std::size_t first = 0; first < d.count; first += d.step)
            for (std::size_t c = 0; c < d.step; c += together)
                f(column_lanes<T, lanes>(d.length, d.step, std::min(together, d.step - c)), first * d.length + c,
                  first + c);
    };
    constexpr std::size_t most = element::is_dual<T> ? 1 : std::min<std::size_t>(16, 64 / sizeof(T));
    if (__builtin_is_constant_evaluated()) by(std::integral_constant<std::size_t, 1>{});
    else by(std::integral_constant<std::size_t, most>{});
}
/// A rule on all vectors with a step of an array: one function for all shapes.
template <class Rule, class T, class R>
[[gnu::noinline]] constexpr void forward_columns(Rule const& rule, T const* x, R* to, T* kept,
                                                 vector_division const& d) {
    buffer<T, dyn> room;
    if (!Rule::scans) room.reserve(d.length * 16);
    for_each_columns<T, Rule::scans>(
        d, [&]<std::size_t Lanes>(column_lanes<T, Lanes> const& lanes, std::size_t o, std::size_t k) {
            if constexpr (Rule::scans) {
                column_scan<T, R, Lanes> team(lanes, x + o, to + o);
                rule.forward(team);
            } else {
                column_team<T, R, Lanes> team(lanes, x + o, room.data(), to + o, kept ? kept + k : nullptr);
                rule.forward(team);
            }
        });
}
template <class Rule, class T>
[[gnu::noinline]] constexpr void backward_columns(Rule const& rule, T const* x, T const* y, T* g, T const* kept,
                                                  vector_division const& d) {
    for_each_columns<T, Rule::scans>(
        d, [&]<std::size_t Lanes>(column_lanes<T, Lanes> const& lanes, std::size_t o, std::size_t k) {
            if constexpr (Rule::scans) {
                column_scan_gradient<T, Lanes> team(lanes, x ? x + o : nullptr, y + o, g + o);
                rule.backward(team);
            } else {
                column_gradient<T, Lanes> team(lanes, y + o, g + o, kept ? kept + k : nullptr);
                rule.backward(team);
            }
        });
}

}  // namespace tenon::inline TENON_TARGET::eval
