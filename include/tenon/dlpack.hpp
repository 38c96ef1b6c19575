// DLPack: tensors to and from NumPy, PyTorch, JAX, CuPy and others in one process, without a copy. Needs a C++20 compiler and nothing
// else; the structures of the interface are declared here.
//
// `to_dlpack(std::move(t))` gives a handle that owns the elements, `handle.release()` is what a Python capsule is made of; from_dlpack
// gives a tensor that refers to another library's elements and gives them back when the last computation with it is gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/tenon.hpp>

namespace tenon::inline TENON_TARGET {

/// DLPack's structures as programs exchange them: dmlc/dlpack, include/dlpack/dlpack.h, version 1. A pointer to the structure of that
/// header's own declaration points to the same memory.
namespace dlpack {

/// Where memory is: 1 the processor's, 2 CUDA's, 3 the host's that CUDA can reach, 13 CUDA's managed memory.
struct device {
    std::int32_t device_type = 1;
    std::int32_t device_id = 0;
    friend constexpr bool operator==(device, device) = default;
};
/// An element type: code 0 integers, 1 without sign, 2 floating point, 4 brain floats, 5 complex numbers, 6 truth values.
struct data_type {
    std::uint8_t code = 0, bits = 0;
    std::uint16_t lanes = 1;
    friend constexpr bool operator==(data_type, data_type) = default;
};
/// Elements in memory; strides count elements, and may be null where they are row-major.
struct tensor {
    void* data = nullptr;
    dlpack::device device;
    std::int32_t ndim = 0;
    data_type dtype;
    std::int64_t* shape = nullptr;
    std::int64_t* strides = nullptr;
    std::uint64_t byte_offset = 0;
};
/// The structure of before version 1, whose capsule is called "dltensor".
struct managed_tensor {
    tensor dl_tensor;
    void* manager_ctx = nullptr;
    void (*deleter)(managed_tensor*) = nullptr;
};
struct version {
    std::uint32_t major = 1, minor = 0;
};
/// The structure of version 1, whose capsule is called "dltensor_versioned".
struct managed_tensor_versioned {
    dlpack::version version;
    void* manager_ctx = nullptr;
    void (*deleter)(managed_tensor_versioned*) = nullptr;
    std::uint64_t flags = 0;
    tensor dl_tensor;
};
inline constexpr std::uint64_t read_only_flag = 1;
static_assert(sizeof(tensor) == 48 && sizeof(managed_tensor) == 64 && sizeof(managed_tensor_versioned) == 80);

/// Gives elements back to whoever lent them.
struct give_back {
    template <class Managed>
    void operator()(Managed* m) const {
        if (m->deleter) m->deleter(m);
    }
};
/// Owns exported elements until `release()`, which is for a capsule or a call that takes the structure over.
template <class Managed = managed_tensor_versioned>
using handle = std::unique_ptr<Managed, give_back>;

/// For from_dlpack: the elements are row-major without gaps, which is checked. Computations then read them as they do a tensor's;
/// without this they go by strides that are known at run time, element by element.
struct row_major_t {};
inline constexpr row_major_t row_major{};

}  // namespace dlpack

/// to_dlpack gives elements away: a tensor that has a name is moved, `to_dlpack(std::move(t))`, copied, `to_dlpack(tn::tensor(t))`, or
/// shared, `to_dlpack(std::make_shared<…>(…))`.
template <class X>
struct to_dlpack_needs_to_own;
/// Elements that are const are exported by version 1 of DLPack alone: before it nothing could say that they are.
template <class X>
struct dlpack_without_version_has_no_const;

namespace detail {

/// The element type as DLPack names it.
template <class T>
constexpr dlpack::data_type dlpack_type_of() {
    constexpr auto bits = static_cast<std::uint8_t>(8 * sizeof(T));
    if constexpr (std::is_same_v<T, bool>) return {6, 8};
    else if constexpr (std::is_same_v<T, bfloat16>) return {4, 16};
    else if constexpr (std::is_same_v<T, float16>) return {2, 16};
    else if constexpr (requires(T z) { z.imag(); }) return {5, bits};
    else if constexpr (std::is_floating_point_v<T>) return {2, bits};
    else return {std::is_signed_v<T> ? std::uint8_t{0} : std::uint8_t{1}, bits};
}
TENON_ON_USE
std::string dlpack_type_name(dlpack::data_type t) {
    char const* const names[] = {"int", "uint", "float", "opaque", "bfloat", "complex", "bool"};
    std::string name = t.code < 7 ? names[t.code] : text_of({"type ", int{t.code}, " of "});
    if (t.code != 6) append_text(name, {int{t.bits}});
    if (t.lanes != 1) append_text(name, {" in vectors of ", int{t.lanes}});
    return name;
}
TENON_ON_USE
std::string dlpack_device_name(std::int32_t type) {
    return type == 1                 ? "the processor"
           : type == 2               ? "a CUDA device"
           : type == 3 || type == 13 ? "the host's memory for CUDA"
                                     : text_of({"device type ", type});
}

/// How a device of ours is called there; `accepts` whether elements elsewhere are read by it too.
template <class Device>
struct dlpack_device;
template <>
struct dlpack_device<cpu> {
    static dlpack::device here() { return {}; }
    static bool accepts(dlpack::device d) { return d.device_type == 1 || d.device_type == 3 || d.device_type == 13; }
    static void before_export() {}
};

/// What of a tensor is compared, independent of its type.
struct dlpack_request {
    dlpack::data_type type;
    std::size_t alignment;
    bool accepted_device, writes, packed;
    std::int32_t device_type;
};
/// Refuses what can't be taken as it is asked for. @throws dlpack_error, shape_error
/// @param known the extents of the shape type, @param flags 0 where there are none, @param step the strides, row-major where null
TENON_ON_USE
void check_dlpack(dlpack::tensor const& t, dlpack_request const& r, std::size_t const* known, std::size_t rank,
                  std::uint64_t flags, std::size_t* extents, std::ptrdiff_t* step) {
    auto const fail = [](std::string const& what) { throw dlpack_error("from_dlpack: " + what); };
    if (!r.accepted_device)
        fail("the elements are on " + dlpack_device_name(t.device.device_type) + ", and were asked for on " +
             dlpack_device_name(r.device_type));
    if (!(t.dtype == r.type))
        fail("the elements are " + dlpack_type_name(t.dtype) + ", and were asked for as " + dlpack_type_name(r.type));
    auto const given = [&] {
        std::string s = "[";
        for (std::int32_t a = 0; a < t.ndim; ++a) append_text(s, {a == 0 ? "" : ", ", t.shape[a]});
        return s + "]";
    };
    bool fits = t.ndim >= 0 && static_cast<std::size_t>(t.ndim) == rank;
    for (std::size_t a = 0; fits && a != rank; ++a) {
        fits = t.shape[a] >= 0 && (is_dynamic(known[a]) || known[a] == static_cast<std::size_t>(t.shape[a]));
        extents[a] = static_cast<std::size_t>(t.shape[a]);
    }
    if (!fits) {
        std::string asked = "[";
        for (std::size_t a = 0; a != rank; ++a) {
            append_text(asked, {a == 0 ? "" : ", "});
            if (is_dynamic(known[a])) append_text(asked, {"dyn"});
            else append_text(asked, {known[a]});
        }
        throw shape_error("from_dlpack: the elements have shape " + given() + ", and were asked for as " + asked + "]");
    }
    std::size_t size = 1;
    for (std::size_t a = 0; a != rank; ++a) size *= extents[a];
    bool packed = true, shared = false;
    std::size_t next = 1;  // may wrap: what multiplies to too much is refused later
    for (std::size_t a = rank; a-- > 0;) {
        auto const without_gaps = static_cast<std::ptrdiff_t>(next);
        step[a] = t.strides ? static_cast<std::ptrdiff_t>(t.strides[a]) : without_gaps;
        packed = packed && (extents[a] == 1 || step[a] == without_gaps);
        shared = shared || (extents[a] > 1 && step[a] == 0);
        next *= extents[a];
    }
    if (size == 0) return;
    if (r.packed && !packed) fail("the elements aren't row-major without gaps, as they were asked for");
    if (!t.data) fail("there are elements, and no memory for them");
    if ((reinterpret_cast<std::uintptr_t>(t.data) + t.byte_offset) % r.alignment != 0)
        fail(text_of({"the elements aren't aligned to ", r.alignment, " bytes"}));
    if (r.writes && (flags & dlpack::read_only_flag) != 0)
        fail("the elements are read-only: ask for them as const, from_dlpack<T const, …>");
    if (r.writes && shared)
        fail("the elements share memory, as a broadcast array's do: ask for them as const, from_dlpack<T const, …>");
}

/// What keeps exported elements, with the structure that speaks of them.
template <class Managed, class Keeper, std::size_t Rank>
struct dlpack_export {
    Managed managed;
    Keeper keeper;
    std::int64_t shape[Rank + 1] = {}, strides[Rank + 1] = {};
};
template <class Managed, class Keeper, class Tensor>
dlpack::handle<Managed> export_dlpack(Keeper keeper, Tensor& (*elements)(Keeper&)) {
    using plain = std::remove_const_t<Tensor>;
    using holder = dlpack_export<Managed, Keeper, plain::rank()>;
    constexpr bool has_flags = requires(Managed m) { m.flags; };
    if constexpr (std::is_const_v<Tensor> && !has_flags) return dlpack_without_version_has_no_const<plain>{};
    else {
        using device = dlpack_device<typename plain::device>;
        device::before_export();
        auto* const all = new holder{{}, std::move(keeper)};
        Tensor& t = elements(all->keeper);
        std::int64_t next = 1;
        auto const s = t.shape();
        for (std::size_t a = plain::rank(); a-- > 0;) {
            all->shape[a] = static_cast<std::int64_t>(s[a]);
            all->strides[a] = next;
            next *= all->shape[a];
        }
        dlpack::tensor& d = all->managed.dl_tensor;
        d.data = const_cast<value_t<plain>*>(elements_of(t));
        d.device = device::here();
        d.ndim = static_cast<std::int32_t>(plain::rank());
        d.dtype = dlpack_type_of<value_t<plain>>();
        d.shape = all->shape;
        d.strides = all->strides;
        if constexpr (has_flags && std::is_const_v<Tensor>) all->managed.flags = dlpack::read_only_flag;
        all->managed.manager_ctx = all;
        all->managed.deleter = [](Managed* m) { delete static_cast<holder*>(m->manager_ctx); };
        return dlpack::handle<Managed>(&all->managed);
    }
}
template <class X>
inline constexpr bool is_shared_tensor = false;
template <class Tensor>
inline constexpr bool is_shared_tensor<std::shared_ptr<Tensor>> = requires { typename Tensor::tensor_tag; };
}  // namespace detail

/// Elements for another library, without a copy: of a tensor that is moved, of a shared one, or of a computation, which is evaluated.
/// Where the other library gives them back, the tensor is destroyed, or the share given up. Elements of a shared `tensor const` are
/// read-only there. On a device what this thread has asked of it is waited for. numpy.ndarray.__dlpack__, torch.utils.dlpack.to_dlpack.
/// Compile errors `to_dlpack_needs_to_own`, `dlpack_without_version_has_no_const`.
/// @tparam Managed the structure: `dlpack::managed_tensor_versioned`, or `dlpack::managed_tensor`, of before version 1
template <class Managed = dlpack::managed_tensor_versioned, class X>
    requires(expression<X> || detail::is_shared_tensor<std::remove_cvref_t<X>>)
auto to_dlpack(X&& x) {
    using plain = std::remove_cvref_t<X>;
    if constexpr (detail::is_shared_tensor<plain>) {
        using tensor = typename plain::element_type;
        if (!x) throw dlpack_error("to_dlpack: a shared tensor is null");
        return detail::export_dlpack<Managed, plain, tensor>(std::forward<X>(x),
                                                             [](plain& p) -> tensor& { return *p; });
    } else if constexpr (std::is_lvalue_reference_v<X> &&
                         (requires { typename plain::tensor_tag; } || requires { typename plain::variable_class; }))
        return to_dlpack_needs_to_own<plain>{};
    else {
        using tensor = tensor_of_t<value_t<X>, shape_t<X>, device_of_t<plain>>;
        return detail::export_dlpack<Managed, tensor, tensor>(tensor(std::forward<X>(x)),
                                                              [](tensor& t) -> tensor& { return t; });
    }
}

/// Another library's elements as a tensor, without a copy: an operand like any other, which can be assigned to where `T` isn't const.
/// What it is part of keeps them; they are given back when the last of it is gone. torch.from_dlpack, numpy.from_dlpack.
/// @tparam T the element type, const where the elements are only read, @tparam E the extents; the device may stand first among the
///         arguments, `from_dlpack<float, tn::dyn, 3>(Device{}, managed)`, and `dlpack::row_major` last
/// @param managed the structure, with or without a version, of this header or of DLPack's own; null is refused. It is the tensor's
///        from here on, and where something is thrown still the caller's
/// @throws dlpack_error where type, device, alignment or rights are not those that were asked for, shape_error where the shape is not
template <class T, std::size_t... E, some_device Device, class Managed, class... Order>
    requires(sizeof...(Order) <= 1 && (std::is_same_v<Order, dlpack::row_major_t> && ...))
auto from_dlpack(Device, Managed* managed, Order...) {
    using element = std::remove_const_t<T>;
    using to = shape<E...>;
    using abi =
        std::conditional_t<requires { managed->flags; }, dlpack::managed_tensor_versioned, dlpack::managed_tensor>;
    static_assert(sizeof(Managed) == sizeof(abi), "from_dlpack takes a DLManagedTensor or DLManagedTensorVersioned");
    constexpr bool packed = sizeof...(Order) == 1;
    using strides =
        std::conditional_t<packed, packed_memory, memory_strides<(static_cast<void>(E), dynamic_stride)...>>;
    using node = memory_node<element, to, strides, Device, std::shared_ptr<abi>>;

    if (!managed) throw dlpack_error("from_dlpack: there is no tensor");
    auto* const m = reinterpret_cast<abi*>(managed);
    std::uint64_t flags = 0;
    if constexpr (requires { m->flags; }) {
        if (m->version.major != 1)
            throw dlpack_error(text_of({"from_dlpack: made for version ", m->version.major, ".", m->version.minor,
                                        " of DLPack, and version 1 is known here"}));
        flags = m->flags;
    }
    using device = detail::dlpack_device<Device>;
    dlpack::tensor const& t = m->dl_tensor;
    std::array<std::size_t, to::rank()> extents{};
    typename node::stride_array step{};
    detail::check_dlpack(t,
                         {detail::dlpack_type_of<element>(), alignof(element), device::accepts(t.device),
                          !std::is_const_v<T>, packed, device::here().device_type},
                         to::static_extents, to::rank(), flags, extents.data(), step.data());
    // Throws where extents multiply to too much, which has to be before the elements are taken over.
    to const s(extents);
    auto const* const first =
        reinterpret_cast<element const*>(static_cast<unsigned char const*>(t.data) + t.byte_offset);
    return detail::memory_view<!std::is_const_v<T>>(node(first, s, step, std::shared_ptr<abi>(m, dlpack::give_back{})));
}
template <class T, std::size_t... E, class Managed, class... Order>
auto from_dlpack(Managed* managed, Order... order) {
    return tenon::from_dlpack<T, E...>(cpu{}, managed, order...);
}
/// The same of elements that a handle owns; where something is thrown it still does.
template <class T, std::size_t... E, some_device Device, class Managed, class... Order>
auto from_dlpack(Device d, dlpack::handle<Managed>&& managed, Order... order) {
    auto t = tenon::from_dlpack<T, E...>(d, managed.get(), order...);
    static_cast<void>(managed.release());
    return t;
}
template <class T, std::size_t... E, class Managed, class... Order>
auto from_dlpack(dlpack::handle<Managed>&& managed, Order... order) {
    return tenon::from_dlpack<T, E...>(cpu{}, std::move(managed), order...);
}

}  // namespace tenon::inline TENON_TARGET
