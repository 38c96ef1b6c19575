// Matrix products by cuBLASLt: row-major and transposed operands where they lie, with an algorithm that is looked for once.
#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>

#include <tenon/eval/cuda/context.hpp>
#include <tenon/kernels/matmul.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET::cuda {

namespace detail {

inline void check_blas(cublasStatus_t status, char const* call, std::string const& on = {},
                       std::source_location where = std::source_location::current()) {
    if (status != CUBLAS_STATUS_SUCCESS) fail(call, cublasLtGetStatusString(status), on, where);
}

template <auto Destroy>
struct destroyer {
    template <class T>
    void operator()(T* p) const {
        static_cast<void>(Destroy(p));
    }
};
/// A description that the library allocates and this object frees.
template <class T, cublasStatus_t (*Destroy)(T)>
using described = std::unique_ptr<std::remove_pointer_t<T>, destroyer<Destroy>>;

/// A product that was planned: what the library wants to be told about it, and the algorithm that it chose.
struct planned_product {
    bool possible;  ///< whether the library has an algorithm, epilogue included
    described<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> operation;
    described<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> a, b, c;
    cublasLtMatmulAlgo_t algorithm;
};

/// What tells one plan from another.
using product_key = std::array<std::int64_t, 21>;

/// How the library names an element type and what it computes in. Narrow elements are summed as floats.
struct product_types {
    cudaDataType_t element, scale;
    cublasComputeType_t compute;
};
/// Element types that the library multiplies.
template <class T>
concept in_library = std::is_same_v<T, float> || std::is_same_v<T, double> || element::narrow<T>;
template <in_library T>
constexpr product_types types_of(matmul_precision precision) {
    if constexpr (std::is_same_v<T, double>) return {CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F};
    else if constexpr (std::is_same_v<T, bfloat16>) return {CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    else if constexpr (std::is_same_v<T, float16>) return {CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    else
        return {CUDA_R_32F, CUDA_R_32F,
                precision == matmul_precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F};
}

/// A thread's access to the library: its handle, its workspace, and the plans that were made.
struct blas {
    cublasLtHandle_t handle = nullptr;
    block workspace;
    std::map<product_key, planned_product> plans;

    /// As large as the library recommends for the newest devices.
    static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

    explicit blas(context& c) {
        check_blas(cublasLtCreate(&handle), "cublasLtCreate");
        workspace = block(c.memory(), workspace_bytes);
    }
    blas(blas const&) = delete;
    blas& operator=(blas const&) = delete;
    ~blas() {
        plans.clear();
        static_cast<void>(cublasLtDestroy(handle));
    }
    static blas& local() {
        auto& c = context::local();
        if (!c.products) {
            c.refuse_capture("the first product of a thread");
            c.products = std::make_shared<blas>(c);
        }
        return *c.products;
    }
};

/// The largest power of two, up to 256, that divides an address and a distance in bytes.
inline std::int64_t alignment_of(void const* p, std::size_t distance) {
    auto const address = reinterpret_cast<std::uintptr_t>(p) | distance | 256;
    return static_cast<std::int64_t>(address & (~address + 1));
}

}  // namespace detail

/// A matrix in device memory by the distances of its rows and columns, and of the matrices of a batch.
template <class T>
struct strided {
    T* p;
    std::ptrdiff_t rows, columns, batch = 0;

    strided transposed() const { return {p, columns, rows, batch}; }
};

/// What the library does beside a product, in the same call. Bias, activation and an activation's slope go along the rows of a
/// row-major product; the sums of a bias's gradient are those of the right factor's columns, over the product's depth.
struct epilogue {
    cublasLtEpilogue_t kind = CUBLASLT_EPILOGUE_DEFAULT;
    void const* bias = nullptr;      ///< what is added to each row, or where a bias's gradient goes
    void const* saved = nullptr;     ///< what an activation leaves for its slope: a bit mask, or its operand
    std::int64_t saved_leading = 0;  ///< the distance of its rows, in bits or elements

    bool none() const { return kind == CUBLASLT_EPILOGUE_DEFAULT; }
    bool sums_factor() const { return kind == CUBLASLT_EPILOGUE_BGRADA || kind == CUBLASLT_EPILOGUE_BGRADB; }
    /// The same of the transposed product of transposed factors.
    epilogue turned() const {
        epilogue e = *this;
        if (kind == CUBLASLT_EPILOGUE_BGRADA) e.kind = CUBLASLT_EPILOGUE_BGRADB;
        if (kind == CUBLASLT_EPILOGUE_BGRADB) e.kind = CUBLASLT_EPILOGUE_BGRADA;
        return e;
    }
    /// Whether the library may be asked: some of its kernels read the vector 16 bytes at a time.
    bool aligned() const { return reinterpret_cast<std::uintptr_t>(bias) % 16 == 0; }
};

namespace detail {

/// A matrix as the library sees it, column by column: as it is or transposed.
struct column_major {
    bool fits;
    bool transposed;
    std::int64_t leading;
};
/// How an r by c matrix of these distances looks to the library.
template <class T>
column_major seen_by_columns(strided<T> const& m, std::size_t r, std::size_t c) {
    auto const rows = static_cast<std::int64_t>(r), columns = static_cast<std::int64_t>(c);
    if ((m.rows == 1 || r == 1) && (m.columns >= rows || c == 1))
        return {true, false, c == 1 ? std::max<std::int64_t>(rows, 1) : m.columns};
    if ((m.columns == 1 || c == 1) && (m.rows >= columns || r == 1))
        return {true, true, r == 1 ? std::max<std::int64_t>(columns, 1) : m.rows};
    return {false, false, 0};
}

inline void set(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what, auto value) {
    check_blas(cublasLtMatmulDescSetAttribute(d, what, &value, sizeof(value)), "cublasLtMatmulDescSetAttribute");
}
inline void set(cublasLtMatrixLayout_t d, cublasLtMatrixLayoutAttribute_t what, auto value) {
    check_blas(cublasLtMatrixLayoutSetAttribute(d, what, &value, sizeof(value)), "cublasLtMatrixLayoutSetAttribute");
}
inline void set(cublasLtMatmulPreference_t d, cublasLtMatmulPreferenceAttributes_t what, auto value) {
    check_blas(cublasLtMatmulPreferenceSetAttribute(d, what, &value, sizeof(value)),
               "cublasLtMatmulPreferenceSetAttribute");
}
inline void describe(described<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>& to, cudaDataType_t type,
                     std::int64_t rows, std::int64_t columns, std::int64_t leading, std::int64_t count,
                     std::int64_t distance) {
    cublasLtMatrixLayout_t layout = nullptr;
    check_blas(cublasLtMatrixLayoutCreate(&layout, type, static_cast<std::uint64_t>(rows),
                                          static_cast<std::uint64_t>(columns), leading),
               "cublasLtMatrixLayoutCreate");
    to.reset(layout);
    if (count > 1) {
        set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(count));
        set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, distance);
    }
}

/// Tells a planned product where its epilogue's vectors lie.
inline void point_to(cublasLtMatmulDesc_t operation, epilogue const& e) {
    if (e.bias) set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, e.bias);
    if (e.saved) set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, e.saved);
}

