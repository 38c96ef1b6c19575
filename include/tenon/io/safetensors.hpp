// Safetensors files: named tensors behind a header in JSON. Whole models are in <tenon/io/model.hpp>.
//
// Source: https://github.com/huggingface/safetensors, "Format". Names may not occur twice, and the tensors' bytes must
// cover the rest of the file without holes or overlaps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/io/element.hpp>
#include <tenon/io/file.hpp>
#include <tenon/io/json.hpp>

namespace tenon::inline TENON_TARGET::io {

namespace detail {

/// A name that the format has for an element type, and the type where C++ has it.
struct safetensors_type {
    std::string_view name;
    element_type type;
    std::size_t bits;
};
inline constexpr safetensors_type safetensors_types[] = {
    {"F64", {'f', 8}, 64}, {"F32", {'f', 4}, 32}, {"F16", {'f', 2}, 16},  {"BF16", {'h', 2}, 16}, {"I64", {'i', 8}, 64},
    {"I32", {'i', 4}, 32}, {"I16", {'i', 2}, 16}, {"I8", {'i', 1}, 8},    {"U64", {'u', 8}, 64},  {"U32", {'u', 4}, 32},
    {"U16", {'u', 2}, 16}, {"U8", {'u', 1}, 8},   {"BOOL", {'b', 1}, 8},  {"C64", {'c', 8}, 64},        {"F8_E4M3", {}, 8},
    {"F8_E5M2", {}, 8},    {"F8_E8M0", {}, 8},    {"F8_E4M3FNUZ", {}, 8}, {"F8_E5M2FNUZ", {}, 8}, {"F6_E2M3", {}, 6},
    {"F6_E3M2", {}, 6},    {"F4", {}, 4}};

}  // namespace detail

/// One tensor's place in a safetensors file.
struct safetensors_entry {
    element_type type;  ///< of no bytes where C++ has none of the kind
    std::string dtype;  ///< the type as the file names it, such as "F32" or "F8_E4M3"
    std::vector<std::size_t> extents;
    std::size_t begin, end;
};

/// The content of a safetensors file.
/// @tparam Entry safetensors_entry; a parameter, so that the compiler passes over all of this where no file is read
template <class Entry>
class basic_safetensors {
public:
    using entry = Entry;

    /// Reads a file and checks all of it but the elements' values. A tensor whose element type is unknown here, such as
    /// one of eight-bit floating point or complex numbers, is in no other's way: it is refused when it is asked for.
    /// @throws io_error where it is missing or damaged
    explicit basic_safetensors(file_path file) : file_(std::move(file)), bytes_(read_file(file_)) { parse(); }

    /// The tensors' names, sorted.
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (auto const& [name, e] : entries_) all.push_back(name);
        return all;
    }
    bool contains(std::string const& name) const { return entries_.count(name) != 0; }
    /// What else the writer noted, by name.
    std::map<std::string, std::string> const& metadata() const { return metadata_; }
    file_path const& path() const { return file_; }
    /// A tensor's type, extents and place. @throws io_error where the name is unknown
    entry const& at(std::string const& name) const {
        auto const found = entries_.find(name);
        if (found == entries_.end()) fail(file_, "has no tensor '" + name + "'");
        return found->second;
    }

    /// One tensor. float16 and bfloat16 are also read as float; other types have to be the file's.
    /// @tparam E the extents; those that are `dyn` are taken from the file
    /// @throws io_error where the name is unknown or the element type another
    /// @throws shape_error where the shape is another
    template <class T, std::size_t... E>
    tensor<T, E...> get(std::string const& name) const {
        tensor<T, E...> x(uninitialized, check<T, shape<E...>>(name));
        copy_to(name, x.data());
        return x;
    }
    /// The shape of a tensor, after all the checks that `get` does.
    template <class T, class Shape>
    Shape check(std::string const& name) const {
        entry const& e = at(name);
        if (e.type.bytes == 0)
            fail(file_,
                 "'" + name + "' holds elements of the type " + e.dtype + ", not " + to_string(element_type_of<T>()));
        bool const widened =
            std::is_same_v<T, float> && e.type.bytes == 2 && (e.type.kind == 'f' || e.type.kind == 'h');
        if (e.type != element_type_of<T>() && !widened)
            fail(file_, "'" + name + "' holds " + to_string(e.type) + ", not " + to_string(element_type_of<T>()));
        return detail::checked_shape<Shape>(e.extents, file_.string() + ": '" + name + "'");
    }
    /// Copies the elements of a tensor that was checked.
    template <class T>
    void copy_to(std::string const& name, T* to) const {
        entry const& e = at(name);
        if (e.type.bytes == 0) return;
        char const* const from = bytes_.data() + data_ + e.begin;
        std::size_t const n = (e.end - e.begin) / e.type.bytes;
        if constexpr (std::is_same_v<T, float>)
            if (e.type.bytes == 2) {
                for (std::size_t i = 0; i != n; ++i) {
                    auto const bits = detail::load<std::uint16_t>(from + 2 * i, std::endian::little);
                    to[i] = e.type.kind == 'h' ? float(bfloat16::from_bits(bits)) : float(float16::from_bits(bits));
                }
                return;
            }
        detail::copy_elements(to, from, n, std::endian::little);
    }

