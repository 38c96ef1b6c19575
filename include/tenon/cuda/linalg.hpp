// Linear algebra in the device's memory: cholesky and solve by cuSOLVER and cuBLAS, with gradients. Needs the CUDA toolkit, and Eigen for
// tenon/linalg.hpp; programs link cublas and cusolver besides what tenon/cuda.hpp asks for. Without this header, and for what isn't
// here, linear algebra on a device is computed on the host's copies.
#pragma once

#include <cublas_v2.h>
#include <cusolverDn.h>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/cuda.hpp>
#include <tenon/linalg.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

inline void check_solver(cusolverStatus_t status, char const* call,
                         std::source_location where = std::source_location::current()) {
    if (status != CUSOLVER_STATUS_SUCCESS) fail(call, "status " + std::to_string(static_cast<int>(status)), "", where);
}

/// A thread's access to both libraries, in its stream. Row-major matrices are theirs transposed.
class solver_libraries {
public:
    static solver_libraries& local() {
        thread_local solver_libraries all;
        return all;
    }
    solver_libraries(solver_libraries const&) = delete;
    ~solver_libraries() {
        static_cast<void>(cublasDestroy(blas_));
        static_cast<void>(cusolverDnDestroy(solver_));
    }
    cublasHandle_t blas() const { return blas_; }
    cusolverDnHandle_t solver() const { return solver_; }

private:
    solver_libraries() {
        auto const stream = context::local().stream();
        check_blas(cublasCreate(&blas_), "cublasCreate");
        check_blas(cublasSetStream(blas_, stream), "cublasSetStream");
        check_solver(cusolverDnCreate(&solver_), "cusolverDnCreate");
        check_solver(cusolverDnSetStream(solver_, stream), "cusolverDnSetStream");
    }
    cublasHandle_t blas_ = nullptr;
    cusolverDnHandle_t solver_ = nullptr;
};

/// Square matrices one after another in the device's memory, and their addresses there.
template <class T>
class matrix_batch {
public:
    matrix_batch(T* first, std::size_t order, std::size_t columns, std::size_t count)
        : first_(first), step_(order * columns), count_(count) {
        std::vector<T*> all(count);
        for (std::size_t q = 0; q != count; ++q) all[q] = first + q * step_;
        addresses_.reserve(count);
        upload(all.data(), addresses_.data(), count);
    }
    T** addresses() const { return addresses_.data(); }
    T* operator[](std::size_t q) const { return first_ + q * step_; }
    int count() const { return static_cast<int>(count_); }

private:
    T* first_;
    std::size_t step_, count_;
    buffer<T*> addresses_;
};

/// What factorisations say of each matrix: 0, or the number of the pivot that stopped them, from 1.
class factor_reports {
public:
    explicit factor_reports(std::size_t count) : count_(count) { reports_.reserve(count); }
    int* data() const { return reports_.data(); }
    /// @throws linalg_error
    void check(char const* operation, char const* what, char const* of_pivot) const {
        std::vector<int> all(count_);
        download(reports_.data(), all.data(), count_);
        for (std::size_t q = 0; q != count_; ++q)
            if (all[q] > 0) linalg::detail::fail(operation, q, count_, what, all[q] - 1, of_pivot);
    }

private:
    std::size_t count_;
    buffer<int> reports_;
};

/// From this order on a matrix is worth calls of its own; before it all of a batch are factored by one.
inline constexpr std::size_t largest_in_batch = 512;

