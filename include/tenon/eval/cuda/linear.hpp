// A product with what cuBLASLt does in the same call: a bias along the rows, and relu or gelu_tanh after it.
#pragma once

#include <type_traits>
#include <vector>

#include <tenon/eval/cuda/map.hpp>
#include <tenon/eval/cuda/matmul.hpp>
#include <tenon/eval/cuda/slope.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/gelu.hpp>
#include <tenon/op/relu.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// What follows a product: nothing.
struct no_activation {};

/// The library's epilogues with an activation. Its GELU is the one with tanh. `Saves` is what it keeps for the slope.
template <class Op>
struct activation_epilogue {
    static constexpr bool exists = false;
};
template <>
struct activation_epilogue<op::relu> {
    static constexpr bool exists = true;
    static constexpr cublasLtEpilogue_t forward = CUBLASLT_EPILOGUE_RELU, slope = CUBLASLT_EPILOGUE_DRELU;
    static constexpr std::int64_t leading_multiple = 128, bits = 1;
    static constexpr bool saves_operand = false;
};
template <>
struct activation_epilogue<op::gelu_tanh> {
    static constexpr bool exists = true;
    static constexpr cublasLtEpilogue_t forward = CUBLASLT_EPILOGUE_GELU, slope = CUBLASLT_EPILOGUE_DGELU;
    static constexpr std::int64_t leading_multiple = 8, bits = 8 * sizeof(float);
    static constexpr bool saves_operand = true;
};

/// The parts of `activation(product + bias)`, of which bias and activation may be missing; of anything else `is_one` is false.
/// Products of floats alone have epilogues, and a bias has as many elements as the product has columns.
template <class Node>
struct linear_parts {
    static constexpr bool is_one = false;
};
template <class A, class B>
    requires std::is_same_v<typename product_node<A, B>::value_type, float>
struct linear_parts<product_node<A, B>> {
    static constexpr bool is_one = true, has_bias = false, has_activation = false;
    using left = A;
    using right = B;
    using bias = scalar<float>;
    using activation = no_activation;
    static constexpr bias none{0.f};
    static auto const& product_of(product_node<A, B> const& n) { return n; }
    static bias const& bias_of(product_node<A, B> const&) { return none; }
};

namespace detail {
template <class Product, class Bias>
inline constexpr bool adds_bias = [] {
    if constexpr (!linear_parts<Product>::is_one || Bias::shape_type::rank() != 1) return false;
    else
        return !linear_parts<Product>::has_bias && !linear_parts<Product>::has_activation &&
               std::is_same_v<value_t<Bias>, float> && !is_dynamic(static_size<shape_t<Bias>>) &&
               static_size<shape_t<Bias>> == inner_extent<shape_t<Product>>;
}();
template <class Sum, class Product, class Bias, std::size_t ProductAt>
struct biased_parts : linear_parts<Product> {
    static constexpr bool has_bias = true;
    using bias = Bias;
    static auto const& product_of(Sum const& n) { return get<ProductAt>(n.operands()); }
    static auto const& bias_of(Sum const& n) { return get<1 - ProductAt>(n.operands()); }
};
}  // namespace detail

template <class Product, class Bias>
    requires detail::adds_bias<Product, Bias>
struct linear_parts<map_node<op::add, Product, Bias>>
    : detail::biased_parts<map_node<op::add, Product, Bias>, Product, Bias, 0> {};
template <class Bias, class Product>
    requires detail::adds_bias<Product, Bias>
struct linear_parts<map_node<op::add, Bias, Product>>
    : detail::biased_parts<map_node<op::add, Bias, Product>, Product, Bias, 1> {};

template <class Op, class Operand>
    requires(activation_epilogue<Op>::exists && linear_parts<Operand>::is_one && !linear_parts<Operand>::has_activation)
struct linear_parts<map_node<Op, Operand>> : linear_parts<Operand> {
    static constexpr bool has_activation = true;
    using activation = Op;
    static auto const& product_of(map_node<Op, Operand> const& n) {
        return linear_parts<Operand>::product_of(get<0>(n.operands()));
    }
    static auto const& bias_of(map_node<Op, Operand> const& n) {
        return linear_parts<Operand>::bias_of(get<0>(n.operands()));
    }
};

/// A region that one call of the library makes.
template <class Node>
concept linear_node =
    linear_parts<Node>::is_one && (linear_parts<Node>::has_bias || linear_parts<Node>::has_activation);

/// The slope of an activation by what the library keeps for it, in rows of their own distance.
template <class T, class Op, class Index>
struct saved_slope {
    T const* saved;
    Index columns, leading;

