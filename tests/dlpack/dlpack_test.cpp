// Elements that are exchanged with other libraries: ownership, and what is refused.
#include <memory>
#include <string>
#include <utility>

#include <tenon/dlpack.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"

namespace tn = tenon;
namespace dlpack = tenon::dlpack;

namespace {


/// A structure over memory of the test's, as another library would make it; counts how often it is given back.
struct lent {
    float data[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    std::int64_t shape[2] = {2, 3}, strides[2] = {4, 1};
    int given_back = 0;
    dlpack::managed_tensor_versioned managed;

    lent() {
        managed.dl_tensor = {data, {1, 0}, 2, {2, 32, 1}, shape, strides, 0};
        managed.manager_ctx = this;
        managed.deleter = [](dlpack::managed_tensor_versioned* m) { ++static_cast<lent*>(m->manager_ctx)->given_back; };
    }
};

}  // namespace

TEST_CASE("exported elements are the tensor's own, and are given back once", "[dlpack]") {
    tn::tensor<float, tn::dyn, 3> t = tn::arange<float>(0, 6).reshape<-1, 3>();
    float const* const p = t.data();
    auto handle = tn::to_dlpack(std::move(t));
    dlpack::tensor const& d = handle->dl_tensor;
    CHECK((d.data == p && d.ndim == 2 && d.shape[0] == 2 && d.shape[1] == 3 && d.strides[0] == 3 && d.strides[1] == 1));
    CHECK((d.dtype == dlpack::data_type{2, 32, 1} && d.device == dlpack::device{1, 0} && handle->flags == 0));
    auto x = tn::from_dlpack<float, tn::dyn, tn::dyn>(std::move(handle));
    CHECK((!handle && tn::tensor(x)(1, 2) == 5));
    x += 1.f;
    tn::tensor const total = tn::sum<1>(x * 2.f);
    CHECK((p[0] == 1 && total(1) == 30));

    auto const shared = std::make_shared<tn::tensor<bool, 3>>(tn::tensor<bool, 3>({true, false, true}));
    {
        auto const other = tn::to_dlpack<dlpack::managed_tensor>(shared);
        CHECK((shared.use_count() == 2 && other->dl_tensor.data == shared->data()));
        CHECK(other->dl_tensor.dtype == dlpack::data_type{6, 8, 1});
        // Computations with what they came from share them.
        auto e = [&] {
            auto const y = tn::from_dlpack<bool const, 3>(tn::to_dlpack(shared), dlpack::row_major);
            return tn::cast<int>(y) + 1;
        }();
        CHECK((shared.use_count() == 3 && tn::sum(e).item() == 5));
    }
    CHECK(shared.use_count() == 1);
    std::shared_ptr<tn::tensor<bool, 3> const> const fixed = shared;
    auto const read_only = tn::to_dlpack(fixed);
    CHECK(read_only->flags == dlpack::read_only_flag);
    CHECK(error_of([&] { tn::from_dlpack<bool, 3>(read_only.get()); }).find("read-only") != std::string::npos);
    CHECK_THROWS_AS(tn::to_dlpack(std::shared_ptr<tn::tensor<float>>()), tn::dlpack_error);
    CHECK(tn::to_dlpack(tn::zeros<std::int16_t, 2>() + 1)->dl_tensor.dtype.bits == 16);
    CHECK(tn::to_dlpack(tn::tensor<tn::bfloat16>())->dl_tensor.dtype == dlpack::data_type{4, 16, 1});
    CHECK(tn::to_dlpack(tn::tensor<std::uint8_t, 0>())->dl_tensor.shape[0] == 0);
}

TEST_CASE("elements lie where another library says", "[dlpack]") {
    lent a;
    {
        auto x = tn::from_dlpack<float, 2, 3>(&a.managed);
        CHECK((tn::sum(x).item() == 18 && a.given_back == 0));
        tn::transpose(x) = tn::zeros<float, 3, 2>();
        CHECK((a.data[3] == 3 && a.data[6] == 0 && a.data[7] == 7));
        auto const again = x;
        CHECK(tn::max(again).item() == 0);
    }
    CHECK(a.given_back == 1);
    lent b;
    b.managed.dl_tensor.byte_offset = 4;
    b.strides[0] = 1;
    b.strides[1] = 2;
    CHECK(tn::tensor(tn::from_dlpack<float const, tn::dyn, 3>(&b.managed))(1, 2) == 6);
    b.managed.dl_tensor.byte_offset = 28;
    b.strides[0] = -4;
    b.strides[1] = -1;
    CHECK(tn::tensor(tn::from_dlpack<float, 2, 3>(&b.managed))(1, 2) == 1);
    b.managed.dl_tensor.strides = nullptr;
    b.managed.dl_tensor.byte_offset = 0;
    b.managed.dl_tensor.device = {3, 0};
    CHECK(tn::tensor(tn::from_dlpack<float, 2, 3>(&b.managed, dlpack::row_major))(1, 2) == 5);
    b.shape[0] = 0;
    b.managed.dl_tensor.data = nullptr;
    CHECK(tn::tensor(tn::from_dlpack<float, tn::dyn, 3>(&b.managed)).size() == 0);
    CHECK(b.given_back == 4);
    b.managed.deleter = nullptr;  // nobody wants them back
    CHECK(tn::tensor(tn::from_dlpack<float, tn::dyn, 3>(&b.managed)).size() == 0);
}

TEST_CASE("what can't be taken as it is asked for is refused, and stays its owner's", "[dlpack]") {
    lent a;
    auto const text = [&](auto const& change) {
        lent b;
        change(b);
        auto const message = error_of([&] { tn::from_dlpack<float, 2, tn::dyn>(&b.managed); });
        CHECK(b.given_back == 0);
        return message;
    };
    using Catch::Contains;
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.dtype = {2, 64, 1}; }),
               Contains("are float64") && Contains("as float32"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.dtype.lanes = 4; }), Contains("in vectors of 4"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.dtype.code = 9; }), Contains("type 9"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.device = {2, 1}; }),
               Contains("on a CUDA device") && Contains("on the processor"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.device = {8, 0}; }), Contains("device type 8"));
    CHECK_THAT(text([](lent& b) { b.shape[0] = 3; }), Contains("shape [3, 3]") && Contains("as [2, dyn]"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.ndim = 1; }), Contains("shape [2]"));
    CHECK_THAT(text([](lent& b) { b.shape[1] = -1; }), Contains("shape [2, -1]"));
    CHECK_THAT(text([](lent& b) { b.shape[1] = std::int64_t{1} << 62; }), Contains("2^63 elements or more"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.byte_offset = 2; }), Contains("aligned to 4 bytes"));
    CHECK_THAT(text([](lent& b) { b.managed.dl_tensor.data = nullptr; }), Contains("no memory"));
    CHECK_THAT(text([](lent& b) { b.managed.flags = dlpack::read_only_flag; }),
               Contains("read-only") && Contains("const"));
    CHECK_THAT(text([](lent& b) { b.strides[0] = 0; }), Contains("share memory"));
    CHECK_THAT(text([](lent& b) { b.managed.version.major = 2; }), Contains("version 2.0"));
    CHECK_THAT(error_of([&] { tn::from_dlpack<float, 2, 3>(&a.managed, dlpack::row_major); }), Contains("row-major"));
    CHECK_THROWS_AS((tn::from_dlpack<float, 2>(static_cast<dlpack::managed_tensor*>(nullptr))), tn::dlpack_error);
    CHECK_THROWS_AS((tn::from_dlpack<float, 3, 2>(&a.managed)), tn::shape_error);
    CHECK(a.given_back == 0);
    auto handle = tn::to_dlpack(tn::tensor<double, 2>());
    CHECK_THROWS_AS((tn::from_dlpack<float, 2>(std::move(handle))), tn::dlpack_error);
    CHECK(handle);
}