/// A triangular factor in each matrix's place, in the triangle that is `upper` to the libraries.
template <class T>
void factor_cholesky(matrix_batch<T> const& a, bool upper, std::size_t order, factor_reports const& reports) {
    auto const handle = solver_libraries::local().solver();
    auto const fill = upper ? CUBLAS_FILL_MODE_UPPER : CUBLAS_FILL_MODE_LOWER;
    int const n = static_cast<int>(order);
    constexpr bool single = std::is_same_v<T, float>;
    if (order <= largest_in_batch && a.count() != 1) {
        if constexpr (single)
            check_solver(cusolverDnSpotrfBatched(handle, fill, n, a.addresses(), n, reports.data(), a.count()),
                         "cusolverDnSpotrfBatched");
        else
            check_solver(cusolverDnDpotrfBatched(handle, fill, n, a.addresses(), n, reports.data(), a.count()),
                         "cusolverDnDpotrfBatched");
        return;
    }
    int size = 0;
    if constexpr (single)
        check_solver(cusolverDnSpotrf_bufferSize(handle, fill, n, a[0], n, &size), "cusolverDnSpotrf_bufferSize");
    else check_solver(cusolverDnDpotrf_bufferSize(handle, fill, n, a[0], n, &size), "cusolverDnDpotrf_bufferSize");
    buffer<T> room;
    room.reserve(static_cast<std::size_t>(size));
    for (int q = 0; q != a.count(); ++q) {
        T* const p = a[static_cast<std::size_t>(q)];
        if constexpr (single)
            check_solver(cusolverDnSpotrf(handle, fill, n, p, n, room.data(), size, reports.data() + q),
                         "cusolverDnSpotrf");
        else
            check_solver(cusolverDnDpotrf(handle, fill, n, p, n, room.data(), size, reports.data() + q),
                         "cusolverDnDpotrf");
    }
}

/// X of UX = B or of XUᵀ = B in B's place, for square matrices and the triangle that is upper to the library.
template <class T>
void solve_upper(matrix_batch<T> const& u, matrix_batch<T> const& b, std::size_t order, bool left) {
    auto const handle = solver_libraries::local().blas();
    auto const side = left ? CUBLAS_SIDE_LEFT : CUBLAS_SIDE_RIGHT;
    auto const turned = left ? CUBLAS_OP_N : CUBLAS_OP_T;
    int const n = static_cast<int>(order);
    T const one = 1;
    if constexpr (std::is_same_v<T, float>)
        check_blas(cublasStrsmBatched(handle, side, CUBLAS_FILL_MODE_UPPER, turned, CUBLAS_DIAG_NON_UNIT, n, n, &one,
                                      u.addresses(), n, b.addresses(), n, u.count()),
                   "cublasStrsmBatched");
    else
        check_blas(cublasDtrsmBatched(handle, side, CUBLAS_FILL_MODE_UPPER, turned, CUBLAS_DIAG_NON_UNIT, n, n, &one,
                                      u.addresses(), n, b.addresses(), n, u.count()),
                   "cublasDtrsmBatched");
}

/// X of AX = B, or of AᵀX = B, in the place of B, which has as many rows as `order`; A's factors take A's place.
template <class T>
void solve_by_lu(matrix_batch<T> const& a, matrix_batch<T> const& b, std::size_t order, std::size_t columns,
                 bool transposed, char const* operation) {
    auto const& all = solver_libraries::local();
    auto const turned = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    int const n = static_cast<int>(order), k = static_cast<int>(columns), count = a.count();
    auto const matrices = static_cast<std::size_t>(count);
    constexpr bool single = std::is_same_v<T, float>;
    buffer<int> pivots;
    pivots.reserve(order * matrices);
    factor_reports const reports(matrices);
    bool const in_batch = order <= largest_in_batch && count != 1;
    buffer<T> room;
    int size = 0;
    if (in_batch) {
        if constexpr (single)
            check_blas(cublasSgetrfBatched(all.blas(), n, a.addresses(), n, pivots.data(), reports.data(), count),
                       "cublasSgetrfBatched");
        else
            check_blas(cublasDgetrfBatched(all.blas(), n, a.addresses(), n, pivots.data(), reports.data(), count),
                       "cublasDgetrfBatched");
    } else {
        if constexpr (single)
            check_solver(cusolverDnSgetrf_bufferSize(all.solver(), n, n, a[0], n, &size),
                         "cusolverDnSgetrf_bufferSize");
        else
            check_solver(cusolverDnDgetrf_bufferSize(all.solver(), n, n, a[0], n, &size),
                         "cusolverDnDgetrf_bufferSize");
        room.reserve(static_cast<std::size_t>(size));
        for (std::size_t q = 0; q != matrices; ++q)
            if constexpr (single)
                check_solver(cusolverDnSgetrf(all.solver(), n, n, a[q], n, room.data(), pivots.data() + q * order,
                                              reports.data() + q),
                             "cusolverDnSgetrf");
            else
                check_solver(cusolverDnDgetrf(all.solver(), n, n, a[q], n, room.data(), pivots.data() + q * order,
                                              reports.data() + q),
                             "cusolverDnDgetrf");
    }
    reports.check(operation, "is singular", "is zero");
    if (in_batch) {
        int wrong = 0;  // says which argument was wrong, and is the host's
        if constexpr (single)
            check_blas(cublasSgetrsBatched(all.blas(), turned, n, k, a.addresses(), n, pivots.data(), b.addresses(), n,
                                           &wrong, count),
                       "cublasSgetrsBatched");
        else
            check_blas(cublasDgetrsBatched(all.blas(), turned, n, k, a.addresses(), n, pivots.data(), b.addresses(), n,
                                           &wrong, count),
                       "cublasDgetrsBatched");
        return;
    }
    for (std::size_t q = 0; q != matrices; ++q)
        if constexpr (single)
            check_solver(cusolverDnSgetrs(all.solver(), turned, n, k, a[q], n, pivots.data() + q * order, b[q], n,
                                          reports.data() + q),
                         "cusolverDnSgetrs");
        else
            check_solver(cusolverDnDgetrs(all.solver(), turned, n, k, a[q], n, pivots.data() + q * order, b[q], n,
                                          reports.data() + q),
                         "cusolverDnDgetrs");
}