    template <class G, class Y, class I>
    TENON_INLINE __device__ auto operator()(G const& g, Y const& y, I i) const {
        auto const at = static_cast<Index>(i);
        auto const x =
            element::load_lanes<1>(saved + (leading == columns ? at : at / columns * leading + at % columns));
        return tenon::detail::times_slope(g, Op{}.template slope<0>(y, x));
    }
};

/// One call forward. In backward, the bias's gradient comes with the right factor's, and the activation's slope with the
/// product that finds the gradient; what the library refuses, a launch of ours does.
template <class Node, bool Grad>
struct linear_tape;
template <class Op, class... X, bool Grad>
struct linear_tape<map_node<Op, X...>, Grad>
    : result_on_device<device_tape<map_node<Op, X...>, Grad>, float, typename map_node<Op, X...>::shape_type,
                       device_tape<typename linear_parts<map_node<Op, X...>>::left, Grad>::differentiable ||
                           device_tape<typename linear_parts<map_node<Op, X...>>::right, Grad>::differentiable ||
                           device_tape<typename linear_parts<map_node<Op, X...>>::bias, Grad>::differentiable> {
    using node = map_node<Op, X...>;
    using T = float;
    using Shape = typename node::shape_type;
    using parts = linear_parts<node>;
    using activation = typename parts::activation;
    using product = product_on_device<typename parts::left, typename parts::right, Grad>;
    using bias = device_tape<typename parts::bias, Grad>;
    using self = device_tape<node, Grad>;
    using base = result_on_device<self, float, Shape, product::differentiable || bias::differentiable>;
    using index = index_of<Shape>;
    static constexpr bool differentiable = product::differentiable || bias::differentiable;
    static constexpr bool keeps_slope = differentiable && parts::has_activation;
    static constexpr bool is_addressable = !keeps_slope;
    static constexpr std::size_t width = 16 / sizeof(T);

    explicit linear_tape(node const& n)
        : product_(parts::product_of(n)), bias_tape_(parts::bias_of(n)), bias_(bias_tape_) {}
    linear_tape(linear_tape const&) = delete;
    auto shape() const { return product_.shape(); }
    bool aliases(void const* begin, void const* end) {
        return product_.aliases(begin, end) || bias_tape_.overlaps(begin, end, false);
    }
    void root(T* value)
        requires(!keeps_slope)
    {
        base::root(value);
    }

    void forward() {
        if constexpr (parts::has_bias) {
            bias_tape_.forward();
            bias_.forward();
        }
        this->make_room();
        cuda::epilogue e{forward_kind()};
        if constexpr (keeps_slope) {
            leading_ = saved_leading(product_.columns());
            saved_.reserve(saved_bytes(shape()));
            e.saved = saved_.data();
            e.saved_leading = leading_;
        }
        if constexpr (parts::has_bias) e.bias = bias_.data();
        finished_ = product_.multiply(this->device_data(), e);
        if (!finished_ && shape().size() != 0) finish_values();
    }
    /// See `keeps_slope`: nothing where the library did not save what that takes.
    cuda::epilogue slope_epilogue() const
        requires(keeps_slope)
    {
        if (!finished_) return {};
        return {activation_epilogue<activation>::slope, nullptr, saved_.data(), leading_};
    }
    auto slope() const
        requires(keeps_slope)
    {
        constexpr bool saves = activation_epilogue<activation>::saves_operand;
        auto const columns = static_cast<index>(product_.columns());
        return saved_slope<T, activation, index>{saves ? reinterpret_cast<T const*>(saved_.data())
                                                       : this->device_data(),
                                                 columns, saves ? static_cast<index>(leading_) : columns};
    }
    void finish() {
        if constexpr (bias::differentiable) {
            bool adds = false;
            T* const g = bias_.gradient(adds);
            if (!product_.send(this->device_gradient(), adds ? nullptr : g)) sum_bias_gradient(g, adds);
            bias_.finish();
        } else if constexpr (differentiable) product_.send(this->device_gradient());
        product_.finish();
    }
    static bool saves_slope(node const& n)
        requires(keeps_slope)
    {
        return product(parts::product_of(n)).in_one();
    }
    /// Where one call does not make all of the product, launches of ours do what the library would have.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        product const made(parts::product_of(n));
        std::vector<char const*> after;
        std::size_t finishing = made.in_one() ? 0 : 1;
        if constexpr (parts::has_bias) after.push_back(op::add::name);
        if constexpr (parts::has_activation) {
            after.push_back(activation::name);
            if (keeps_slope && activation_epilogue<activation>::saves_operand) finishing *= 2;
        }
        bool const sums = product::right::differentiable && made.finds_right_in_one();
        made.template describe<self>(n, parts::product_of(n), p, after, finishing, bias::differentiable && !sums, [&] {
            if constexpr (parts::has_bias)
                p.template takes<dense_on_device<bias, true>>(parts::bias_of(n), {.number = 2, .added = true});
            if constexpr (keeps_slope) p.template holds<decltype(saved_)>(saved_bytes(n.shape()));
        });
    }

    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        auto const r = base::template reader<W, Pass>(list);
        if constexpr (!keeps_slope || Pass == pass::forward) return r;
        else return sloped_reader<T, decltype(slope()), store_of<self, Pass>>(r, slope());
    }

