// Elements on the device that are exchanged with other libraries.
#include <tenon/cuda/dlpack.hpp>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;

TEST_CASE("elements on the device are exchanged where they are", "[kernels]") {
    auto t = tn::to<cuda::device>(tn::tensor<float, 2, 3>({{1, 2, 3}, {4, 5, 6}}));
    float const* const p = t.device_data();
    auto handle = tn::to_dlpack(std::move(t));
    CHECK((handle->dl_tensor.data == p && handle->dl_tensor.device.device_type == 2));
    CHECK_THROWS_AS((tn::from_dlpack<float, 2, 3>(std::move(handle))), tn::dlpack_error);
    auto x = tn::from_dlpack<float, tn::dyn, tn::dyn>(cuda::device{}, std::move(handle));
    x *= 2.f;
    CHECK(same(x + 1.f, tn::tensor<float, tn::dyn, tn::dyn>(tn::tensor<float, 2, 3>({{3, 5, 7}, {9, 11, 13}}))));
    tn::cuda::variable<float, 3> w(tn::cuda::ones<float, 3>());
    auto every_other = [&] {
        auto part = tn::to_dlpack(tn::cuda::tensor<float, 6>(tn::cuda::ones<float, 6>()));
        part->dl_tensor.shape[0] = 3;
        part->dl_tensor.strides[0] = 2;
        return tn::from_dlpack<float const, 3>(cuda::device{}, std::move(part));
    }();
    tn::backward(tn::sum(w * every_other * 3.f));
    CHECK(same(w.grad(), tn::tensor<float, 3>({3, 3, 3})));
    auto packed = tn::from_dlpack<float, 2, 3>(cuda::device{}, tn::to_dlpack(tn::cuda::ones<float, 2, 3>()),
                                               tn::dlpack::row_major);
    CHECK(tn::sum(tn::matmul(packed, tn::transpose(packed))).item() == 12);
}
