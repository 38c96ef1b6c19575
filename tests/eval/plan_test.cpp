// Plans: what becomes a kernel, what is fused into it, and that evaluation does what the plan says.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "allocations.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

using words = std::vector<std::string>;

namespace {

words kinds(tn::execution_plan const& p) {
    words w;
    for (auto const& k : p) w.push_back(k.kind + (k.gradient ? " gradient" : ""));
    return w;
}

/// The blocks that a thread with an empty workspace asks for while it runs f.
struct allocated {
    std::size_t blocks, bytes;
};
template <class F>
allocated in_fresh_workspace(F const& f) {
    allocated found{};
    std::thread([&] {
        tn::workspace::local();
        static_cast<void>(tn::thread_count());  // clang's OpenMP allocates when a thread first asks it for something
        std::size_t const blocks = tenon_test::allocations, bytes = tenon_test::allocated_bytes;
        f();
        found = {tenon_test::allocations - blocks, tenon_test::allocated_bytes - bytes};
    }).join();
    return found;
}

/// Compares a plan of at most one product with what evaluation asks the workspace for. Blocks come in sizes a quarter apart.
void check_workspace(tn::execution_plan const& p, allocated const& found) {
    if (!tenon_test::counts_allocations()) return;
    CHECK(found.blocks == p.buffer_count());
    CHECK(found.bytes >= p.workspace());
    CHECK(found.bytes <= p.workspace() + p.workspace() / 4 + 128 * p.buffer_count());
}
template <class A>
void check_assignment(A const& e) {
    tn::tensor_of_t<tn::value_t<A>, tn::shape_t<A>> result(tn::uninitialized, e.shape());
    check_workspace(tn::plan(e), in_fresh_workspace([&] { result = e; }));
}

}  // namespace

TEST_CASE("an elementwise expression is one kernel of any size") {
    tn::tensor<float, 40, 30> a, b, c, d;
    auto const p = tn::plan(a * b + c * tn::exp(-d));
    REQUIRE(p.kernel_count() == 1);
    CHECK(p[0].kind == "elementwise");
    CHECK(p[0].operators == words{"mul", "neg", "exp", "mul", "add"});
    CHECK(p[0].reads.size() == 4);
    CHECK(p[0].writes[0].shape == std::vector<std::size_t>{40, 30});
    CHECK(p.bytes_read() == 4 * 1200 * sizeof(float));
    CHECK(p.bytes_written() == 1200 * sizeof(float));
    CHECK(p.operations() == 5 * 1200);
    CHECK(p.workspace() == 0);
    CHECK(p.buffer_count() == 0);
    check_assignment(a * b + c * tn::exp(-d));

    CHECK(tn::plan(a * a).bytes_read() == 1200 * sizeof(float));
    CHECK(tn::plan(a + 1.f).kernel_count() == 1);
}

TEST_CASE("reductions and softmax read elementwise operands in their own kernel") {
    tn::tensor<float, 40, 30> a, b, c;
    auto const s = tn::plan(tn::softmax<1>(a * b + tn::exp(-c)));
    REQUIRE(s.kernel_count() == 1);
    CHECK(s[0].kind == "softmax");
    CHECK(s[0].operators == words{"mul", "neg", "exp", "add", "softmax"});
    CHECK(s.workspace() == 0);  // the rows are worked on where the result belongs
    check_assignment(tn::softmax<1>(a * b + tn::exp(-c)));

    auto const r = tn::plan(tn::sum(tn::square(a - b)));
    REQUIRE(r.kernel_count() == 1);
    CHECK(r[0].kind == "reduction");
    CHECK(r[0].operators == words{"sub", "square", "sum"});
    CHECK(r[0].writes[0].shape.empty());
    CHECK(r.buffer_count() == 0);  // one element lives on the stack

    CHECK(kinds(tn::plan(a - tn::mean<1>(a, tn::keepdim))) == words{"reduction", "elementwise"});
    CHECK(kinds(tn::plan(tn::argmax<1>(a + b))) == words{"reduction"});
    tn::tensor<float, 400, 3> wide;
    check_assignment(wide - tn::sum<1>(wide, tn::keepdim));
    check_assignment(tn::cumsum<0>(wide * 2.f) + 1.f);
    check_assignment(tn::cumsum<1>(wide));
}