    /// The bytes of a tensor, little-endian.
    std::string_view bytes(std::string const& name) const {
        entry const& e = at(name);
        return std::string_view(bytes_).substr(data_ + e.begin, e.end - e.begin);
    }

private:
    void parse() {
        if (bytes_.size() < 8) fail(file_, "is damaged: it ends within the header");
        auto const length = detail::load<std::uint64_t>(bytes_.data(), std::endian::little);
        if (length > bytes_.size() - 8) fail(file_, "is damaged: it ends within the header");
        data_ = 8 + static_cast<std::size_t>(length);
        if (length == 0 || bytes_[8] != '{') fail(file_, "is not a safetensors file");
        detail::json_reader json(std::string_view(bytes_).substr(8, data_ - 8), file_);
        bool noted = false;
        json.object([&](std::string const& key) {
            if (key != "__metadata__") return parse_entry(json, key);
            if (std::exchange(noted, true)) json.damaged("'__metadata__' occurs twice");
            if (json.accept_word("null")) return;
            json.object([&](std::string const& name) {
                if (!metadata_.emplace(name, json.string()).second) json.damaged("'" + name + "' occurs twice");
            });
        });
        if (!json.at_end()) json.damaged("something follows it");
        check_places();
    }
    void parse_entry(detail::json_reader<>& json, std::string const& name) {
        entry e{};
        std::vector<std::size_t> place;
        std::set<std::string> seen;
        json.object([&](std::string const& key) {
            if (!seen.insert(key).second) json.damaged("'" + key + "' of '" + name + "' occurs twice");
            if (key == "shape") json.array([&] { e.extents.push_back(json.number()); });
            else if (key == "data_offsets") json.array([&] { place.push_back(json.number()); });
            else if (key == "dtype") e.dtype = json.string();
            else json.ignore();
        });
        if (!seen.contains("dtype") || !seen.contains("shape") || place.size() != 2)
            json.damaged("'" + name + "' is not described fully");
        e.begin = place[0];
        e.end = place[1];
        bool fits = e.begin <= e.end;
        for (auto const& known : detail::safetensors_types)
            if (known.name == e.dtype) {
                e.type = known.type;
                std::size_t const bits = detail::bytes_of(e.extents, known.bits, file_);
                fits = fits && bits % 8 == 0 && e.end - e.begin == bits / 8;
            }
        if (!fits) fail(file_, "is damaged: '" + name + "' has a shape and a place of different sizes");
        if (!entries_.emplace(name, std::move(e)).second) json.damaged("'" + name + "' occurs twice");
    }
    void check_places() const {
        std::vector<std::pair<std::size_t, std::size_t>> places;
        for (auto const& [name, e] : entries_) places.emplace_back(e.begin, e.end);
        std::sort(places.begin(), places.end());
        std::size_t at = 0;
        for (auto const& [begin, end] : places) {
            if (begin != at) fail(file_, "is damaged: tensors overlap or leave holes");
            at = end;
        }
        if (at != bytes_.size() - data_) fail(file_, "is damaged: its size is not that of its tensors");
    }

    file_path file_;
    std::string bytes_;
    std::size_t data_ = 0;
    std::map<std::string, entry> entries_;
    std::map<std::string, std::string> metadata_;
};

/// The content of a safetensors file, after checking all of it but the elements' values.
using safetensors = basic_safetensors<safetensors_entry>;

/// Reads a safetensors file: `load_safetensors("m.safetensors").get<float, 3, 4>("fc1.weight")`.
/// @throws io_error where it is missing or damaged
template <class Content = safetensors>
Content load_safetensors(file_path const& file) {
    return Content(file);
}

namespace detail {
/// A tensor that is to be written.
struct safetensors_item {
    std::string name;
    element_type type;
    std::vector<std::size_t> extents;
    std::string_view bytes;
    std::string buffer;
};
}  // namespace detail