/// The plan of a key. The key is [m, n, k, how a, b lie, leading distances of a, b, c, their alignments, batch and its
/// distances, element and computing type, the epilogue with alignments and distance of its vectors]. A product with an epilogue that the
/// library does not have is remembered as impossible. @throws error where a plain product is
inline planned_product const& plan(blas& library, product_key const& key, product_types const& types, epilogue const& e,
                                   std::string const& on) {
    if (auto const found = library.plans.find(key); found != library.plans.end()) return found->second;
    auto const [m, n, k, ta, tb, la, lb, lc, align_a, align_b, align_c, count, batch_a, batch_b, batch_c, element,
                compute, after, align_bias, align_saved, saved_leading] = key;
    planned_product p{};
    cublasLtMatmulDesc_t operation = nullptr;
    check_blas(cublasLtMatmulDescCreate(&operation, types.compute, types.scale), "cublasLtMatmulDescCreate", on);
    p.operation.reset(operation);
    set(operation, CUBLASLT_MATMUL_DESC_TRANSA, static_cast<std::int32_t>(ta ? CUBLAS_OP_T : CUBLAS_OP_N));
    set(operation, CUBLASLT_MATMUL_DESC_TRANSB, static_cast<std::int32_t>(tb ? CUBLAS_OP_T : CUBLAS_OP_N));
    if (!e.none()) {
        set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<std::uint32_t>(after));
        point_to(operation, e);  // the choice of an algorithm looks at their alignment
        if (e.saved) set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, saved_leading);
    }
    describe(p.a, types.element, ta ? k : m, ta ? m : k, la, count, batch_a);
    describe(p.b, types.element, tb ? n : k, tb ? k : n, lb, count, batch_b);
    describe(p.c, types.element, m, n, lc, count, batch_c);
    cublasLtMatmulPreference_t preference = nullptr;
    check_blas(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    described<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> const owner(preference);
    set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(blas::workspace_bytes));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(align_a));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(align_b));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(align_c));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(align_c));
    cublasLtMatmulHeuristicResult_t chosen{};
    int found = 0;
    auto const status = cublasLtMatmulAlgoGetHeuristic(library.handle, operation, p.a.get(), p.b.get(), p.c.get(),
                                                       p.c.get(), preference, 1, &chosen, &found);
    p.possible = status == CUBLAS_STATUS_SUCCESS && found != 0;
    if (!p.possible && e.none()) {
        check_blas(status, "cublasLtMatmulAlgoGetHeuristic", on);
        fail("cublasLtMatmulAlgoGetHeuristic", "no algorithm", on, std::source_location::current());
    }
    p.algorithm = chosen.algo;
    return library.plans.emplace(key, std::move(p)).first->second;
}