TEST_CASE("row operations too large for the cache run in the loop that reads their rows") {
    tn::tensor<float, 400, 300> big;
    tn::tensor<float, 300> row;
    auto const s = tn::softmax<1>(big * 2.f) * row + row;
    REQUIRE(tn::plan(s).kernel_count() == 1);
    CHECK(tn::plan(s)[0].kind == "elementwise");
    CHECK(tn::plan(s)[0].operators == words{"mul", "softmax", "mul", "add"});
    CHECK(tn::plan(s).workspace() == 300 * sizeof(float));
    CHECK(tn::plan(s).bytes_read() == (400 + 1) * 300 * sizeof(float));
    check_assignment(s);
    CHECK(tn::plan(tn::layer_norm(big, row, row)).kernel_count() == 1);
    check_assignment(tn::layer_norm(big, row, row));
    CHECK(tn::plan(big - tn::mean<1>(big, tn::keepdim)).kernel_count() == 1);
    check_assignment(big - tn::mean<1>(big, tn::keepdim));
    check_assignment(tn::logsumexp<1>(big));
    check_assignment(tn::var<1>(big * 2.f));
    // A shallow product too.
    tn::tensor<float, 400, 30> x;
    tn::tensor<float, 30, 300> w;
    tn::tensor<float, 300, 30> v;
    auto const l = tn::relu(tn::matmul(x, w) + row);
    REQUIRE(tn::plan(l).kernel_count() == 1);
    CHECK(tn::plan(l)[0].operators == words{"matmul", "add", "relu"});
    CHECK(tn::plan(l).bytes_read() == (400 * 30 + 30 * 300 + 300) * sizeof(float));
    check_assignment(l);
    check_assignment(tn::softmax<1>(tn::matmul(x, tn::transpose(v)) + row));
    check_assignment(tn::matmul(x * 2, w) + row);
    CHECK(tn::plan(tn::matmul(x, w)).kernel_count() == 1);
    check_assignment(tn::matmul(x, w));
    // A transpose asks for rows in another order.
    CHECK(tn::plan(tn::transpose(tn::softmax<1>(big) * row)).kernel_count() == 2);
    check_assignment(tn::transpose(tn::softmax<1>(big) * row));
    // Written past the caches, which takes a row of its own.
    tn::tensor<float, 1100, 1024> huge;
    check_assignment(tn::softmax<1>(huge));
    check_assignment(tn::layer_norm<1024>(huge));
    check_assignment(tn::softmax<1>(huge) + 1.f);
}

TEST_CASE("broadcasting and views add no kernel") {
    tn::tensor<float, 40, 30> a;
    tn::tensor<float, 30> row;
    tn::tensor<float, 40, 1> column;
    CHECK(tn::plan(a * row + column).kernel_count() == 1);
    CHECK(tn::plan(a * row).bytes_read() == (1200 + 30) * sizeof(float));
    CHECK(tn::plan(a + tn::exp(column)).operations() == 1200 + 40);  // once for each row
    CHECK(tn::plan(tn::transpose(a) + 1.f).kernel_count() == 1);
    CHECK(tn::plan(tn::slice<0, 0, 10>(a) * 2.f).bytes_read() == 300 * sizeof(float));
    CHECK(kinds(tn::plan(tn::transpose(a))) == words{"copy"});
    // The elements of a transposed tensor have to be put in order before they are reshaped.
    CHECK(kinds(tn::plan(tn::reshape<1200>(a) + 1.f)) == words{"elementwise"});
    CHECK(kinds(tn::plan(tn::reshape<1200>(tn::transpose(a)) + 1.f)) == words{"copy", "elementwise"});
    check_assignment(tn::reshape<1200>(tn::transpose(a)) + 1.f);
}

TEST_CASE("a named node is planned once") {
    tn::tensor<float, 40, 30> a, b;
    auto const h = tn::let(a * b);
    auto const e = h * h + tn::sum<1>(h, tn::keepdim);
    auto const p = tn::plan(e);
    CHECK(kinds(p) == words{"elementwise", "reduction", "elementwise"});
    CHECK(p[1].reads[0].from == std::vector<std::size_t>{0});
    CHECK(p[2].reads[0].from == std::vector<std::size_t>{0});
    CHECK(p[2].reads[1].from == std::vector<std::size_t>{1});
    check_assignment(e);

    tn::variable x(a);
    auto const g = tn::let(x * b);
    CHECK(kinds(tn::plan_backward(tn::sum(g * g) + tn::sum(tn::exp(g)))) ==
          words{"elementwise", "reduction", "reduction", "elementwise", "elementwise gradient", "reduction gradient",
                "reduction gradient", "elementwise gradient"});
}