/// Collects named tensors and writes them as one safetensors file. Tensors are referred to and must live until then.
/// @tparam Item what is kept of each; a parameter, so that the compiler passes over all of this where no file is written
template <class Item>
class basic_safetensors_writer {
public:
    /// Adds a tensor; of complex numbers the format has those of floats. @throws std::invalid_argument where the name is taken,
    /// reserved or not UTF-8
    template <class T, std::size_t... E>
    basic_safetensors_writer& add(std::string name, tensor<T, E...> const& x) {
        static_assert(
            !std::is_same_v<T, std::complex<double>>,
            "safetensors has no complex numbers of doubles: save cast<std::complex<float>>(x) or view_as_real(x)");
        auto const extents = x.shape().extents();
        Item one{std::move(name), element_type_of<T>(), {extents.begin(), extents.end()}, {}, {}};
        one.bytes = detail::little_endian_bytes(x, one.buffer);
        add_item(std::move(one));
        return *this;
    }
    /// Adds elements that lie in the format's order already. @throws std::invalid_argument as for tensors, and where the format has
    /// no such type
    basic_safetensors_writer& add(std::string name, element_type type, std::vector<std::size_t> extents,
                                  std::string bytes) {
        add_item({std::move(name), type, std::move(extents), {}, std::move(bytes)});
        return *this;
    }
    /// A temporary's bytes are kept.
    template <class T, std::size_t... E>
    basic_safetensors_writer& add(std::string name, tensor<T, E...>&& x) {
        add(std::move(name), std::as_const(x));
        Item& one = items_.back();
        if (one.buffer.empty()) one.buffer = one.bytes;
        return *this;
    }
    /// Notes something beside the tensors. @throws std::invalid_argument where it is not UTF-8
    basic_safetensors_writer& note(std::string const& name, std::string const& text) {
        if (!detail::is_utf8(name) || !detail::is_utf8(text))
            throw std::invalid_argument("safetensors: metadata has to be UTF-8");
        metadata_[name] = text;
        return *this;
    }
    /// Writes the file; it is replaced at once. @throws io_error where that fails
    void write(file_path const& file) const {
        std::vector<Item const*> order;
        for (Item const& i : items_) order.push_back(&i);
        // Wide elements first, so that all are aligned, as the format's own library writes them; else in their order,
        // which is that of the addresses.
        std::sort(order.begin(), order.end(), [](Item const* a, Item const* b) {
            return a->type.bytes != b->type.bytes ? a->type.bytes > b->type.bytes : a < b;
        });
        std::string header = "{", data;
        if (!metadata_.empty()) {
            header += "\"__metadata__\":{";
            for (auto const& [name, text] : metadata_)
                header += detail::json_quoted(name) + ':' + detail::json_quoted(text) + ',';
            header.back() = '}';
            header += ',';
        }
        for (Item const* i : order) {
            std::size_t const begin = data.size();
            data += i->buffer.empty() ? i->bytes : std::string_view(i->buffer);
            std::string shape = detail::shape_text(i->extents);
            std::erase(shape, ' ');
            std::string_view type;
            for (auto const& known : detail::safetensors_types)
                if (known.type == i->type) type = known.name;
            header += detail::json_quoted(i->name) + ":{\"dtype\":\"" + std::string(type) + "\",\"shape\":" + shape +
                      ",\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(data.size()) + "]},";
        }
        if (header.size() > 1) header.pop_back();
        header += '}';
        header.append((8 - header.size() % 8) % 8, ' ');
        char length[8];
        for (std::size_t i = 0; i != 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i) & 0xFFU);
        replace_file(file, {{length, 8}, header, data});
    }

private:
    void add_item(Item one) {
        bool known = false;
        for (auto const& t : detail::safetensors_types) known = known || (t.type == one.type && t.type.bytes != 0);
        if (!known)
            throw std::invalid_argument("safetensors: '" + one.name + "': the format has no " + to_string(one.type));
        if (one.name == "__metadata__" || !detail::is_utf8(one.name) || !names_.insert(one.name).second)
            throw std::invalid_argument("safetensors: '" + one.name + "' is taken, or no possible name");
        items_.push_back(std::move(one));
    }

    std::vector<Item> items_;
    std::set<std::string> names_;
    std::map<std::string, std::string> metadata_;
};

/// Collects named tensors and writes them as one safetensors file.
using safetensors_writer = basic_safetensors_writer<detail::safetensors_item>;

}  // namespace tenon::inline TENON_TARGET::io
