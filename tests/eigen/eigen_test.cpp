// Eigen's objects as tensors, and tensors as Eigen's.
#include <type_traits>

#include <tenon/eigen.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// Whether a tensor has an Eigen object's elements, in its own order of axes.
template <class A, class M>
bool same(A const& a, M const& m) {
    tn::tensor const t = a;
    if (t.size() != static_cast<std::size_t>(m.size())) return false;
    for (Eigen::Index i = 0; i != m.rows(); ++i)
        for (Eigen::Index j = 0; j != m.cols(); ++j)
            if (t.data()[i * m.cols() + j] != m(i, j)) return false;
    return true;
}

}  // namespace

TEST_CASE("as_eigen maps a tensor's elements", "[eigen]") {
    tn::tensor<float, 2, 3> t({{1, 2, 3}, {4, 5, 6}});
    auto m = tn::as_eigen(t);
    static_assert(std::is_same_v<decltype(m), Eigen::Map<Eigen::Matrix<float, 2, 3, Eigen::RowMajor>>>);
    CHECK((m.data() == t.data() && m(1, 0) == 4));
    m(1, 2) = 7;
    m.row(0) *= 2;
    CHECK((t(1, 2) == 7 && t(0, 1) == 4));
    static_assert(std::is_same_v<decltype(tn::as_eigen(std::as_const(t))),
                                 Eigen::Map<Eigen::Matrix<float, 2, 3, Eigen::RowMajor> const>>);

    tn::tensor<double, tn::dyn> v = tn::arange<double>(1, 4);
    static_assert(std::is_same_v<decltype(tn::as_eigen(v)), Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, 1>>>);
    CHECK(tn::as_eigen(v).squaredNorm() == 14);
    tn::variable<double, 3, 1> w(tn::tensor<double, 3, 1>({{1}, {2}, {3}}));
    tn::as_eigen(w)(1, 0) = 5;
    CHECK((w.value()(1, 0) == 5 && tn::as_eigen(w.grad()).isZero()));
    tn::tensor<float, tn::dyn, 4> empty;
    CHECK((tn::as_eigen(empty).rows() == 0 && tn::as_eigen(empty).cols() == 4));

    tn::tensor<float, tn::dyn, tn::dyn> r(2, 2);
    tn::as_eigen(r).noalias() = m * m.transpose();  // an Eigen expression in a tensor
    CHECK(r(0, 1) == m.row(0).dot(m.row(1)));
}

TEST_CASE("as_eigen maps views by their strides", "[eigen]") {
    tn::tensor<float, 4, 6> t = tn::arange<float>(0, 24).reshape<4, 6>();
    auto const columns = tn::as_eigen(tn::transpose(t));
    CHECK((columns.rows() == 6 && columns(5, 2) == t(2, 5)));
    tn::as_eigen(tn::slice<1, 0, 6, 2>(t)).setZero();
    CHECK((t(3, 4) == 0 && t(3, 5) == 23));
    tn::as_eigen(tn::select<1>(t, 1)).setConstant(9);
    CHECK((t(0, 1) == 9 && t(3, 1) == 9 && t(3, 3) == 21));
    tn::as_eigen(tn::slice<1, 1, 2>(t))(2, 0) = 8;  // a column, under the step of a row
    CHECK(t(2, 1) == 8);
    auto const fixed = tn::as_eigen(tn::flip<0>(std::as_const(t)));
    static_assert(!(decltype(fixed)::Flags & Eigen::LvalueBit));
    CHECK(fixed(0, 5) == 23);
}