TEST_CASE("products read tensors and views where they lie, and computed operands from memory") {
    tn::tensor<float, 40, 30> a, b;
    auto const direct = tn::matmul(a, tn::transpose(b));
    auto const p = tn::plan(direct);
    REQUIRE(kinds(p) == words{"product"});
    CHECK(p.operations() == 2 * 40 * 40 * 30);
    check_assignment(direct);
    check_assignment(tn::relu(tn::matmul(a + 1.f, tn::transpose(b))));
    CHECK(kinds(tn::plan(tn::matmul(a + 1.f, tn::transpose(b)))) == words{"elementwise", "product"});

    tn::tensor<float, tn::dyn, 30> rows(7);
    CHECK(tn::plan(tn::matmul(rows, tn::transpose(b)))[0].writes[0].shape == std::vector<std::size_t>{7, 40});
    check_assignment(tn::matmul(rows, tn::transpose(b)));
    CHECK(kinds(tn::plan(tn::concat<0>(a, b * 2.f))) == words{"concat"});
    tn::tensor<std::int64_t, 7> const index{};
    CHECK(kinds(tn::plan(tn::index_select<0>(a, index))) == words{"gather", "gather"});
    check_assignment(tn::index_select<0>(a * 2.f, index));
}

TEST_CASE("a network's forward and backward pass") {
    auto model = nn::linear<64, 48>{} | nn::relu{} | nn::linear<48, 10>{};
    tn::tensor<float, 32, 64> x;
    tn::tensor<std::int64_t, 32> y;
    CHECK(kinds(tn::plan(model(x))) == words{"product", "elementwise", "product", "elementwise"});

    auto const loss = tn::cross_entropy(model(x), y);
    auto const p = tn::plan_backward(loss);
    CHECK(kinds(p) == words{"product", "elementwise", "product", "softmax", "softmax gradient", "product gradient",
                            "product gradient", "elementwise gradient", "product gradient"});
    CHECK(p[3].operators == words{"add", "cross_entropy"});
    CHECK(p[7].operators == words{"relu", "add"});
    CHECK(p[7].writes.size() == 2);  // the product's gradient and the bias
    CHECK(p[8].writes[0].shape == std::vector<std::size_t>{48, 64});
    CHECK(p[8].reads[0].from == std::vector<std::size_t>{7});

    // Scratch memory is taken again by later kernels that need as much, so there are no more blocks than the plan names, and
    // no fewer than are held.
    auto const found = in_fresh_workspace([&] { tn::backward(loss); });
    if (tenon_test::counts_allocations()) {
        std::size_t held = 0, scratch = 0;
        for (auto const& k : p) {
            held += k.buffers;
            scratch += k.scratch_buffers;
        }
        CHECK(found.blocks >= held);
        CHECK(found.blocks <= held + scratch);
        CHECK(found.bytes >= p.workspace() * 3 / 4);
    }
    CHECK(in_fresh_workspace([&] {
              tn::backward(loss);
              tn::backward(loss);
          }).blocks == found.blocks);

    tn::tensor<float, 32, 32> square;
    tn::variable w(square);
    auto const single = tn::sum(tn::matmul(w, tn::transpose(square)));
    check_workspace(tn::plan_backward(single), in_fresh_workspace([&] { tn::backward(single); }));
}

TEST_CASE("a plan can be printed and drawn") {
    tn::tensor<float, 4, 5> a, b;
    auto const e = tn::explain(tn::softmax<1>(a * b) + 1.f);
    std::string const text = e;
    CHECK(text == "1  softmax      [4, 5] -> [4, 5]  mul, softmax  reads 160 B, writes 80 B  120 operations\n"
                  "2  elementwise  [4, 5] -> [4, 5]  add           reads 80 B, writes 80 B   20 operations\n"
                  "2 kernels: reads 240 B, writes 160 B, 140 operations, workspace 0 B in 0 buffers");
    std::ostringstream out;
    out << e;
    CHECK(out.str() == text);
    std::string const graph = e.graphviz();
    CHECK(graph.starts_with("digraph"));
    CHECK(graph.find("k1 -> k2 [label=\"[4, 5]\"]") != std::string::npos);
    CHECK(tn::explain(tn::plan(a * b)).text() == tn::explain(a * b).text());
}

