// Calls as other libraries spell them: refused with the spelling of this one.
#include <tenon/tenon.hpp>
namespace tn = tenon;

int main() {
    tn::tensor<float, 2, 3> m, y;
    tn::tensor<std::int64_t, 2, 3> index;
    tn::tensor<std::int64_t, 2> classes;
    tn::tensor<float, 1, 3, 8, 8> image;
    tn::tensor<float, 3, 3, 3, 3> weight;
    tn::tensor<float, 3> bias;

    auto sum_axis = tn::sum(m, 0);                     // expect: sum; sum<0>(m)
    auto sum_keep = tn::sum<0>(m, true);               // expect: sum<0>(m, tn::keepdim)
    auto sum_more = tn::sum(m, tn::keepdim, 17);       // expect: sum<0>(m, tn::keepdim)
    auto sum_twice = tn::sum(m, tn::keepdim, tn::keepdim);  // expect: sum<0>(m, tn::keepdim)
    auto sum_tensor = tn::sum(m, y) + 1.f;             // expect: sum<0>(m)
    auto sum_member = m.sum(0);                        // expect: sum<0>(m)
    auto mean_axis = tn::mean(m, -1);                  // expect: mean<0>(m)
    auto mean_member = m.mean<0>(true);                // expect: mean<0>(m, tn::keepdim)
    auto prod_axis = tn::prod(m, 0);                   // expect: prod<0>(m)
    auto any_axis = tn::any(m, 0);                     // expect: any<0>(m)
    auto all_axis = tn::all(m == y, 0);                // expect: all<0>(m)
    auto logsumexp_axis = tn::logsumexp(m, 0);         // expect: logsumexp<0>(m)
    auto norm_axis = tn::norm(m, 2, 0);                // expect: norm<0>(m, 3.)
    auto max_two = tn::max(m, y);                      // expect: maximum(x, y)
    auto max_number = tn::max(m, 0.f);                 // expect: max<0>(m); maximum(x, y)
    auto max_member = m.max(y);                        // expect: maximum(x, y)
    auto min_two = tn::min(m, y);                      // expect: minimum(x, y)
    auto min_axis = m.min(0);                          // expect: min<0>(m)
    auto argmax_axis = tn::argmax(m, 1);               // expect: argmax<1>(m)
    auto argmax_member = m.argmax(1);                  // expect: argmax<1>(m)
    auto argmin_keep = tn::argmin<1>(m, true);         // expect: argmin<1>(m, tn::keepdim)
    auto var_axis = tn::var(m, 0);                     // expect: var<0>(m)
    auto var_keep = tn::var<0>(m, true);               // expect: var<0>(m, tn::keepdim)
    auto var_list = tn::var(m, {0});                   // expect: var<0>(m)
    auto normalize_list = tn::normalize(m, {0});       // expect: normalize<1>(x)
    auto normalize_norm = tn::normalize(m, 2, 0);      // expect: normalize<1>(x)
    auto cosine_list = tn::cosine_similarity(m, y, {0});  // expect: cosine_similarity<1>(a, b)
    auto sum_list = tn::sum(m, {0, 1}, true);          // expect: sum<0>(m)
    auto permute_list = tn::permute(m, {1, 0});        // expect: permute<1, 0>(x)
    auto concat_list = tn::concat({m, y}, 0);          // expect: concat<0>(a, b)
    auto std_axis = tn::std(m, 0);                     // expect: std<0>(m)

    auto softmax_axis = tn::softmax(m, 1);             // expect: softmax<1>(x)
    auto softmax_none = tn::softmax(m);                // expect: softmax<1>(x)
    auto log_softmax_axis = tn::log_softmax(m, 1);     // expect: log_softmax<1>(x)
    auto cumsum_axis = tn::cumsum(m, 1);               // expect: cumsum<1>(x)
    auto cumprod_axis = tn::cumprod(m, 1);             // expect: cumprod<1>(x)
    auto cummax_axis = tn::cummax(m, 1);               // expect: cummax<1>(x)
    auto logcumsumexp_axis = tn::logcumsumexp(m, 1);   // expect: logcumsumexp<1>(x)
    auto concat_axis = tn::concat(0, m, y);            // expect: concat<0>(a, b)
    auto concat_last = tn::concat(m, y, 0);            // expect: concat<0>(a, b)
    auto stack_none = tn::stack(m, y);                 // expect: stack<0>(a, b)
    auto flip_axis = tn::flip(m, 0);                   // expect: flip<0>(x)
    auto flip_none = tn::flip(m);                      // expect: flip<0>(x)
    auto transpose_axes = tn::transpose(m, 0, 1);      // expect: transpose<0, 1>(x)
    auto transpose_member = m.transpose(0, 1);         // expect: transpose<0, 1>(x)
    auto permute_axes = tn::permute(m, 1, 0);          // expect: permute<1, 0>(x)
    auto permute_member = m.permute(1, 0);             // expect: permute<1, 0>(x)
    auto squeeze_axis = tn::squeeze(m, 0);             // expect: squeeze<0>(x)
    auto unsqueeze_axis = m.unsqueeze(0);              // expect: unsqueeze<0>(x)
    auto reshape_extents = tn::reshape(m, 3, 2);       // expect: reshape<2, 3>(x)
    auto reshape_member = m.reshape(3, 2);             // expect: reshape<2, 3>(x)
    auto flatten_from = m.flatten(1);                  // expect: flatten<1>(x)
    auto unflatten_axis = tn::unflatten(m, 1, 3, 1);   // expect: unflatten<1, 2, 3>(x)
    auto broadcast_extents = m.broadcast_to(4, 2, 3);  // expect: broadcast_to<2, 3>(x)
    auto select_axis = tn::select(m, 0, 1);            // expect: select<0>(x, k)
    auto select_float = tn::select<0>(m, 0.5);         // expect: select<0>(x, k)
    auto slice_bounds = tn::slice(m, 1, 0, 2);         // expect: slice<0, 2, 5>(x)
    auto slice_member = m.slice(1, 0, 2);              // expect: slice<0, 2, 5>(x)
    auto roll_axis = tn::roll(m, 1, 0);                // expect: roll<0>(x, n)
    auto pad_widths = tn::pad(m, 1, 1);                // expect: pad<1, 2, 2>(x, value)
    auto gather_axis = tn::gather(m, 1, index);        // expect: gather<1>(x, index)
    auto index_select_axis = tn::index_select(m, 0, index);  // expect: index_select<0>(x, index)
    auto sort_axis = tn::sort(m, 1);                   // expect: sort<1>(x, {.descending = true})
    auto topk_number = tn::topk(m, 5);                 // expect: topk<1, 5>(x)
    auto kthvalue_axis = tn::kthvalue(m, 2, 1);        // expect: kthvalue<1>(x, k)
    auto median_axis = tn::median(m, 1);               // expect: median<1>(x)
    auto quantile_axis = tn::quantile(m, 0.5, 1);      // expect: quantile<1>(x, 0.5)
    auto diff_order = tn::diff(m, 2);                  // expect: diff<1, 2>(x)
    auto nansum_axis = tn::nansum(m, 1);               // expect: nansum<0>(m)
    auto take_axis = tn::take_along_dim(m, index, 1);  // expect: take_along_dim<1>(x, index)
    auto split_size = tn::split(m, 1);                 // expect: split<1, 2>(x)
    auto split_axis = tn::split<1>(m, 1);              // expect: split<1, 2>(x)
    auto chunk_parts = tn::chunk(m, 3, 1);             // expect: chunk<3, 1>(x)
    auto unbind_axis = tn::unbind(m, 1);               // expect: unbind<1>(x)
    auto one_hot_classes = tn::one_hot(index, 5);      // expect: one_hot<5>(index)
    auto glu_axis = tn::glu(m, 1);                     // expect: glu<1>(x)
    auto diagonal_offset = tn::diagonal(m, 1);         // expect: diagonal
    auto group_norm_groups = tn::group_norm(m, 1);     // expect: group_norm<4>(x)
    auto pool_window = tn::max_pool2d(image, 2);       // expect: max_pool2d<3
    auto pool_stride = tn::avg_pool2d<2>(image, 2);    // expect: avg_pool2d<3
    auto pool_extent = tn::adaptive_avg_pool2d(image, 1);  // expect: adaptive_avg_pool2d<7>(x)
    auto conv_stride = tn::conv2d(image, weight, bias, 2);  // expect: conv2d<conv_options{.stride = 2}>(x, w, bias)
    auto conv_no_bias = tn::conv2d(image, weight, 2);  // expect: conv2d<conv_options{.stride = 2}>(x, w, bias)
    auto mse_sum = tn::mse_loss(m, y, tn::reduction::sum);  // expect: mse_loss<tn::reduction::sum>(x, t)
    auto smooth_beta = tn::smooth_l1_loss(m, y, 0.5);  // expect: {.beta = 0.5}
    auto weighted = tn::cross_entropy(m, classes, bias);  // expect: {.weight = w}
    auto summed = tn::cross_entropy(m, classes, tn::reduction::sum);  // expect: cross_entropy<tn::reduction::sum>(x, t
    auto nll_weighted = tn::nll_loss(m, classes, bias);  // expect: nll_loss; {.weight = w}
    auto dropout_training = tn::dropout(m, true);      // expect: dropout(x, 0.5, true)
    tn::nn::dropout const dropout_layer{true};         // expect: dropout: takes a probability
    auto einsum_text = tn::einsum("ij,kj->ik", m, y);  // expect: einsum; ij,jk
}
