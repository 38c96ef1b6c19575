// Elements are given away by who owns them, and written where that is allowed.
#include <tenon/dlpack.hpp>
namespace tn = tenon;

int main() {
    tn::tensor<float, 2> t;
    tn::variable<float, 2> w;

    auto named = tn::to_dlpack(t);                                           // expect: to_dlpack_needs_to_own; tensor<float, 2>
    auto variable = tn::to_dlpack(w);                                        // expect: to_dlpack_needs_to_own; variable<float, 2>
    auto fixed = tn::to_dlpack<tn::dlpack::managed_tensor>(std::make_shared<tn::tensor<float, 2> const>(t));  // expect: dlpack_without_version_has_no_const
    tn::from_dlpack<float const, 2>(tn::to_dlpack(tn::tensor(t))) = t;       // expect: view_is_read_only
}
