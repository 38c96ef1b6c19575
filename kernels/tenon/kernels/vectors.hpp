// Vectors of an array, each for one team of threads: what the threads read stays in their registers as far as it fits.
#pragma once

#include <algorithm>

#include <tenon/core/shape.hpp>
#include <tenon/kernels/lanes.hpp>
#include <tenon/kernels/team.hpp>

namespace tenon::inline TENON_TARGET::kernels {

/// The vectors along an axis of a row-major array: element r of vector o.
/// @tparam Length their length, or dyn
/// @tparam Neighbours whether the elements of a vector are neighbours
template <class Index, std::size_t Length, bool Neighbours>
struct vectors {
    using index = Index;
    static constexpr std::size_t known_length = Length;
    static constexpr bool neighbours = Neighbours;

    Index run_time_length, run_time_step;
    TENON_INLINE TENON_HOST_DEVICE Index length() const { return is_dynamic(Length) ? run_time_length : Index(Length); }
    TENON_INLINE TENON_HOST_DEVICE Index step() const { return Neighbours ? Index(1) : run_time_step; }
    TENON_INLINE __device__ Index operator()(Index o, Index r) const {
        return Neighbours ? o * length() + r : o / step() * (length() * step()) + o % step() + r * step();
    }
    /// The vector that element i of the array belongs to.
    TENON_INLINE __device__ Index vector_of(Index i) const { return i / (length() * step()) * step() + i % step(); }
};

/// Packs of W elements of a vector that a thread keeps in registers at most: 128 bytes, which are eight accesses of 16, but no
/// more than 16 of single elements.
template <std::size_t W, class T>
inline constexpr std::size_t most_packs = std::min<std::size_t>(16, 128 / (W * sizeof(T)));

/// The longest vector for a thread that is a team of its own, and for a team whose registers are to hold it.
template <class T>
inline constexpr std::size_t longest_of_thread = 64 / sizeof(T);
template <unsigned Team, std::size_t W, class T>
inline constexpr std::size_t longest_kept = Team * W * most_packs<W, T>;

/// How many packs of W elements a thread keeps. One that is a team of its own keeps nothing of longer vectors.
template <unsigned Team, std::size_t W, class T, std::size_t Length>
inline constexpr unsigned kept_packs = [] {
    if (Team == 1 && (is_dynamic(Length) || Length > longest_of_thread<T>)) return 0U;
    std::size_t const needed = is_dynamic(Length) ? most_packs<W, T> : (Length + Team * W - 1) / (Team * W);
    return static_cast<unsigned>(Team == 1 ? needed : std::min(most_packs<W, T>, needed));
}();
/// Room for them.
template <unsigned Team, std::size_t W, class T, std::size_t Length>
using kept_array = eval::lanes<element::pack<T, 1>, W>[std::max(1U, kept_packs<Team, W, T, Length>)];

/// Calls kept(k, r) for the packs that a thread of a team has in registers, where k is the pack's number and r its first
/// element, and further(r) for those beyond. W divides the length.
template <unsigned Team, std::size_t W, class T, class Vectors, class F, class G>
TENON_INLINE __device__ void each_pack(Vectors const& vectors, F const& kept, G const& further) {
    using index = typename Vectors::index;
    constexpr std::size_t length = Vectors::known_length;
    constexpr unsigned packs = kept_packs<Team, W, T, length>;
    index const first = static_cast<index>(threadIdx.x % Team * W);
    TENON_KERNEL_UNROLL
    for (unsigned k = 0; k != packs; ++k) {
        index const r = first + static_cast<index>(k * Team * W);
        if (r < vectors.length()) kept(k, r);
    }
    if constexpr (is_dynamic(length) || length > packs * Team * W)
        for (index r = first + static_cast<index>(packs * Team * W); r < vectors.length();
             r += static_cast<index>(Team * W))
            further(r);
}

/// The elements [first, last) that a block has of a row of `count` elements, where `parts` blocks share each: row by row, and in
/// multiples of `width`.
template <class Index>
struct part_of_row {
    Index group, first, last;
    unsigned number;
    __device__ part_of_row(Index count, unsigned parts, Index width)
        : group(blockIdx.x / parts), number(blockIdx.x % parts) {
        Index const most = ((count + parts - 1) / parts + width - 1) / width * width, begin = number * most;
        first = begin < count ? begin : count;
        last = count - first < most ? count : first + most;
    }
};

/// What a thread of a team has of a vector: packs in registers, and those beyond where the results belong, each read again by
/// the thread that wrote it.
/// @tparam W elements of a pack; neighbours, so 1 where the vector has a step
template <unsigned Team, std::size_t W, class T, class Vectors>
class team_vector {
public:
    using Index = typename Vectors::index;
    using pack = eval::lanes<element::pack<T, 1>, W>;

    TENON_INLINE __device__ team_vector(Vectors const& vectors, Index o, T* results)
        : vectors_(vectors), first_(vectors(o, 0)), results_(results) {}

