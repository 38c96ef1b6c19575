// Row operations along vectors: what rules work on is a team of threads for each vector.
#pragma once

#include <tenon/expr/row.hpp>
#include <tenon/kernels/vectors.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// Calls put(r, all, before) for every r below a length: what term(0), …, term(r) are together, and without term(r), which means
/// nothing for r = 0. One thread or a whole block has to call it; a thread's calls follow the order of r.
/// @param join join(a, b) for what follows each other, a first
template <unsigned Team, class Index, class Join, class Term, class Put>
__device__ inline void scan_by_team(Index length, Join const& join, Term const& term, Put const& put) {
    using state = decltype(term(Index(0)));
    if constexpr (Team == 1) {
        state all{};
        for (Index r = 0; r < length; ++r) {
            state const before = all, own = term(r);
            all = r == 0 ? own : join(before, own);
            put(r, all, before);
        }
    } else {
        static_assert(Team == block_size);
        __shared__ state room[block_size];
        unsigned const t = threadIdx.x;
        state carried{};
        for (Index first = 0; first < length; first += Team) {
            Index const r = first + t;
            // Hillis and Steele, 1986. Threads beyond the end come after all others, which don't look at them.
            state own{};
            if (r < length) own = term(r);
            __syncthreads();
            room[t] = own;
            for (unsigned distance = 1; distance != block_size; distance *= 2) {
                __syncthreads();
                state const other = room[t >= distance ? t - distance : t];
                __syncthreads();
                if (t >= distance) own = join(other, own);
                room[t] = own;
            }
            __syncthreads();
            state const last = room[Team - 1], neighbour = room[t == 0 ? 0 : t - 1];
            if (r < length) {
                if (first == 0) put(r, own, neighbour);
                else put(r, join(carried, own), t == 0 ? carried : join(carried, neighbour));
            }
            carried = first == 0 ? last : join(carried, last);
        }
    }
}

/// A vector forward.
/// @tparam W elements that the region is read by
template <unsigned Team, std::size_t W, class T, class R, class Vectors, class Region>
class row_team {
public:
    using value = element::pack<T, 1>;
    using Index = typename Vectors::index;

    /// @param kept where a number is kept, or null
    /// @param scratch room for one value of each warp of a block
    __device__ row_team(Region const& region, Vectors const& vectors, Index o, R* to, T* kept, value* scratch)
        : region_(region),
          vectors_(vectors),
          o_(o),
          to_(to),
          kept_(kept),
          scratch_(scratch),
          x_(vectors, o, memory(to)) {}

    TENON_INLINE __device__ value count() const { return value(static_cast<T>(vectors_.length())); }
    TENON_INLINE __device__ static value number(double c) { return value(static_cast<T>(c)); }
    TENON_INLINE __device__ value first() const { return element_at(0); }
    template <class Op, class F>
    TENON_INLINE __device__ value read(F const& f) {
        value total(Op::template identity<T>());
        x_.read(region_, [&](value v, Index) TENON_LAMBDA_INLINE { total = Op::combine(total, f(v)); });
        return join_team<Team>(join_by<Op>{}, total, scratch_);
    }
    template <class Op, class F>
    TENON_INLINE __device__ value visit(F const& f) {
        value total(Op::template identity<T>());
        x_.visit([&](value v, Index) TENON_LAMBDA_INLINE { total = Op::combine(total, f(v)); });
        return join_team<Team>(join_by<Op>{}, total, scratch_);
    }
    template <class Op, class F>
    TENON_INLINE __device__ value change(F const& f) {
        value total(Op::template identity<T>());
        x_.change([&](value v, Index) TENON_LAMBDA_INLINE {
            value const y = f(v);
            total = Op::combine(total, y);
            return y;
        });
        return join_team<Team>(join_by<Op>{}, total, scratch_);
    }
    template <class F>
    TENON_INLINE __device__ void write(F const& f) {
        x_.write([&](value v, Index) TENON_LAMBDA_INLINE { return f(v); });
    }
    TENON_INLINE __device__ void keep(value v) const {
        if (kept_ && threadIdx.x % Team == 0) v.store(kept_ + o_);
    }
    template <template <class> class State, bool>
    TENON_INLINE __device__ void scan() const {
        using state = State<value>;
        scan_by_team<Team>(
            vectors_.length(), [](state a, state b) TENON_LAMBDA_INLINE { return state::join(a, b); },
            [&](Index r) TENON_LAMBDA_INLINE { return state::of(element_at(r), r); },
            [&](Index r, state const& all, state const&)
                TENON_LAMBDA_INLINE { all.value().store(to_ + vectors_(o_, r)); });
    }

private:
    /// Where elements that registers don't hold are kept: where the results belong. Scans keep none.
    TENON_INLINE __device__ static T* memory(R* to) {
        if constexpr (std::is_same_v<T, R>) return to;
        else return nullptr;
    }
    TENON_INLINE __device__ value element_at(Index r) const {
        return math::convert<T>(region_.template load<1>(vectors_(o_, r)).value.at[0]);
    }
    Region const& region_;
    Vectors vectors_;
    Index o_;
    R* to_;
    T* kept_;
    value* scratch_;
    team_vector<Team, W, T, Vectors> x_;
};

/// A vector backward. `Region` reads the operand and takes its gradient.
template <unsigned Team, std::size_t W, class T, class Vectors, class Region>
class row_gradient {
public:
    using value = element::pack<T, 1>;
    using Index = typename Vectors::index;