namespace tenon::inline TENON_TARGET {
namespace {
/// A node from elsewhere.
template <class A>
struct doubled_node : expression_base<doubled_node<A>, value_t<A>, shape_t<A>> {
    static constexpr char const *name = "doubled", *kind = "doubling";
    static constexpr read_as read[1] = {read_as::memory};
    explicit doubled_node(A a) : operand(a) {}
    auto shape() const { return operand.shape(); }
    auto operands() const { return references(operand); }
    std::size_t operations() const { return 3 * shape().size(); }
    A operand;
};
}  // namespace
namespace eval {
template <class A, bool Grad>
struct tape<doubled_node<A>, Grad>
    : in_memory<tape<doubled_node<A>, Grad>, value_t<A>, shape_t<A>, tape<A, Grad>::differentiable> {};
}  // namespace eval
}  // namespace tenon::inline TENON_TARGET

TEST_CASE("a plan takes operands, names and cost from the node") {
    tn::tensor<float, 40, 30> a;
    auto const sum = a + a;
    auto const p = tn::plan(tn::exp(tn::doubled_node<std::remove_const_t<decltype(sum)>>(sum)));
    CHECK(kinds(p) == words{"elementwise", "doubling", "elementwise"});
    CHECK(p[1].operators == words{"doubled"});
    CHECK(p[1].operations == 3 * 1200);
    CHECK(p[1].reads[0].from == std::vector<std::size_t>{0});
}

namespace {
/// Whether a node and all below it say what they are, and have tapes that fulfil the contract.
template <class Node>
constexpr bool describes_itself(Node const& n) {
    bool all = tn::describes_itself<Node> && tn::eval::is_tape<tn::eval::tape<Node, true>> &&
               tn::eval::is_tape<tn::eval::tape<Node, false>>;
    tn::for_each_operand(n, [&](auto const& a) { all = all && describes_itself(a); });
    return all;
}
/// Operations of the kernels of a kind, forward or backward.
std::size_t operations(tn::execution_plan const& p, std::string const& kind, bool gradient = false) {
    std::size_t n = 0;
    for (auto const& k : p)
        if (k.kind == kind && k.gradient == gradient) n += k.operations;
    return n;
}
}  // namespace

