// Views, reductions, products and joins of any run-time shape: chains of two, evaluated as one expression, written over their
// own operand and differentiated, give what plain loops give, and are refused where those refuse them.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include <tenon/tenon.hpp>

#include "plain.hpp"

namespace tn = tenon;
using plain::array;

namespace {

/// What a chain does not know from types: a position or distance, and a few indices.
struct numbers {
    std::ptrdiff_t k;
    tn::tensor<std::int64_t, tn::dyn> indices;
};

/// A link: `run` builds the library's expression, `loop` does the same plainly, for operands with at least `least` axes.
/// A linear one has a gradient that plain loops find too.
template <std::size_t Least, bool Linear = true, bool Grows = false>
struct link {
    static constexpr std::size_t least = Least;
    static constexpr bool linear = Linear, grows = Grows;
};

struct turn : link<2> {
    static auto run(auto const& x, numbers const&) {
        return [&]<std::size_t... A>(std::index_sequence<A...>) {
            return tn::permute<static_cast<std::ptrdiff_t>((A + 1) % sizeof...(A))...>(x);
        }(std::make_index_sequence<tn::shape_t<decltype(x)>::rank()>());
    }
    static array loop(array const& x, numbers const&) {
        std::vector<std::size_t> axes;
        for (std::size_t a = 0; a != x.rank(); ++a) axes.push_back((a + 1) % x.rank());
        return plain::permute(x, axes);
    }
};
struct swap_first : link<3> {
    static auto run(auto const& x, numbers const&) { return tn::transpose<0, 1>(x); }
    static array loop(array const& x, numbers const&) {
        std::vector<std::size_t> axes{1, 0};
        for (std::size_t a = 2; a != x.rank(); ++a) axes.push_back(a);
        return plain::permute(x, axes);
    }
};
template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop, std::ptrdiff_t Step>
struct cut : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::slice<Axis, Start, Stop, Step>(x); }
    static array loop(array const& x, numbers const&) { return plain::slice(x, Axis, Start, Stop, Step); }
};
template <std::ptrdiff_t Axis>
struct mirror : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::flip<Axis>(x); }
    static array loop(array const& x, numbers const&) { return plain::flip(x, Axis); }
};
template <std::ptrdiff_t Axis>
struct pick : link<1> {
    static auto run(auto const& x, numbers const& n) { return tn::select<Axis>(x, n.k); }
    static array loop(array const& x, numbers const& n) { return plain::select(x, Axis, n.k); }
};
struct pairs : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::reshape<tn::dyn, 2>(x); }
    static array loop(array const& x, numbers const&) { return plain::reshape(x, {x.values.size() / 2, 2}); }
};
struct join_axes : link<2> {
    static auto run(auto const& x, numbers const&) { return tn::flatten<0, 1>(x); }
    static array loop(array const& x, numbers const&) {
        plain::extents shape(x.shape.begin() + 1, x.shape.end());
        shape[0] *= x.extent(0);
        return plain::reshape(x, shape);
    }
};
struct repeat_first : link<1, true, true> {
    static auto run(auto const& x, numbers const&) {
        return [&]<std::size_t... A>(std::index_sequence<A...>) {
            return tn::broadcast_to<3, (static_cast<void>(A), tn::dyn)...>(x);
        }(std::make_index_sequence<tn::shape_t<decltype(x)>::rank()>());
    }
    static array loop(array const& x, numbers const&) { return plain::repeat(x, 0, 3); }
};
struct repeat_last : link<1, true, true> {
    static auto run(auto const& x, numbers const&) {
        return [&]<std::size_t... A>(std::index_sequence<A...>) {
            return tn::broadcast_to<(static_cast<void>(A), tn::dyn)..., 5>(tn::unsqueeze<-1>(x));
        }(std::make_index_sequence<tn::shape_t<decltype(x)>::rank()>());
    }
    static array loop(array const& x, numbers const&) { return plain::repeat(x, x.rank(), 5); }
};
template <std::ptrdiff_t Axis, std::size_t Before, std::size_t After>
struct margin : link<1, false> {
    static auto run(auto const& x, numbers const&) { return tn::pad<Axis, Before, After>(x, 7.f); }
    static array loop(array const& x, numbers const&) { return plain::pad(x, Axis, Before, After, 7); }
};
template <std::ptrdiff_t Axis>
struct shift : link<1> {
    static auto run(auto const& x, numbers const& n) { return tn::roll<Axis>(x, n.k); }
    static array loop(array const& x, numbers const& n) { return plain::roll(x, Axis, n.k); }
};
template <std::ptrdiff_t Axis>
struct joined : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::concat<Axis>(tn::flip<0>(x), x * 2.f); }
    static array loop(array const& x, numbers const&) {
        return plain::concat(plain::flip(x, 0), plain::map(x, x, [](double v, double) { return v * 2; }), Axis);
    }
};
template <std::ptrdiff_t Axis>
struct total : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::sum<Axis>(x); }
    static array loop(array const& x, numbers const&) { return plain::select(plain::sum(x, Axis), Axis, 0); }
};
template <std::ptrdiff_t Axis>
struct less_total : link<1> {
    static auto run(auto const& x, numbers const&) { return x - tn::sum<Axis>(x, tn::keepdim); }
    static array loop(array const& x, numbers const&) { return plain::map(x, plain::sum(x, Axis), std::minus<>()); }
};
template <std::ptrdiff_t Axis>
struct greatest : link<1, false> {
    static auto run(auto const& x, numbers const&) { return tn::max<Axis>(x); }
    static array loop(array const& x, numbers const&) { return plain::select(plain::max(x, Axis), Axis, 0); }
};
template <std::ptrdiff_t Axis>
struct running : link<1> {
    static auto run(auto const& x, numbers const&) { return tn::cumsum<Axis>(x); }
    static array loop(array const& x, numbers const&) { return plain::cumsum(x, Axis); }
};
template <std::ptrdiff_t Axis>
struct choose : link<1> {
    static auto run(auto const& x, numbers const& n) { return tn::index_select<Axis>(x, n.indices); }
    static array loop(array const& x, numbers const& n) {
        return plain::index_select(x, Axis, {n.indices.begin(), n.indices.end()});
    }
};
struct on_diagonal : link<2> {
    static auto run(auto const& x, numbers const&) { return tn::diagonal(x); }
    static array loop(array const& x, numbers const&) { return plain::diagonal(x); }
};
struct below : link<2> {
    static auto run(auto const& x, numbers const& n) { return tn::tril(x, n.k); }
    static array loop(array const& x, numbers const& n) { return plain::tril(x, n.k); }
};
struct product : link<2, false> {
    static auto run(auto const& x, numbers const&) { return tn::matmul(x, tn::transpose(x)); }
    static array loop(array const& x, numbers const&) { return plain::gram(x); }
};
struct line : link<0, false> {
    static auto run(auto const& x, numbers const&) { return x * 2.f + 1.f; }
    static array loop(array const& x, numbers const&) {
        return plain::map(x, x, [](double v, double) { return v * 2 + 1; });
    }
};
struct twice : link<1> {
    static auto run(auto const& x, numbers const&) {
        auto const named = tn::let(x * 3.f);
        return named + tn::flip<0>(named);
    }
    static array loop(array const& x, numbers const&) {
        return plain::map(x, plain::flip(x, 0), [](double v, double w) { return 3 * v + 3 * w; });
    }
};
struct plus_transposed : link<2> {
    static auto run(auto const& x, numbers const&) { return x + tn::transpose(x); }
    static array loop(array const& x, numbers const&) {
        std::vector<std::size_t> axes;
        for (std::size_t a = 0; a != x.rank(); ++a) axes.push_back(a);
        std::swap(axes[x.rank() - 2], axes[x.rank() - 1]);
        plain::demand(x.shape[axes.back()] == x.shape.back());
        return plain::map(x, plain::permute(x, axes), std::plus<>());
    }
};