private:
    static constexpr cublasLtEpilogue_t forward_kind() {
        unsigned kind = 0;
        if constexpr (parts::has_bias) kind |= CUBLASLT_EPILOGUE_BIAS;
        if constexpr (parts::has_activation) kind |= activation_epilogue<activation>::forward;
        constexpr unsigned saves = CUBLASLT_EPILOGUE_RELU_AUX ^ CUBLASLT_EPILOGUE_RELU;
        if constexpr (keeps_slope) kind |= saves;
        return static_cast<cublasLtEpilogue_t>(kind);
    }

    /// The distance of rows of what the library saves for the slope, and the bytes of all rows.
    static std::int64_t saved_leading(std::size_t columns) {
        constexpr std::int64_t multiple = activation_epilogue<activation>::leading_multiple;
        return (static_cast<std::int64_t>(columns) + multiple - 1) / multiple * multiple;
    }
    static std::size_t saved_bytes(Shape const& s) {
        std::size_t const columns = row_length(s), rows = columns == 0 ? 0 : s.size() / columns;
        return rows * static_cast<std::size_t>(saved_leading(columns) * activation_epilogue<activation>::bits / 8);
    }
    /// Adds the bias and applies the activation in place.
    void finish_values() {
        auto const p = memory_reader<T, gradient_store::none, true>(this->device_data(), nullptr, {});
        auto const sum = [&] {
            if constexpr (!parts::has_bias) return p;
            else {
                using vector = memory_reader<T, gradient_store::none, false>;
                using row = broadcast_reader<vector, Shape, shape_t<typename parts::bias>, width>;
                return map_reader<T, op::add, operand_types<T, T>, tuple<std::remove_const_t<decltype(p)>, row>>(
                    {}, p, row(vector(bias_.data(), nullptr, {}), shape()));
            }
        }();
        if constexpr (!parts::has_activation) write(sum, this->device_data());
        else if constexpr (keeps_slope && activation_epilogue<activation>::saves_operand) {
            leading_ = static_cast<std::int64_t>(product_.columns());
            T* const x = reinterpret_cast<T*>(saved_.data());
            write(sum, x);
            apply(memory_reader<T, gradient_store::none, true>(x, nullptr, {}));
        } else apply(sum);
    }
    template <class Reader>
    void apply(Reader const& r) {
        write(map_reader<T, activation, operand_types<T>, tuple<Reader>>({}, r), this->device_data());
    }
    template <class Reader>
    void write(Reader const& r, T* to) {
        auto const n = static_cast<index>(shape().size());
        cuda::launch("evaluate", &kernels::evaluate<width, index, Reader, T>, blocks_for((n + width - 1) / width),
                     kernels::block_size, r, to, n);
    }
    /// Adds the columns' sums of the gradient to the bias's.
    void sum_bias_gradient(T* to, bool adds) {
        std::size_t const n = shape().size();
        if (!adds) cuda::set_to_zero(to, product_.columns() * sizeof(T));
        if (n == 0) return;
        using vector = memory_reader<T, gradient_store::atomic, false>;
        using row = broadcast_reader<vector, Shape, shape_t<typename parts::bias>, width>;
        cuda::launch("backward", &kernels::backward<width, index, row, memory_seed<T>>,
                     blocks_for((n + width - 1) / width), kernels::block_size,
                     row(vector(bias_.data(), to, {}), shape()), memory_seed<T>{this->device_gradient()},
                     static_cast<index>(n));
    }

    product product_;
    bias bias_tape_;
    dense_on_device<bias, true> bias_;
    bool finished_ = false;
    std::int64_t leading_ = 0;
    cuda::buffer<unsigned char> saved_;
};

}  // namespace tenon::inline TENON_TARGET::eval
