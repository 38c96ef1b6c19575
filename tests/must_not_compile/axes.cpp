// Axes that a shape has not, named twice or missing: the first line says of which operation and which shape.
#include <tenon/tenon.hpp>
namespace tn = tenon;

int main() {
    tn::tensor<float, 2, 3> m;
    tn::tensor<float, 4, 5> n;
    tn::tensor<float, 2, 4, 6> t;
    tn::tensor<std::int64_t, 2, 3> index;

    auto sum_axis = tn::sum<2>(m);                   // expect: no_such_axis; "sum"; 2; shape<2, 3>
    auto sum_far = tn::sum<-3>(m);                   // expect: no_such_axis; "sum"; -3; shape<2, 3>
    auto sum_twice = tn::sum<0, -2>(m);              // expect: axis_named_twice; "sum"; shape<2, 3>
    auto sum_kept = tn::sum<5>(t, tn::keepdim) * 2;  // expect: no_such_axis; "sum"; 5; shape<2, 4, 6>
    auto prod_axis = tn::prod<2>(m);                 // expect: no_such_axis; "prod"; 2; shape<2, 3>
    auto max_axis = tn::max<2>(m);                   // expect: no_such_axis; "max"; 2; shape<2, 3>
    auto min_axis = tn::min<2>(m);                   // expect: no_such_axis; "min"; 2; shape<2, 3>
    auto any_axis = tn::any<2>(m);                   // expect: no_such_axis; "any"; 2; shape<2, 3>
    auto all_axis = tn::all<2>(m);                   // expect: no_such_axis; "all"; 2; shape<2, 3>
    auto mean_axis = tn::mean<2>(m);                 // expect: no_such_axis; "mean"; 2; shape<2, 3>
    auto mean_twice = m.mean<1, 1>();                // expect: axis_named_twice; "mean"; shape<2, 3>
    auto var_axis = tn::var<2>(m);                   // expect: no_such_axis; "var"; 2; shape<2, 3>
    auto std_axis = tn::std<2>(m);                   // expect: no_such_axis; "std"; 2; shape<2, 3>
    auto logsumexp_axis = tn::logsumexp<2>(m);       // expect: no_such_axis; "logsumexp"; 2; shape<2, 3>
    auto norm_axis = tn::norm<2>(m);                 // expect: no_such_axis; "norm"; 2; shape<2, 3>
    auto argmax_axis = tn::argmax<2>(m);             // expect: no_such_axis; "argmax"; 2; shape<2, 3>
    auto argmin_axis = tn::argmin<2>(m);             // expect: no_such_axis; "argmin"; 2; shape<2, 3>
    auto argmax_axes = tn::argmax<0, 1>(m);          // expect: argmax
    auto softmax_axis = tn::softmax<2>(m);           // expect: no_such_axis; "softmax"; 2; shape<2, 3>
    auto log_softmax_axis = tn::log_softmax<2>(m);   // expect: no_such_axis; "log_softmax"; 2; shape<2, 3>
    auto cumsum_axis = tn::cumsum<2>(m);             // expect: no_such_axis; "cumsum"; 2; shape<2, 3>
    auto cumprod_axis = tn::cumprod<2>(m);           // expect: no_such_axis; "cumprod"; 2; shape<2, 3>
    auto cummax_axis = tn::cummax<2>(m);             // expect: no_such_axis; "cummax"; 2; shape<2, 3>
    auto cummin_axis = tn::cummin<-3>(m);            // expect: no_such_axis; "cummin"; -3; shape<2, 3>
    auto logcumsumexp_axis = tn::logcumsumexp<2>(m);  // expect: no_such_axis; "logcumsumexp"; 2; shape<2, 3>
    auto normalize_axis = tn::normalize<2>(m);       // expect: no_such_axis; "normalize"; 2; shape<2, 3>
    auto cosine_axis = tn::cosine_similarity<2>(m, m);  // expect: no_such_axis; "cosine_similarity"; 2; shape<2, 3>
    auto glu_axis = tn::glu<3>(t);                   // expect: no_such_axis; "glu"; 3; shape<2, 4, 6>
    auto concat_axis = tn::concat<2>(m, m);          // expect: no_such_axis; "concat"; 2; shape<2, 3>
    auto stack_axis = tn::stack<3>(m, m);            // expect: no_such_axis; "stack"; 3; shape<2, 3>
    auto flip_axis = tn::flip<2>(m);                 // expect: no_such_axis; "flip"; 2; shape<2, 3>
    auto flip_twice = tn::flip<0, -2>(m);            // expect: axis_named_twice; "flip"; shape<2, 3>
    auto rot90_axis = tn::rot90<1, 0, 2>(m);         // expect: no_such_axis; "rot90"; 2; shape<2, 3>
    auto rot90_twice = tn::rot90<1, 1, -1>(m);       // expect: axis_named_twice; "rot90"; shape<2, 3>
    auto fliplr_of_vector = tn::fliplr(m[0]);        // expect: too_few_axes; "fliplr"; shape<3>
    auto transpose_axis = tn::transpose<0, 2>(m);    // expect: no_such_axis; "transpose"; 2; shape<2, 3>
    auto transpose_one = tn::transpose<0>(m);        // expect: transpose
    auto permute_axis = tn::permute<2, 0>(m);        // expect: no_such_axis; "permute"; 2; shape<2, 3>
    auto permute_twice = tn::permute<1, 1>(m);       // expect: permute; every axis once
    auto permute_few = m.permute<0>();               // expect: permute; every axis once
    auto squeeze_axis = tn::squeeze<2>(m);           // expect: no_such_axis; "squeeze"; 2; shape<2, 3>
    auto unsqueeze_axis = tn::unsqueeze<4>(m);       // expect: no_such_axis; "unsqueeze"; 4; shape<2, 3>
    auto flatten_axis = tn::flatten<3>(m);           // expect: no_such_axis; "flatten"; 3; shape<2, 3>
    auto flatten_back = tn::flatten<1, 0>(m);        // expect: flatten
    auto unflatten_axis = tn::unflatten<2, 3, 1>(m);  // expect: no_such_axis; "unflatten"; 2; shape<2, 3>
    auto select_axis = tn::select<2>(m, 0);          // expect: no_such_axis; "select"; 2; shape<2, 3>
    auto slice_axis = tn::slice<2, 0, 1>(m);         // expect: no_such_axis; "slice"; 2; shape<2, 3>
    auto slice_step = tn::slice<0, 0, 2, -1>(m);     // expect: slice; step
    auto roll_axis = tn::roll<2>(m, 1);              // expect: no_such_axis; "roll"; 2; shape<2, 3>
    auto pad_axis = tn::pad<2, 1, 1>(m);             // expect: no_such_axis; "pad"; 2; shape<2, 3>
    auto gather_axis = tn::gather<2>(m, index);      // expect: no_such_axis; "gather"; 2; shape<2, 3>
    auto index_axis = tn::index_select<2>(m, index);  // expect: no_such_axis; "index_select"; 2; shape<2, 3>
    auto sort_axis = tn::sort<2>(m);                 // expect: no_such_axis; "sort"; 2; shape<2, 3>
    auto median_axis = tn::median<2>(m);             // expect: no_such_axis; "median"; 2; shape<2, 3>
    auto diff_axis = tn::diff<2>(m);                 // expect: no_such_axis; "diff"; 2; shape<2, 3>
    auto split_axis = tn::split<2, 1>(m);            // expect: no_such_axis; "split"; 2; shape<2, 3>
    auto chunk_axis = tn::chunk<2, 2>(m);            // expect: no_such_axis; "chunk"; 2; shape<2, 3>
    auto unbind_axis = tn::unbind<2>(m);             // expect: no_such_axis; "unbind"; 2; shape<2, 3>
    auto vector_trace = tn::trace(tn::tensor<float, 3>());    // expect: trace; shape<3>
    auto vector_tril = tn::tril(tn::tensor<float, 3>());      // expect: tril; shape<3>
    auto vector_diagonal = tn::diagonal(tn::tensor<float, 3>());  // expect: diagonal; shape<3>
    auto layer_softmax = tn::nn::softmax<2>{}(n);    // expect: no_such_axis; "softmax"; 2; shape<4, 5>
}