/// Matrices in the device's memory as an operand, whatever their shape's type: what computes with these is compiled once.
using batch_shape = tenon::shape<dyn, dyn, dyn>;
template <class T, class S>
auto on_device(array_of<T, S> const& a) {
    return memory_node<std::remove_const_t<T>, batch_shape, packed_memory, device>(
        a.data, batch_shape(std::array{linalg::detail::matrices(a.shape), linalg::detail::rows(a.shape),
                                       linalg::detail::columns(a.shape)}));
}
/// The same, to be assigned to.
template <class T, class S>
auto written(array_of<T, S> const& a) {
    return writable(on_device(a));
}

}  // namespace tenon::inline TENON_TARGET::cuda::detail

namespace tenon::inline TENON_TARGET::eval {

template <class T, class S>
    requires(std::is_same_v<T, float> || std::is_same_v<T, double>)
struct device_form<linalg::detail::cholesky_rule<T, S>> {
    using rule = linalg::detail::cholesky_rule<T, S>;
    static constexpr bool exists = true;
    static std::size_t launches(rule const&, S const& s) { return calls(s) + 1; }
    /// Two products' operands and the product, the triangle, two solutions, and the sum.
    static std::size_t gradient_launches(rule const&, S const&) { return 7; }

    static void forward(rule const& r, array_of<T, S> const& y, array_of<T const, S> const& x) {
        cuda::context::local().refuse_capture(rule::name);
        std::size_t const n = linalg::detail::rows(x.shape), count = linalg::detail::matrices(x.shape);
        cuda::buffer<T> factors;
        factors.reserve(x.shape.size());
        cuda::copy_elements(x.data, factors.data(), x.shape.size());
        cuda::detail::factor_reports const reports(count);
        // Our lower triangle is the libraries' upper one. They leave anything in the other.
        cuda::detail::factor_cholesky<T>({factors.data(), n, n, count}, !r.upper, n, reports);
        reports.check(rule::name, "isn't positive definite", "isn't positive");
        auto const found = cuda::detail::on_device(array_of<T, S>{factors.data(), x.shape});
        if (r.upper) cuda::detail::written(y) = triu(found);
        else cuda::detail::written(y) = tril(found);
    }
    /// See linalg::detail::add_cholesky_gradient.
    static void backward(rule const& r, array_of<T const, S> const& y, array_of<T const, S> const& g,
                         array_of<T const, S> const&, array_of<T, S> const& gx) {
        cuda::context::local().refuse_capture(rule::name);
        std::size_t const n = linalg::detail::rows(y.shape), count = linalg::detail::matrices(y.shape);
        auto const yy = cuda::detail::on_device(y), gg = cuda::detail::on_device(g);
        cuda::tensor<T, dyn, dyn, dyn> l, p;
        if (r.upper) {
            l = transpose(yy);
            p = matmul(yy, tril(transpose(gg)));
        } else {
            l = yy;
            p = matmul(transpose(yy), tril(gg));
        }
        cuda::tensor<T, dyn, dyn, dyn> x = tril(p) + transpose(tril(p, -1));
        cuda::detail::matrix_batch<T> const factors(l.device_data(), n, n, count), found(x.device_data(), n, n, count);
        cuda::detail::solve_upper(factors, found, n, false);
        cuda::detail::solve_upper(factors, found, n, true);
        cuda::detail::written(gx) += (x + transpose(x)) * T(.25);
    }

private:
    static std::size_t calls(S const& s) {
        return linalg::detail::rows(s) <= cuda::detail::largest_in_batch ? 1 : linalg::detail::matrices(s);
    }
};

template <class T, class S, class R>
    requires(std::is_same_v<T, float> || std::is_same_v<T, double>)
struct device_form<linalg::detail::solve_rule<T, S, R>> {
    using rule = linalg::detail::solve_rule<T, S, R>;
    static constexpr bool exists = true;
    static std::size_t launches(rule const& r, S const& s, R const&) { return calls(s) + (r.left ? 2 : 0); }
    static std::size_t gradient_launches(rule const& r, S const& s, R const& b) { return launches(r, s, b) + 4; }