TEST_CASE("operations are those of a formula, forward and backward") {
    // A multiplication and an addition count as two.
    tn::tensor<float, 16, 1, 28, 28> const x;
    tn::variable<float, 6, 1, 5, 5> const w(tn::zeros<float, 6, 1, 5, 5>());
    tn::variable<float, 6> const b(tn::zeros<float, 6>());
    constexpr std::size_t outputs = 16 * 6 * 24 * 24, products = 2 * outputs * 25;
    CHECK(operations(tn::plan(tn::conv2d(x, w)), "convolution") == products);
    auto const back = tn::plan_backward(tn::sum(tn::conv2d(x, w, b)));
    CHECK(operations(back, "convolution") == products);
    CHECK(operations(back, "convolution", true) == products + outputs);

    tn::variable<float, 2, 4, 9, 9> const image(tn::zeros<float, 2, 4, 9, 9>());
    CHECK(operations(tn::plan(tn::conv2d<tn::conv_options{.stride = 2, .padding = 1, .groups = 2}>(
                         image, tn::zeros<float, 6, 2, 3, 3>())),
                     "convolution") == 2 * (2 * 6 * 5 * 5) * (2 * 3 * 3));
    CHECK(operations(tn::plan(tn::conv_transpose2d(image, tn::zeros<float, 4, 3, 2, 2>())), "convolution") ==
          2 * (2 * 4 * 9 * 9) * (3 * 2 * 2));
    auto const pooled = tn::plan_backward(tn::sum(tn::max_pool2d<3>(image)));
    CHECK(operations(pooled, "pooling") == 2 * 4 * 3 * 3 * 9);
    CHECK(operations(pooled, "pooling", true) == 2 * 2 * 4 * 3 * 3 * 9);
    CHECK(operations(tn::plan(tn::avg_pool2d<3>(image)), "pooling") == 2 * 4 * 3 * 3 * 9);
    CHECK(operations(tn::plan(tn::adaptive_avg_pool2d<1>(image)), "pooling") == 2 * 4 * 9 * 9);
    tn::variable<float, 4> const scale(tn::ones<float, 4>());
    auto const normal = tn::plan_backward(tn::sum(tn::batch_norm(image, scale, scale)));
    CHECK(operations(normal, "normalization") == 6 * image.size());
    CHECK(operations(tn::plan(tn::matmul(tn::zeros<float, 5, 6>(), tn::zeros<float, 6, 7>())), "product") ==
          2 * 5 * 6 * 7);

    CHECK(describes_itself(tn::let(tn::relu(tn::conv2d(x, w, b)))));
    CHECK(describes_itself(
        tn::matmul(tn::transpose(tn::zeros<float, 6, 5>()), tn::reshape<6, 1>(tn::zeros<float, 6>()) * 2)));
    CHECK(describes_itself(tn::max_pool2d<3>(image)));
    CHECK(describes_itself(tn::avg_pool2d<3>(image)));
    CHECK(describes_itself(tn::softmax<1>(image)));
    CHECK(describes_itself(tn::cumsum<1>(image)));
    CHECK(describes_itself(tn::argmax<1>(image)));
    CHECK(describes_itself(tn::concat<1>(image, image)));
    CHECK(describes_itself(tn::layer_norm<9>(image)));
    CHECK(describes_itself(tn::instance_norm(image)));
    CHECK(describes_itself(tn::index_select<0>(image, tn::tensor<int, 3>())));
    CHECK(describes_itself(tn::gather<0>(scale, tn::tensor<int, 3>())));
    CHECK(describes_itself(tn::roll_positions<4>(4, 1)));
    CHECK(describes_itself(tn::dropout_mask<tn::shape<4>>(tn::shape<4>(), 0.5, tn::default_generator())));
    CHECK(describes_itself(tn::triangle_mask<true, 3, 3>(tn::shape<3, 3>(), 0)));
    CHECK(describes_itself(tn::filled_node<float, tn::shape<3>>(tn::shape<3>(), 1.f)));
    CHECK(describes_itself(tn::cross_entropy(tn::variable<float, 4, 9>(), tn::tensor<std::int64_t, 4>())));
    CHECK(describes_itself(tn::detail::weights_of(tn::loss_weight<float, tn::shape<3>>(2), tn::shape<3>())));
}

TEST_CASE("gradients pass to numbers, and stop at what is compared, counted or chosen with") {
    tn::variable<float, 4, 3> const x{};
    tn::tensor<int, 2> const index{};
    auto const chosen = tn::index_select<0>(x, index);
    using chosen_type = std::remove_const_t<decltype(chosen)>;
    STATIC_REQUIRE(tn::operand_count<chosen_type> == 2);
    STATIC_REQUIRE(tn::differentiates<chosen_type, tn::operand_t<chosen_type, 0>>);
    STATIC_REQUIRE(!tn::differentiates<chosen_type, tn::operand_t<chosen_type, 1>>);
    STATIC_REQUIRE(tn::read_of<chosen_type, 1> == tn::read_as::indices);
    STATIC_REQUIRE(tn::propagates_gradient<decltype(x * 2.f)>);
    STATIC_REQUIRE(!tn::propagates_gradient<decltype(x < 2.f)>);
    STATIC_REQUIRE(!tn::propagates_gradient<decltype(tn::cast<int>(x))>);
    STATIC_REQUIRE(!tn::propagates_gradient<decltype(tn::detach(x))>);
    STATIC_REQUIRE(!tn::propagates_gradient<decltype(tn::any(x < 2.f))>);
    CHECK(tn::operations(tn::softmax<1>(x)) == 5 * 12);
    CHECK(tn::gradient_operations(tn::softmax<1>(x)) == 4 * 12);
    CHECK(tn::gradient_operations(tn::argmax<1>(x)) == 0);
}
