// Shapes, element types and counts that do not fit: the first line says of which operation, and what they are.
#include <tenon/tenon.hpp>
namespace tn = tenon;
namespace nn = tenon::nn;

int main() {
    tn::tensor<float, 2, 3> m;
    tn::tensor<float, 5, 4> n;
    tn::tensor<float, 7> v;
    tn::tensor<float, 2, 3, 8, 8> image;
    tn::tensor<std::int64_t, 3> three;
    tn::tensor<std::int64_t, 2, 3> index;
    tn::variable<float, 2, 3> w;
    tn::variable<int, 2> whole;

    auto item = m.item();                                         // expect: item; shape<2, 3>
    auto mse = tn::mse_loss(m, n);                                // expect: mse_loss; shape<2, 3>; shape<5, 4>
    auto l1 = tn::l1_loss(m, v);                                  // expect: l1_loss; shape<2, 3>; shape<7>
    auto smooth = tn::smooth_l1_loss(m, v);                       // expect: smooth_l1_loss; shape<2, 3>; shape<7>
    auto kl = tn::kl_div(m, v);                                   // expect: kl_div; shape<2, 3>; shape<7>
    auto bce = tn::binary_cross_entropy(m, v);                    // expect: "binary_cross_entropy"; shape<2, 3>; shape<7>
    auto layer_loss = nn::mse_loss{}(n, v);                       // expect: mse_loss; shape<5, 4>; shape<7>
    auto batchmean = tn::mse_loss<tn::reduction::batchmean>(m, m);  // expect: mse_loss; batchmean
    auto entropy_rows = tn::cross_entropy(m, three);              // expect: cross_entropy; shape<2, 3>; shape<3>
    auto entropy_type = tn::cross_entropy(m, v);                  // expect: cross_entropy; shape<2, 3>; shape<7>; float
    auto nll_rows = tn::nll_loss(m, three);                       // expect: nll_loss; shape<2, 3>; shape<3>
    auto gather_type = tn::gather<0>(m, m);                       // expect: gather; float
    auto gather_rank = tn::gather<1>(m, three);                   // expect: gather; shape<2, 3>; shape<3>
    auto select_type = tn::index_select<0>(m, v);                 // expect: index_select; float
    auto select_point = tn::index_select<0>(m, tn::tensor<int>(1));  // expect: index_select
    auto one_hot = tn::one_hot<4>(v);                             // expect: one_hot; float
    auto topk_many = tn::topk<1, 4>(m);                           // expect: topk_asks_for_too_many; 1, 4; shape<2, 3>
    auto sorted_point = tn::searchsorted(tn::tensor<float>(1.f), m);  // expect: cannot_search; "searchsorted"; shape<>
    auto sorted_rows = tn::bucketize(v, m);                       // expect: cannot_search; "bucketize"; shape<2, 3>; shape<7>
    auto mask_shape = tn::masked_select(m, v > 0.f);              // expect: cannot_broadcast; shape<2, 3>; shape<7>
    auto far_columns = tn::cdist(m, n);                           // expect: cannot_measure_distances; shape<2, 3>; shape<5, 4>
    auto channels = tn::conv2d(image, tn::zeros<float, 6, 1, 5, 5>());  // expect: conv2d; shape<2, 3, 8, 8>; shape<6, 1, 5, 5>
    auto conv_rank = tn::conv2d(m, tn::zeros<float, 6, 3, 5, 5>());  // expect: conv2d; shape<2, 3>; shape<6, 3, 5, 5>
    auto conv_large = tn::conv2d(image, tn::zeros<float, 6, 3, 9, 9>());  // expect: conv2d; shape<2, 3, 8, 8>; 9
    auto conv_bias = tn::conv2d(image, tn::zeros<float, 6, 3, 5, 5>(), v);  // expect: conv2d; shape<7>; 6
    auto conv_groups = tn::conv2d<tn::conv_options{.groups = 2}>(image, tn::zeros<float, 6, 1, 5, 5>());  // expect: conv2d; 2, 3, 6
    auto conv_stride = tn::conv2d<tn::conv_options{.stride = 0}>(image, tn::zeros<float, 6, 3, 5, 5>());  // expect: impossible_conv_options; conv2d
    auto conv1_rank = tn::conv1d(image, tn::zeros<float, 6, 3, 5>());  // expect: conv1d; shape<2, 3, 8, 8>; shape<6, 3, 5>
    auto transposed = tn::conv_transpose2d(image, tn::zeros<float, 6, 1, 5, 5>());  // expect: conv_transpose2d; shape<2, 3, 8, 8>
    auto conv_layer = nn::conv2d<1, 6, 5>{}(image);               // expect: conv2d; shape<2, 3, 8, 8>; shape<6, 1, 5, 5>
    auto pool_rank = tn::max_pool2d<2>(m);                        // expect: max_pool2d; shape<2, 3>
    auto pool_large = tn::avg_pool2d<9>(image);                   // expect: avg_pool2d; shape<2, 3, 8, 8>; 9
    auto pool_padding = tn::max_pool2d<2, tn::pool_options{.padding = 2}>(image);  // expect: impossible_pool_options; max_pool2d
    auto adaptive = tn::adaptive_avg_pool2d<1>(m);                // expect: adaptive_avg_pool2d; shape<2, 3>
    auto pool1 = tn::max_pool1d<2>(image);                        // expect: max_pool1d; shape<2, 3, 8, 8>
    auto layer_norm = tn::layer_norm<4>(m);                       // expect: "layer_norm"; shape<4>; shape<2, 3>
    auto rms_norm = tn::rms_norm<4>(m);                           // expect: "rms_norm"; shape<4>; shape<2, 3>
    auto group_norm = tn::group_norm<2>(image);                   // expect: group_norm; 2; shape<2, 3, 8, 8>
    auto instance_norm = tn::instance_norm(m);                    // expect: instance_norm; shape<2, 3>
    auto batch_norm = tn::batch_norm(image, v, v);                // expect: batch_norm; 7; shape<2, 3, 8, 8>
    auto einsum_letters = tn::einsum<"ij,jk->ik">(m, n);          // expect: einsum; shape<2, 3>; shape<5, 4>; ij,jk->ik
    auto einsum_rank = tn::einsum<"ijk->i">(m);                   // expect: einsum; shape<2, 3>
    auto einsum_text = tn::einsum<"ij-k">(m);                     // expect: einsum; shape<2, 3>
    auto einsum_count = tn::einsum<"ij,jk->ik">(m);               // expect: einsum; shape<2, 3>
    auto matmul = tn::matmul(m, n);                               // expect: matmul; shape<2, 3>; shape<5, 4>
    auto matmul_number = tn::matmul(m, 2.f);                      // expect: matmul; shape<2, 3>
    auto dot = tn::dot(m, v);                                     // expect: dot; shape<2, 3>; shape<7>
    auto dot_length = tn::dot(v, tn::zeros<float, 6>());          // expect: dot; shape<7>; shape<6>
    auto outer = tn::outer(m, v);                                 // expect: outer; shape<2, 3>; shape<7>
    auto concat = tn::concat<0>(m, n);                            // expect: concat; shape<2, 3>; shape<5, 4>
    auto stack = tn::stack<0>(m, n);                              // expect: stack; shape<2, 3>; shape<5, 4>
    auto scatter = tn::scatter<1>(m, index, v);                   // expect: cannot_write_at; "scatter"; shape<2, 3>; shape<7>
    auto scatter_type = tn::scatter_add<0>(m, m, m);              // expect: indices_are_integers; "scatter_add"; float
    auto scatter_fraction = tn::index_fill<0>(index, index(0, tn::full_extent), 0.5);  // expect: cannot_assign_elements; double
    auto subscripts = m(0, tn::range(1), tn::ellipsis, 2);        // expect: too_many_subscripts; shape<2, 3>; 3
    auto mask = m[tn::zeros<bool, 3>()];                          // expect: cannot_mask; shape<2, 3>; shape<3>
    auto pad = tn::pad<1, -2, -2>(m);                             // expect: cannot_pad; -2; shape<2, 3>
    auto unfold = tn::unfold<1, 4, 1>(m);                         // expect: cannot_unfold; 4; shape<2, 3>
    auto repeat = tn::repeat<2>(m);                               // expect: cannot_repeat; shape<2, 3>; 2
    auto grid = tn::meshgrid(m, m);                               // expect: needs_vectors; "meshgrid"; shape<2, 3>
    auto diag = tn::diag(tn::zeros<float, 1, 2, 3>());            // expect: needs_a_vector_or_matrix; "diag"; shape<1, 2, 3>
    auto reshape = tn::reshape<4, 2>(m);                          // expect: reshape; shape<2, 3>; shape<4, 2>
    auto reshape_open = tn::reshape<-1, 4>(m);                    // expect: reshape; shape<2, 3>
    auto unflatten = tn::unflatten<1, 2, 2>(m);                   // expect: unflatten; 3; 2, 2
    auto broadcast_to = tn::broadcast_to<2, 4>(m);                // expect: broadcast_to; shape<2, 3>; shape<2, 4>
    auto add = m + n;                                             // expect: op::add; shape<2, 3>; shape<5, 4>
    auto named = tn::maximum(m, n);                               // expect: op::maximum; shape<2, 3>; shape<5, 4>
    auto where = tn::where(index == index, n, 0.f);               // expect: op::where; shape<2, 3>; shape<5, 4>
    auto clamped = tn::clamp(m, n, 1.f);                          // expect: op::clamp; shape<2, 3>; shape<5, 4>
    auto split = tn::split<1, 2, 2>(m);                           // expect: split; 3
    auto hsplit = tn::hsplit<2>(m);                               // expect: hsplit: the parts are of one size
    auto chunk = tn::chunk<2, 0>(tn::zeros<float, tn::dyn>(3));   // expect: chunk
    auto glu = tn::glu<1>(m);                                     // expect: glu; 3; shape<2, 3>
    auto text = tn::cast<std::string>(m);                         // expect: cast; string
    auto mean = tn::mean(index);                                  // expect: mean: integers
    auto softmax = tn::softmax<1>(index);                         // expect: softmax
    auto norm = tn::norm(index);                                  // expect: norm
    auto dropout = tn::dropout(index, 0.5);                       // expect: dropout
    auto std_of_integers = tn::std(index);                        // expect: std
    auto no_variable = tn::backward(tn::sum(m * m));              // expect: backward; variable
    auto no_scalar = tn::backward(w * 2.f);                       // expect: backward; shape<2, 3>
    auto no_slope = tn::backward(tn::sum(w > 0.f));               // expect: backward
    auto of_integers = tn::backward(tn::sum(whole));              // expect: backward
    auto detached = tn::backward(tn::sum(tn::detach(w)));         // expect: backward
    tn::tensor<float, 3, 2> assigned = m;                         // expect: assign; shape<3, 2>; shape<2, 3>
}