    static void forward(rule const& r, array_of<T, R> const& y, array_of<T const, S> const& a,
                        array_of<T const, R> const& b) {
        solve(r, y, a, b, false);
    }
    static void backward(rule const& r, array_of<T const, R> const& y, array_of<T const, R> const& g,
                         array_of<T const, S> const& a, array_of<T const, R> const&, array_of<T, S> const& ga,
                         array_of<T, R> const& gb) {
        cuda::tensor_of_t<T, R> w(uninitialized, g.shape);
        solve(r, {w.device_data(), g.shape}, a, g, true);
        auto const solved = cuda::detail::on_device(array_of<T, R>{w.device_data(), g.shape});
        if (gb.data) cuda::detail::written(gb) += solved;
        if (!ga.data) return;
        auto const x = transpose(cuda::detail::on_device(y));
        if (r.left) cuda::detail::written(ga) -= matmul(solved, x);
        else cuda::detail::written(ga) -= matmul(x, solved);
    }

private:
    static std::size_t calls(S const& s) {
        return linalg::detail::rows(s) <= cuda::detail::largest_in_batch ? 2 : 2 * linalg::detail::matrices(s);
    }
    static void solve(rule const& r, array_of<T, R> const& y, array_of<T const, S> const& a,
                      array_of<T const, R> const& b, bool transposed) {
        cuda::context::local().refuse_capture(rule::name);
        std::size_t const n = linalg::detail::rows(a.shape), count = linalg::detail::matrices(a.shape);
        std::size_t const k = r.left ? linalg::detail::columns(b.shape) : linalg::detail::rows(b.shape);
        cuda::buffer<T> factors;
        factors.reserve(a.shape.size());
        cuda::copy_elements(a.data, factors.data(), a.shape.size());
        cuda::detail::matrix_batch<T> const lu(factors.data(), n, n, count);
        // The libraries see Aᵀ and Bᵀ: as it lies, B is the right side of XA = B, which to them is AᵀXᵀ = Bᵀ.
        if (r.left) {
            cuda::tensor turned = transpose(cuda::detail::on_device(b));
            cuda::detail::solve_by_lu<T>(lu, {turned.device_data(), n, k, count}, n, k, !transposed, rule::name);
            cuda::detail::written(y) = transpose(turned);
        } else {
            cuda::copy_elements(b.data, y.data, y.shape.size());
            cuda::detail::solve_by_lu<T>(lu, {y.data, n, k, count}, n, k, transposed, rule::name);
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
