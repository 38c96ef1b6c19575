#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <type_traits>

#include <tenon/linalg.hpp>

#include "../catch.hpp"

namespace tn = tenon;
using cd = std::complex<double>;
using tn::dyn;

namespace {
/// Whether AV = V diag(λ), with columns of length 1.
template <class T>
void check_factors(tn::tensor<T, dyn, dyn, dyn> const& a) {
    auto const [values, vectors] = tn::linalg::eig(a);
    tn::tensor<cd, dyn, dyn> const l = values;
    tn::tensor<cd, dyn, dyn, dyn> const v = vectors;
    std::size_t const n = l.shape()[1];
    for (std::size_t q = 0; q != l.shape()[0]; ++q)
        for (std::size_t j = 0; j != n; ++j) {
            double length = 0;
            for (std::size_t i = 0; i != n; ++i) {
                cd product = 0;
                for (std::size_t k = 0; k != n; ++k) product += a(q, i, k) * v(q, k, j);
                CHECK(std::abs(product - v(q, i, j) * l(q, j)) < 1e-12);
                length += std::norm(v(q, i, j));
            }
            CHECK(std::abs(length - 1) < 1e-12);
        }
}
}  // namespace

TEST_CASE("eigenvalues and eigenvectors of real and complex matrices") {
    tn::tensor<double, dyn, dyn, dyn> a(2, 4, 4);
    tn::tensor<cd, dyn, dyn, dyn> z(2, 4, 4);
    for (std::size_t i = 0; i != a.size(); ++i) {
        a.data()[i] = static_cast<double>(i * 7 % 11) - 5;
        z.data()[i] = {static_cast<double>(i * 5 % 13) - 6, static_cast<double>(i * 3 % 7) - 3};
    }
    check_factors(a);
    check_factors(z);
    // A rotation has none that is real; without matrices there are none.
    tn::tensor<double, dyn, dyn, dyn> quarter = tn::tensor<double, 1, 2, 2>({{{0, -1}, {1, 0}}});
    auto const values_of = [](tn::tensor<double, dyn, dyn, dyn> const& m) {
        return tn::tensor(tn::linalg::eigvals(m));
    };
    auto const l = values_of(quarter);
    CHECK(std::abs(l(0, 0) * l(0, 1) - 1.) < 1e-15);
    CHECK(std::abs(l(0, 0) + l(0, 1)) < 1e-15);
    CHECK(values_of(tn::tensor<double, dyn, dyn, dyn>(3, 0, 0)).size() == 0);
    quarter(0, 0, 0) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(values_of(quarter), tn::linalg_error);
    using found = decltype(tn::linalg::eigvals(tn::tensor<float, 2, 2>()));
    static_assert(std::is_same_v<tn::value_t<found>, std::complex<float>> &&
                  std::is_same_v<tn::shape_t<found>, tn::shape<2>>);
    CHECK_THROWS_AS(tn::linalg::eig(tn::tensor<double, dyn, dyn>(2, 3)), tn::shape_error);
}

TEST_CASE("eigenvalues and eigenvectors have gradients, but not what depends on phases") {
    tn::variable<double, dyn, dyn, dyn> a(tn::tensor<double, 1, 3, 3>({{{1, 2, -1}, {0.5, -1, 3}, {2, 1, 0.25}}}));
    tn::variable<cd, dyn, dyn, dyn> z(tn::tensor<cd, 1, 3, 3>(
        {{{{1, 2}, {0, 1}, {-1, 0.5}}, {{2, 0}, {-1, 1}, {0.5, 0}}, {{0, -1}, {1, 1}, {3, 0.25}}}}));
    auto const loss = [](auto const& m) {
        auto const [values, vectors] = tn::linalg::eig(m);
        return tn::sum(tn::square(tn::abs(values + cd(1, 2)))) + tn::sum(tn::square(tn::square(tn::abs(vectors))));
    };
    CHECK(tn::gradcheck(loss(a)));
    CHECK(tn::gradcheck(loss(z)));
    auto const phases = tn::sum(tn::imag(tn::linalg::eig(z).eigenvectors * cd(3, 1)));
    CHECK_THROWS_AS(tn::backward(phases), tn::linalg_error);
}
