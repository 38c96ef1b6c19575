// The matrix product some rows at a time: what is made of them finds them in the cache.
#pragma once

#include <tenon/eval/cpu/gemm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A product of static width and depth whose rows are computed when they are read, as many at once as keep the tiles busy. That
/// is how a bias, an activation, a residual or a softmax follows a product without the product being in memory. With bias and
/// relu, 4096×16×64 floats take 0.87 to 0.93 of the time on Zen 3, 8192×64×64 0.92 to 0.97, 65536×64×64 0.96 to 0.97 and 2048×128×512
/// 0.92 to 0.95; with softmax after 64 columns 1.00 to 1.05. Deep products have little to gain (0.98 at 1024×256×256), and their B,
/// which is packed for all rows, had better stay in parts that fit the cache.
template <std::size_t N, std::size_t K, class T>
class gemm_rows {
public:
    /// How many rows are computed at once: 32 KiB of them, and so many that B is read for several tiles. 16 and 128 KiB take 1.00 to
    /// 1.05 times as long, but for 8192×64×64, where 16 KiB are as fast.
    static constexpr std::size_t at_once = [] {
        constexpr std::size_t few = 4 * tile<T>::rows;
        std::size_t const in_cache = 32768 / (std::max<std::size_t>(N, 1) * sizeof(T));
        return std::clamp(in_cache / tile<T>::rows * tile<T>::rows, few, 24 * tile<T>::rows);
    }();
    /// Whether this way suits the type and the extents.
    /// @tparam M rows in all, or `dyn`
    template <std::size_t M>
    static constexpr bool suits = std::is_floating_point_v<T> && !is_dynamic(N) && !is_dynamic(K) && K != 0 &&
                                  N >= tile<T>::columns && N <= 2048 / tile<T>::columns * tile<T>::columns &&
                                  K <= blocking<T>::depth / 2 && (is_dynamic(M) || M > at_once);

    /// Whether m rows are best computed this way: they are more than at once, and neither threads nor a BLAS take the product.
    static bool pays(std::size_t m, matrix<T const> a, matrix<T const> b) {
        return m > at_once && !blas_takes<T>(m, N, K, a, b, matrix<T>{nullptr, N, 1}) &&
               (gemm_worth(m, N, K) < 2 || thread_count() == 1);
    }
    /// Elements of the buffers that are held: rows of C, those of A and all of B, the latter two where they are packed.
    static constexpr std::array<std::size_t, 3> held(matrix<T const> a, matrix<T const> b) {
        packing<T> const p(at_once, N, K, a, b);
        return {at_once * N, p.size_a(), p.packs_b ? p.size_b() : 0};
    }
    /// The same for the one that each computation asks for.
    static constexpr std::size_t scratch(matrix<T const> a, matrix<T const> b) {
        packing<T> const p(at_once, N, K, a, b);
        return p.packs_b ? 0 : p.size_b();
    }

    constexpr gemm_rows() = default;
    /// Gets ready for C = A·B of m rows; A and B stay where they are.
    void start(std::size_t m, matrix<T const> a, matrix<T const> b) {
        a_ = a;
        b_ = b;
        rows_ = m;
        first_ = last_ = 0;
        auto const [block, room, panels] = held(a, b);
        values_.reserve(block);
        room_ = {};
        if (room != 0) {
            packed_a_.reserve(room);
            room_.a = packed_a_.data();
        }
        if (panels != 0) {
            packed_b_.reserve(panels);
            pack_panels<T>(b, N, K, packed_b_.data());
            room_.b = packed_b_.data();
        }
    }
    /// Row k of C, until another one is asked for.
    T const* row(std::size_t k) {
        if (k < first_ || k >= last_) {
            first_ = k;
            last_ = std::min(rows_, k + at_once);
            gemm_blocked<T>(last_ - first_, N, K, a_.from(k, 0), b_, {values_.data(), N, 1}, false, room_);
        }
        return values_.data() + (k - first_) * N;
    }

private:
    matrix<T const> a_{}, b_{};
    std::size_t rows_ = 0, first_ = 0, last_ = 0;
    buffer<T, dyn> values_, packed_a_, packed_b_;
    gemm_room<T> room_;
};

}  // namespace tenon::inline TENON_TARGET::eval