TEST_CASE("as_tensor reads and writes Eigen's elements where they are", "[eigen]") {
    Eigen::Matrix<float, 3, 2> columns;
    columns << 1, 2, 3, 4, 5, 6;
    Eigen::MatrixXf dynamic = columns;
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = columns;
    Eigen::Array3Xf array = columns.array();
    Eigen::RowVector3d row(1, 2, 3);
    Eigen::Matrix<double, 1, 1> one(4);
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(columns))>, tn::shape<3, 2>>);
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(array))>, tn::shape<3, tn::dyn>>);
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(row))>, tn::shape<3>>);
    static_assert(tn::shape_t<decltype(tn::as_tensor(one))>::rank() == 0);
    CHECK((same(tn::as_tensor(columns), columns) && same(tn::as_tensor(dynamic), columns)));
    CHECK((same(tn::as_tensor(rows), columns) && same(tn::as_tensor(array), columns)));
    CHECK((same(tn::as_tensor(row), row) && tn::as_tensor(one).item() == 4));
    CHECK(same(tn::as_tensor(dynamic.transpose()), columns.transpose()));
    CHECK(same(tn::as_tensor(dynamic.block(1, 0, 2, 2)), columns.block(1, 0, 2, 2)));
    CHECK(same(tn::as_tensor(rows.col(1)), columns.col(1)));
    CHECK(same(tn::as_tensor(rows).reshape<6>(), Eigen::Map<Eigen::RowVectorXf>(rows.data(), 6)));

    tn::as_tensor(dynamic) = tn::as_tensor(rows) * 2.f + tn::as_tensor(columns);
    CHECK(dynamic == columns * 3);
    tn::as_tensor(dynamic.row(1)) = tn::tensor<float, 2>({-1, -2});
    tn::as_tensor(rows.block(0, 1, 2, 1)) += 1.f;
    CHECK((dynamic(1, 1) == -2 && dynamic(2, 1) == 18 && rows(1, 1) == 5 && rows(2, 1) == 6));
    tn::as_tensor(rows) = tn::matmul(tn::as_tensor(rows), tn::tensor<float, 2, 2>({{0, 1}, {1, 0}}));
    CHECK((rows(2, 0) == 6 && rows(2, 1) == 5));
    CHECK_THROWS_AS(tn::as_tensor(dynamic) = (tn::zeros<float, tn::dyn, 2>(2)), tn::shape_error);

    Eigen::Matrix<float, 2, 2> const fixed = Eigen::Matrix2f::Identity();
    static_assert(!tn::detail::is_writable<decltype(tn::as_tensor(fixed))>);
    float memory[] = {1, 2, 3, 4, 5, 6, 7, 8};
    Eigen::Map<Eigen::Matrix2f, 0, Eigen::Stride<4, 2>> const strided(memory);
    CHECK(same(tn::as_tensor(strided), strided));
    Eigen::Map<Eigen::Matrix<float, -1, -1, Eigen::RowMajor>> packed(memory, 2, 4);
    static_assert(decltype(tn::as_tensor(packed))::strides_type::is_packed);
    CHECK(same(tn::as_tensor(packed), packed));
}

TEST_CASE("what Eigen has still to compute goes into a tensor, and a computation into a matrix", "[eigen]") {
    Eigen::Matrix<double, 2, 3> a;
    a << 1, 2, 3, 4, 5, 6;
    Eigen::MatrixXd b = a.transpose();
    tn::tensor const t = tn::as_tensor(a * b);
    static_assert(std::is_same_v<decltype(t), tn::tensor<double, 2, tn::dyn> const>);
    CHECK(same(t, a * b));
    tn::tensor s = tn::as_tensor(a.cwiseAbs2().rowwise().sum() + a.col(0));
    CHECK(same(s, (a.cwiseAbs2().rowwise().sum() + a.col(0)).eval()));
    tn::tensor const e = tn::as_tensor(a.array().square() * 2);
    CHECK(same(e, (a.array().square() * 2).eval()));
    tn::tensor const own = tn::as_tensor(Eigen::MatrixXd(b));
    CHECK(same(own, b));
    CHECK(tn::as_tensor(a.row(0) * b.col(1)).item() == a.row(0).dot(b.col(1)));

    Eigen::MatrixXd const m = tn::to_eigen(tn::as_tensor(a) * 2. + 1.);
    CHECK((m.rows() == 2 && m(1, 2) == 13));
    CHECK(tn::to_eigen(tn::sum<1>(tn::as_tensor(a))).sum() == a.sum());
}

TEST_CASE("Eigen's elements are operands with gradients around them", "[eigen]") {
    Eigen::MatrixXd data(2, 3);
    data << 1, -2, 3, 4, 5, -6;
    tn::variable w(tn::as_tensor(data));
    static_assert(std::is_same_v<decltype(w), tn::variable<double, tn::dyn, tn::dyn>>);
    tn::backward(tn::sum(tn::square(w) * tn::as_tensor(data)));
    CHECK(tn::allclose(w.grad(), 2. * tn::as_tensor(data) * tn::as_tensor(data)));
    CHECK(tn::as_eigen(w.grad()).isApprox(2 * data.cwiseAbs2()));
}