    /// Reads the vector from a region, and calls f(element, r) for every element.
    template <class Region, class F>
    TENON_INLINE __device__ void read(Region const& region, F const& f) {
        auto const load = [&](Index r) TENON_LAMBDA_INLINE {
            auto const x = region.template load<W>(index(r)).value;
            pack p;
            for (std::size_t j = 0; j != W; ++j) {
                p.at[j] = math::convert<T>(x.at[j]);
                f(p.at[j], static_cast<Index>(r + j));
            }
            return p;
        };
        each_pack<Team, W, T>(
            vectors_, [&](unsigned k, Index r) TENON_LAMBDA_INLINE { kept_[k] = load(r); },
            [&](Index r) TENON_LAMBDA_INLINE { store(load(r), r); });
    }
    /// Calls f(element, r) for what was read.
    template <class F>
    TENON_INLINE __device__ void visit(F const& f) {
        auto const each = [&](pack const& p, Index r) TENON_LAMBDA_INLINE {
            for (std::size_t j = 0; j != W; ++j) f(p.at[j], static_cast<Index>(r + j));
        };
        each_pack<Team, W, T>(
            vectors_, [&](unsigned k, Index r) TENON_LAMBDA_INLINE { each(kept_[k], r); },
            [&](Index r) TENON_LAMBDA_INLINE { each(load_result(r), r); });
    }
    /// Puts f(element, r) in the place of what was read.
    template <class F>
    TENON_INLINE __device__ void change(F const& f) {
        each_pack<Team, W, T>(
            vectors_, [&](unsigned k, Index r) TENON_LAMBDA_INLINE { kept_[k] = changed(kept_[k], r, f); },
            [&](Index r) TENON_LAMBDA_INLINE { store(changed(load_result(r), r, f), r); });
    }
    /// Writes f(element, r) to the results.
    template <class F>
    TENON_INLINE __device__ void write(F const& f) {
        each_pack<Team, W, T>(
            vectors_, [&](unsigned k, Index r) TENON_LAMBDA_INLINE { store(changed(kept_[k], r, f), r); },
            [&](Index r) TENON_LAMBDA_INLINE { store(changed(load_result(r), r, f), r); });
    }
    /// Writes one value to all results.
    TENON_INLINE __device__ void fill(element::pack<T, 1> v) {
        pack p;
        for (std::size_t j = 0; j != W; ++j) p.at[j] = v;
        for (Index r = static_cast<Index>(threadIdx.x % Team * W); r < vectors_.length();
             r += static_cast<Index>(Team * W))
            store(p, r);
    }

private:
    TENON_INLINE __device__ Index index(Index r) const { return first_ + r * vectors_.step(); }
    TENON_INLINE __device__ pack load_result(Index r) const {
        return eval::load_elements<W, true>(static_cast<T const*>(results_) + index(r));
    }
    TENON_INLINE __device__ void store(pack const& p, Index r) const {
        eval::store_elements<true>(results_ + index(r), p);
    }
    template <class F>
    TENON_INLINE __device__ static pack changed(pack p, Index r, F const& f) {
        for (std::size_t j = 0; j != W; ++j) p.at[j] = f(p.at[j], static_cast<Index>(r + j));
        return p;
    }

    Vectors vectors_;
    Index first_;
    T* results_;
    kept_array<Team, W, T, Vectors::known_length> kept_;
};

/// The backward pass of what a team made of a vector: values and their gradients, in registers as far as they fit, read again from
/// memory beyond.
template <unsigned Team, std::size_t W, class T, class Vectors>
class team_gradient {
public:
    using Index = typename Vectors::index;
    using pack = eval::lanes<element::pack<T, 1>, W>;

    TENON_INLINE __device__ team_gradient(Vectors const& vectors, Index o, T const* y, T const* g)
        : vectors_(vectors), first_(vectors(o, 0)), y_(y), g_(g) {}

    /// Calls f(value, gradient) for every element.
    template <class F>
    TENON_INLINE __device__ void read(F const& f) {
        auto const each = [&](pack const& v, pack const& u) TENON_LAMBDA_INLINE {
            for (std::size_t j = 0; j != W; ++j) f(v.at[j], u.at[j]);
        };
        each_pack<Team, W, T>(
            vectors_,
            [&](unsigned k, Index r) TENON_LAMBDA_INLINE {
                values_[k] = load(y_, r);
                gradients_[k] = load(g_, r);
                each(values_[k], gradients_[k]);
            },
            [&](Index r) TENON_LAMBDA_INLINE { each(load(y_, r), load(g_, r)); });
    }
    /// Sends f(value, gradient) of every element on into the region that the vector was made of.
    template <class Region, class F>
    TENON_INLINE __device__ void send(Region& region, F const& f) {
        auto const each = [&](pack const& v, pack const& u, Index r) TENON_LAMBDA_INLINE {
            pack sent;
            for (std::size_t j = 0; j != W; ++j) sent.at[j] = f(v.at[j], u.at[j]);
            auto const registers = region.template load<W>(index(r));
            region.template adjoint<W>(index(r), registers, sent);
        };
        each_pack<Team, W, T>(
            vectors_, [&](unsigned k, Index r) TENON_LAMBDA_INLINE { each(values_[k], gradients_[k], r); },
            [&](Index r) TENON_LAMBDA_INLINE { each(load(y_, r), load(g_, r), r); });
    }

private:
    TENON_INLINE __device__ Index index(Index r) const { return first_ + r * vectors_.step(); }
    TENON_INLINE __device__ pack load(T const* from, Index r) const {
        return eval::load_elements<W, true>(from + index(r));
    }

    Vectors vectors_;
    Index first_;
    T const* y_;
    T const* g_;
    kept_array<Team, W, T, Vectors::known_length> values_, gradients_;
};

}  // namespace tenon::inline TENON_TARGET::kernels