template <class... L>
struct menu {
    static constexpr std::size_t size = sizeof...(L);
};
using first_links =
    menu<turn, swap_first, cut<0, 1, -1, 2>, cut<-1, -5, 100, 3>, mirror<0>, mirror<-1>, pick<0>, pick<-1>, pairs,
         join_axes, repeat_first, repeat_last, margin<0, 1, 0>, margin<-1, 2, 1>, shift<0>, shift<-1>, joined<0>,
         joined<-1>, total<0>, total<-1>, less_total<0>, less_total<-1>, greatest<0>, greatest<-1>, running<0>,
         running<-1>, choose<0>, choose<-1>, on_diagonal, below, product, line, twice, plus_transposed>;
/// Compiling a chain takes half a second, so only matrices meet more than one second link.
template <std::size_t Rank>
using second_links = std::conditional_t<Rank == 2, menu<line, mirror<-1>, total<0>>,
                                        std::conditional_t<Rank == 3, menu<turn>, menu<line>>>;

[[noreturn]] void finding(char const* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

/// Whether a float holds all of it exactly; sums and products of what it does not hold depend on their order.
bool exact(array const& x) {
    for (double v : x.values)
        if (std::fabs(v) >= 1 << 22) return false;
    return true;
}

template <class X>
void compare(X const& x, array const& expected, char const* what) {
    bool same = x.size() == expected.values.size();
    for (std::size_t a = 0; a != x.rank(); ++a) same = same && x.shape()[a] == expected.extent(a);
    for (std::size_t i = 0; same && i != x.size(); ++i) same = static_cast<double>(x.data()[i]) == expected.values[i];
    if (!same) finding(what);
}

template <std::size_t Rank>
using floats = tn::tensor_of_t<float, decltype([]<std::size_t... A>(std::index_sequence<A...>) {
                                   return tn::shape<(static_cast<void>(A), tn::dyn)...>();
                               }(std::make_index_sequence<Rank>()))>;

template <std::size_t Rank>
floats<Rank> tensor_of(array const& x) {
    typename floats<Rank>::shape_type s;
    if constexpr (Rank != 0) {
        std::array<std::size_t, Rank> e{};
        std::copy(x.shape.begin(), x.shape.end(), e.begin());
        s = typename floats<Rank>::shape_type(e);
    }
    floats<Rank> t(tn::uninitialized, s);
    for (std::size_t i = 0; i != t.size(); ++i) t.data()[i] = static_cast<float>(x.values[i]);
    return t;
}

/// A chain of two links on an operand of Rank axes.
template <std::size_t Rank, class First, class Second>
void run_chain(array const& x, numbers const& n) {
    auto const build = [&](auto const& operand) { return Second::run(First::run(operand, n), n); };
    auto const loop = [&](array const& operand) { return Second::loop(First::loop(operand, n), n); };

    array expected;
    bool refused = false;
    try {
        array const between = First::loop(x, n);
        expected = Second::loop(between, n);
        if (!exact(between) || !exact(expected)) return;
    } catch (plain::refused const&) { refused = true; }

    auto t = tensor_of<Rank>(x);
    try {
        auto const e = build(t);
        compare(e.eval(), expected, "another result than plain loops have");
        if constexpr (std::is_same_v<decltype(e.eval()), floats<Rank>>) {
            t = build(t);
            compare(t, expected, "written over its operand it gives another result");
        }
        if (refused) finding("plain loops refuse what the library computes");
    } catch (tn::shape_error const& error) {
        if (!refused) finding(error.what());
    } catch (tn::index_error const& error) {
        if (!refused) finding(error.what());
    }

    // The gradient of a weighted sum, whose weights differ from their neighbours.
    if constexpr (Rank == 2 && First::linear && std::is_same_v<Second, line>) {
        if (refused || x.values.size() > 64) return;
        auto const weighted = [](array const& y) {
            double sum = 0;
            for (std::size_t i = 0; i != y.values.size(); ++i) sum += y.values[i] * static_cast<double>(1 + i % 7);
            return sum;
        };
        tn::variable w(tensor_of<Rank>(x));
        array weights = expected;
        for (std::size_t i = 0; i != weights.values.size(); ++i) weights.values[i] = static_cast<double>(1 + i % 7);
        constexpr std::size_t rank = tn::shape_t<decltype(build(w))>::rank();
        auto const factors = tensor_of<rank>(weights);
        tn::backward(tn::sum(build(w) * factors));
        array gradient = x, moved = x;
        double const here = weighted(expected);
        for (std::size_t i = 0; i != x.values.size(); ++i) {
            moved.values[i] += 1;
            gradient.values[i] = weighted(loop(moved)) - here;
            moved.values[i] -= 1;
        }
        compare(w.grad(), gradient, "another gradient than plain loops have");
    }
}

template <std::size_t Rank, class First, class... Second>
void choose_second(menu<Second...>, array const& x, numbers const& n, std::size_t second) {
    constexpr std::size_t between = std::remove_cvref_t<decltype(First::run(std::declval<floats<Rank>&>(), n))>::rank();
    std::size_t k = 0;
    auto const attempt = [&]<class S>(S) {
        if constexpr (S::least <= between)
            if (k == second) run_chain<Rank, First, S>(x, n);
        ++k;
    };
    (attempt(Second()), ...);
}

template <std::size_t Rank, class... First>
void choose_first(menu<First...>, array const& x, numbers const& n, std::size_t first, std::size_t second) {
    std::size_t k = 0;
    auto const attempt = [&]<class F>(F) {
        if constexpr (F::least <= Rank)
            if (k == first) choose_second<Rank, F>(second_links<Rank>(), x, n, second % second_links<Rank>::size);
        ++k;
    };
    (attempt(First()), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    std::size_t const rank = input.ConsumeIntegralInRange<std::size_t>(1, 3);
    auto const first = input.ConsumeIntegralInRange<std::size_t>(0, first_links::size - 1);
    std::size_t const second = input.ConsumeIntegral<std::uint8_t>();
    // The edges of packs, of blocks and of nothing.
    constexpr std::size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 130};
    plain::extents shape;
    std::size_t elements = 1;
    for (std::size_t a = 0; a != rank; ++a) {
        std::size_t const e = input.PickValueInArray(sizes);
        shape.push_back(elements * e > 2048 ? 1 : e);
        elements *= shape.back();
    }
    numbers n{input.ConsumeIntegralInRange<std::ptrdiff_t>(-6, 6), {}};
    std::size_t const count = input.ConsumeIntegralInRange<std::size_t>(0, 9);
    n.indices = tn::zeros<std::int64_t, tn::dyn>(count);
    for (auto& i : n.indices) i = input.ConsumeIntegralInRange<std::int64_t>(-1, 4);
    std::uint32_t state = input.ConsumeIntegral<std::uint16_t>();
    array const x = plain::generate(shape, [&](plain::extents const&) {
        state = state * 1664525 + 1013904223;
        return static_cast<double>(state >> 24 & 7) - 3;
    });
    if (rank == 1) choose_first<1>(first_links(), x, n, first, second);
    else if (rank == 2) choose_first<2>(first_links(), x, n, first, second);
    else choose_first<3>(first_links(), x, n, first, second);
    return 0;
}