/// What came of a product that the library was asked for.
enum class library_answer { refused, plain, with_epilogue };

/// A product by the library, whose matrices are column-major; see `gemm`.
template <class T>
library_answer library_product(std::size_t m, std::size_t n, std::size_t k, strided<T const> a, strided<T const> b,
                               strided<T> c, bool adds, std::size_t count, epilogue const& e) {
    auto const sa = seen_by_columns(a, m, k), sb = seen_by_columns(b, k, n), sc = seen_by_columns(c, m, n);
    if (k == 0 || !sa.fits || !sb.fits || !sc.fits || sc.transposed) return library_answer::refused;
    auto const on = [&] {
        return "[" + std::to_string(m) + ", " + std::to_string(k) + "] by [" + std::to_string(k) + ", " +
               std::to_string(n) + "]" + (count > 1 ? ", " + std::to_string(count) + " times" : "");
    };
    auto& here = context::local();
    auto& library = blas::local();
    auto const number = [](auto x) { return static_cast<std::int64_t>(x); };
    auto const alignment = [](auto const& x) {
        return alignment_of(x.p, static_cast<std::size_t>(x.batch) * sizeof(T));
    };
    auto const types = types_of<T>(here.precision);
    product_key const key{number(m),
                          number(n),
                          number(k),
                          sa.transposed,
                          sb.transposed,
                          sa.leading,
                          sb.leading,
                          sc.leading,
                          alignment(a),
                          alignment(b),
                          alignment(c),
                          number(count),
                          a.batch,
                          b.batch,
                          c.batch,
                          number(types.element),
                          number(types.compute),
                          number(e.kind),
                          alignment_of(e.bias, 0),
                          alignment_of(e.saved, 0),
                          e.saved_leading};
    auto const& p = plan(library, key, types, e, on());
    if (!p.possible) return library_product<T>(m, n, k, a, b, c, adds, count, {});
    if (!e.none()) point_to(p.operation.get(), e);
    element::computed_t<T> const one(1), beta(adds ? 1 : 0);
    check_blas(cublasLtMatmul(library.handle, p.operation.get(), &one, a.p, p.a.get(), b.p, p.b.get(), &beta, c.p,
                              p.c.get(), c.p, p.c.get(), &p.algorithm, library.workspace.data(), blas::workspace_bytes,
                              here.stream()),
               "cublasLtMatmul", on());
    return e.none() ? library_answer::plain : library_answer::with_epilogue;
}

}  // namespace detail

/// C ← A·B, or C ← C + A·B where `adds`: m by k times k by n, `count` products whose matrices lie `batch` apart. float and
/// double go to cuBLASLt where an operand's rows or columns are contiguous, everything else to a kernel of ours.
/// @param e what the library is to do beside it; only for one product of floats
/// @return whether it did that; the product is there in any case
template <class T>
bool gemm(std::size_t m, std::size_t n, std::size_t k, strided<T const> a, strided<T const> b, strided<T> c, bool adds,
          std::size_t count = 1, epilogue e = {}) {
    if (m == 0 || n == 0 || count == 0) return false;
    if constexpr (detail::in_library<T>) {
        // "Non-default epilogue not supported" says NVIDIA's table of types for double; vectors of narrow elements are not made.
        if (count != 1 || !std::is_same_v<T, float> || !e.aligned()) e = {};
        // The library writes its result column by column: a row-major one is the transposed product of transposed operands.
        auto const sc = detail::seen_by_columns(c, m, n);
        bool const along_rows = !e.none() && !e.sums_factor();
        auto const answer =
            (along_rows ? c.columns == 1 : sc.fits && sc.transposed)
                ? detail::library_product<T>(n, m, k, b.transposed(), a.transposed(), c.transposed(), adds, count,
                                             e.turned())
                : detail::library_product<T>(m, n, k, a, b, c, adds, count, along_rows ? epilogue{} : e);
        if (answer != detail::library_answer::refused) return answer == detail::library_answer::with_epilogue;
    }
    for (std::size_t q = 0; q != count; ++q) {
        auto const at = [q](auto const& x) {
            using element = std::remove_pointer_t<decltype(x.p)>;
            return kernels::strided_matrix<element>{x.p + static_cast<std::ptrdiff_t>(q) * x.batch, x.rows, x.columns};
        };
        dim3 const grid(static_cast<unsigned>((n + 15) / 16), static_cast<unsigned>((m + 15) / 16));
        launch("matmul", &kernels::matmul<T>, grid, kernels::block_size, at(a), at(b), at(c), m, n, k, adds);
    }
    return false;
}

}  // namespace tenon::inline TENON_TARGET::cuda