    __device__ row_gradient(Region& region, Vectors const& vectors, Index o, T const* y, T const* g, T const* kept,
                            value* scratch)
        : region_(region),
          vectors_(vectors),
          o_(o),
          y_(y),
          g_(g),
          kept_(kept),
          scratch_(scratch),
          x_(vectors, o, y, g) {}

    TENON_INLINE __device__ value count() const { return value(static_cast<T>(vectors_.length())); }
    TENON_INLINE __device__ static value number(double c) { return value(static_cast<T>(c)); }
    TENON_INLINE __device__ value kept() const { return value::load(kept_ + o_); }
    template <class Op, class F>
    TENON_INLINE __device__ value read(F const& f) {
        value total(Op::template identity<T>());
        x_.read([&](value y, value g) TENON_LAMBDA_INLINE { total = Op::combine(total, f(y, g)); });
        return join_team<Team>(join_by<Op>{}, total, scratch_);
    }
    template <class Op, class F, class H>
    TENON_INLINE __device__ tuple<value, value> read(F const& f, H const& h) {
        value a(Op::template identity<T>()), b = a;
        x_.read([&](value y, value g) TENON_LAMBDA_INLINE {
            a = Op::combine(a, f(y, g));
            b = Op::combine(b, h(y, g));
        });
        a = join_team<Team>(join_by<Op>{}, a, scratch_);
        return {{a}, {join_team<Team>(join_by<Op>{}, b, scratch_)}};
    }
    template <class F>
    TENON_INLINE __device__ void send(F const& f) {
        x_.send(region_, f);
    }
    template <bool, class F>
    TENON_INLINE __device__ void send_back(double start, F const& f) {
        Index const length = vectors_.length();
        // What an element does with c that is carried to it: it sends through · c + sent on.
        struct step {
            value own, through, sent;
        };
        scan_by_team<Team>(
            length,
            [](step a, step b)
                TENON_LAMBDA_INLINE { return step{b.own, b.through * a.through, b.through * a.sent + b.sent}; },
            [&](Index t) TENON_LAMBDA_INLINE {
                Index const r = length - 1 - t, i = vectors_(o_, r);
                value const x = math::convert<T>(region_.template load<1>(i).value.at[0]),
                            before = r == 0 ? number(start) : value::load(y_ + vectors_(o_, r - 1));
                auto const share = f(x, value::load(y_ + i), before);
                return step{share.own, share.through, share.through * value::load(g_ + i)};
            },
            [&](Index t, step const& all, step const& before) TENON_LAMBDA_INLINE {
                Index const i = vectors_(o_, length - 1 - t);
                value const g = value::load(g_ + i), sum = t == 0 ? g : g + before.sent;
                auto const registers = region_.template load<1>(i);
                region_.template adjoint<1>(i, registers, region_.lanes_of(all.own * sum));
            });
    }

private:
    Region& region_;
    Vectors vectors_;
    Index o_;
    T const *y_, *g_, *kept_;
    value* scratch_;
    team_gradient<Team, W, T, Vectors> x_;
};

/// Results of all vectors of a region. The grid's teams share the vectors.
template <unsigned Team, std::size_t W, class T, class Rule, class Region, class R, class Vectors>
__device__ inline void forward_vectors(Rule const& rule, Region const& region, R* to, T* kept, Vectors const& vectors,
                                       typename Vectors::index count, element::pack<T, 1>* scratch) {
    using Index = typename Vectors::index;
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        row_team<Team, W, T, R, Vectors, Region> x(region, vectors, o, to, kept, scratch);
        rule.forward(x);
    }
}
/// Sends their gradient g on into a region.
template <unsigned Team, std::size_t W, class T, class Rule, class Region, class Vectors>
__device__ inline void backward_vectors(Rule const& rule, Region& region, T const* y, T const* g, T const* kept,
                                        Vectors const& vectors, typename Vectors::index count,
                                        element::pack<T, 1>* scratch) {
    using Index = typename Vectors::index;
    Index const teams = thread_count<Index>() / Team;
    for (Index o = thread_number<Index>() / Team; o < count; o += teams) {
        row_gradient<Team, W, T, Vectors, Region> x(region, vectors, o, y, g, kept, scratch);
        rule.backward(x);
    }
}

/// Both as launches.
template <unsigned Team, std::size_t W, class T, class R, class Rule, class Vectors, class Region>
__global__ void __launch_bounds__(block_size) forward_rows(__grid_constant__ const Region region, Rule rule, R* to,
                                                           T* kept, Vectors vectors, typename Vectors::index count) {
    __shared__ element::pack<T, 1> scratch[block_size / warp_size];
    forward_vectors<Team, W, T>(rule, region, to, kept, vectors, count, scratch);
}
template <unsigned Team, std::size_t W, class T, class Rule, class Vectors, class Region>
__global__ void __launch_bounds__(block_size)
    backward_rows(Region region, Rule rule, T const* y, T const* g, T const* kept, Vectors vectors,
                  typename Vectors::index count) {
    __shared__ element::pack<T, 1> scratch[block_size / warp_size];
    backward_vectors<Team, W, T>(rule, region, y, g, kept, vectors, count, scratch);
    region.close();
}

}  // namespace tenon::inline TENON_TARGET::kernels
