// Named tensors and numbers: what optimisers, schedulers and scalers need to go on where another one was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/base/error.hpp>
#include <tenon/base/reflect.hpp>
#include <tenon/base/target.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/scalar/element_type.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// One tensor, or a number where it has no extents.
struct state_entry {
    element_type type;
    std::vector<std::size_t> extents;
    std::string bytes;
    friend bool operator==(state_entry const&, state_entry const&) = default;
};

/// A copy of an object's state by name, as torch's state_dict: an optimiser's buffers are "state.fc1.weight.exp_avg",
/// its options "param_groups.lr", its count of steps "state.step". Numbers are kept as int64 or double, which hold
/// every option exactly.
/// @tparam Entry state_entry; a parameter, so that the compiler passes over all of this where no state is kept
template <class Entry>
class basic_state_dict {
public:
    using entry = Entry;

    basic_state_dict() = default;
    /// @param source what errors name, such as a file
    explicit basic_state_dict(std::string source) : source_(std::move(source)) {}

    std::map<std::string, entry> const& entries() const& { return entries_; }
    /// A temporary's entries are handed over: a loop over `optimizer.state_dict().entries()` has them to itself.
    std::map<std::string, entry> entries() && { return std::move(entries_); }
    bool contains(std::string const& name) const { return entries_.contains(name); }
    void set(std::string const& name, entry e) { entries_[name] = std::move(e); }

    /// Keeps a number; unsigned ones have to fit int64.
    template <class N>
        requires std::is_arithmetic_v<N>
    void set(std::string const& name, N n) {
        std::conditional_t<std::is_floating_point_v<N>, double, std::int64_t> const kept =
            static_cast<std::conditional_t<std::is_floating_point_v<N>, double, std::int64_t>>(n);
        set_elements(name, element_type_of<decltype(kept)>(), &kept, sizeof kept, {});
    }
    /// Keeps a text, as its bytes.
    void set(std::string const& name, std::string_view text) {
        set_elements(name, element_type_of<std::uint8_t>(), text.data(), text.size(), {text.size()});
    }
    /// Keeps the elements of a tensor.
    void set_elements(std::string const& name, element_type type, void const* from, std::size_t bytes,
                      std::vector<std::size_t> extents) {
        set(name, entry{type, std::move(extents), std::string(static_cast<char const*>(from), bytes)});
    }

    /// @throws io_error where the name is unknown
    entry const& at(std::string const& name) const {
        auto const found = entries_.find(name);
        if (found == entries_.end()) fail("has no '" + name + "'");
        return found->second;
    }
    /// A number that was kept. @throws io_error where it is missing or of another kind, shape_error where it is a
    /// tensor
    template <class N>
    N number(std::string const& name) const {
        std::conditional_t<std::is_floating_point_v<N>, double, std::int64_t> kept{};
        copy_elements(name, element_type_of<decltype(kept)>(), &kept, sizeof kept, {});
        return static_cast<N>(kept);
    }
    /// @throws io_error where the text is missing or no text
    std::string text(std::string const& name) const {
        entry const& e = at(name);
        if (e.type != element_type_of<std::uint8_t>()) fail("'" + name + "' is no text");
        return e.bytes;
    }
    /// Copies the elements of a tensor. @throws io_error where it is missing or has another element type, shape_error
    /// where its extents are others
    void copy_elements(std::string const& name, element_type type, void* to, std::size_t bytes,
                       std::vector<std::size_t> const& extents) const {
        entry const& e = at(name);
        if (e.type != type) fail("'" + name + "' has another element type");
        if (e.extents != extents)
            throw shape_error(source_ + ": '" + name + "' has the shape " + shape_text(e.extents) + ", not " +
                              shape_text(extents));
        if (bytes != 0) std::memcpy(to, e.bytes.data(), bytes);
    }
    /// @throws io_error where the state is one of another kind of object
    void check_kind(std::string_view kind) const {
        if (std::string const own = text("kind"); own != kind)
            fail("is the state of " + own + ", not of " + std::string(kind));
    }
    /// @throws io_error always, with a text that names where the state comes from
    [[noreturn]] void fail(std::string const& why) const { throw io_error(source_ + ": " + why); }
    std::string const& source() const { return source_; }

    friend bool operator==(basic_state_dict const& a, basic_state_dict const& b) { return a.entries_ == b.entries_; }

private:
    static std::string shape_text(std::vector<std::size_t> const& extents) {
        return tenon::detail::extents_as_text(extents.data(), extents.size());
    }

    std::string source_ = "load_state_dict";
    std::map<std::string, entry> entries_;
};

/// A copy of an object's state by name.
using state_dict = basic_state_dict<state_entry>;

namespace detail {
/// Calls f(name, number) for every number in an options struct; a pair counts as two.
template <class Options, class F>
void for_each_option(Options& options, F const& f) {
    reflect::for_each_member(options, [&](std::string_view member, auto& value) {
        std::string const name = "param_groups." + std::string(member);
        if constexpr (requires { value.first; }) f(name + ".0", value.first), f(name + ".1", value.second);
        else f(name, value);
    });
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::optim
