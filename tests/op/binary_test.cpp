#include "torch_data.hpp"

namespace tn = tenon;
using torch_data::all;

namespace {

/// Values and slopes of an operator of a, b and c, for single numbers and, in one pass, the slopes of all operands.
template <class T, std::size_t Operands>
void check(std::string const& name, auto const& f) {
    using lane = tn::element::pack<T, 1>;
    using dual = tn::element::dual<lane, Operands>;
    auto const &a = all<T>().at("a"), &b = all<T>().at("b"), &c = all<T>().at("c");
    torch_data::check<T>(name, [&](std::size_t i) { return static_cast<T>(f(lane(a[i]), lane(b[i]), lane(c[i]))[0]); });
    for (std::size_t k = 0; k != Operands; ++k)
        torch_data::check<T>(name + "'" + std::to_string(k), [&](std::size_t i) {
            dual v[] = {lane(a[i]), lane(b[i]), lane(c[i])};
            for (std::size_t j = 0; j != Operands; ++j) v[j].tangent[j] = lane(1);
            return f(v[0], v[1], v[2]).tangent[k][0];
        });
}

/// The same by way of tensors of doubles and their gradients.
template <std::size_t Operands>
void check_tensors(std::string const& name, auto const& f) {
    std::size_t const size = all<double>().at("a").size();
    using variable = tn::variable<double, tn::dyn>;
    auto const read = [&](char const* column) {
        tn::tensor<double, tn::dyn> t(size);
        for (std::size_t i = 0; i != size; ++i) t(i) = all<double>().at(column)[i];
        return variable(t);
    };
    variable v[] = {read("a"), read("b"), read("c")};
    auto const y = f(v[0], v[1], v[2]);
    tn::tensor<double, tn::dyn> const value = y;
    torch_data::check<double>(name, [&](std::size_t i) { return value(i); });
    tn::backward(tn::sum(y));
    for (std::size_t k = 0; k != Operands; ++k)
        torch_data::check<double>(name + "'" + std::to_string(k), [&](std::size_t i) { return v[k].grad()(i); });
}

}  // namespace

#define OPERATOR(count, name, ...)                                                                                     \
    TEST_CASE("PyTorch: " #name) {                                                                                     \
        auto const f = []([[maybe_unused]] auto const& a, [[maybe_unused]] auto const& b,                              \
                          [[maybe_unused]] auto const& c) { return __VA_ARGS__; };                                     \
        check<float, count>(#name, f);                                                                                 \
        check<double, count>(#name, f);                                                                                \
        check_tensors<count>(#name, f);                                                                                \
    }
#define ARITHMETIC(name, sign)                                                                                         \
    TEST_CASE("PyTorch: " #name) {                                                                                     \
        check_tensors<2>(#name, [](auto const& a, auto const& b, auto const&) { return a sign b; });                   \
    }

ARITHMETIC(add, +)
ARITHMETIC(sub, -)
ARITHMETIC(mul, *)
ARITHMETIC(div, /)
OPERATOR(2, atan2, tn::atan2(a, b))
OPERATOR(2, hypot, tn::hypot(a, b))
OPERATOR(2, fmod, tn::fmod(a, b))
OPERATOR(2, remainder, tn::remainder(a, b))
OPERATOR(2, minimum, tn::minimum(a, b))
OPERATOR(2, maximum, tn::maximum(a, b))
OPERATOR(2, pow, tn::pow(a, b))
OPERATOR(2, logaddexp, tn::logaddexp(a, b))
OPERATOR(2, xlogy, tn::xlogy(a, b))
OPERATOR(3, lerp, tn::lerp(a, b, c))
OPERATOR(3, clamp, tn::clamp(a, b, c))
OPERATOR(3, where, tn::where(a > 0, b, c))

namespace {

/// An operator on two tensors that gives bools.
void check_bool(std::string const& name, auto const& f) {
    auto const &a = all<float>().at("a"), &b = all<float>().at("b");
    tn::tensor<float, tn::dyn> ta(a.size()), tb(b.size());
    for (std::size_t i = 0; i != a.size(); ++i) ta(i) = a[i], tb(i) = b[i];
    tn::tensor y = f(ta, tb);
    static_assert(std::is_same_v<tn::value_t<decltype(y)>, bool>);
    torch_data::check<float>(name, [&](std::size_t i) { return y(i) ? 1.f : 0.f; });
}
/// One on x.
void check_class(std::string const& name, auto const& f) {
    auto const& x = all<float>().at("x");
    tn::tensor<float, tn::dyn> t(x.size());
    for (std::size_t i = 0; i != x.size(); ++i) t(i) = x[i];
    tn::tensor y = f(t);
    static_assert(std::is_same_v<tn::value_t<decltype(y)>, bool>);
    torch_data::check<float>(name, [&](std::size_t i) { return y(i) ? 1.f : 0.f; });
}

}  // namespace

TEST_CASE("PyTorch: comparisons, logic and classes") {
    check_bool("eq", [](auto& a, auto& b) { return a == b; });
    check_bool("ne", [](auto& a, auto& b) { return a != b; });
    check_bool("lt", [](auto& a, auto& b) { return a < b; });
    check_bool("le", [](auto& a, auto& b) { return a <= b; });
    check_bool("gt", [](auto& a, auto& b) { return a > b; });
    check_bool("ge", [](auto& a, auto& b) { return a >= b; });
    check_bool("logical_and", [](auto& a, auto& b) { return a && b; });
    check_bool("logical_or", [](auto& a, auto& b) { return a || b; });
    check_bool("logical_xor", [](auto& a, auto& b) { return tn::logical_xor(a, b); });
    check_class("isnan", [](auto& x) { return tn::isnan(x); });
    check_class("isinf", [](auto& x) { return tn::isinf(x); });
    check_class("isfinite", [](auto& x) { return tn::isfinite(x); });
}
