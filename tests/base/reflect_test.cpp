// Reflection of aggregates: counts, names, access, and the names of classes.
#include <tenon/base/reflect.hpp>

#include <any>
#include <array>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../catch.hpp"

namespace reflect = tenon::reflect;
using reflect::member_count;
using reflect::member_names;
using reflect::type_name;

namespace nn {

struct relu {};

// A class with private members: not an aggregate.
class linear {
public:
    linear() = default;
    explicit linear(int width) : width_(width) {}
    int width() const { return width_; }

private:
    int width_ = 1;
};

struct no_default {
    explicit no_default(int) {}
};

struct immovable {
    immovable() = default;
    immovable(immovable const&) = delete;
    immovable& operator=(immovable const&) = delete;
};

struct only_movable {
    only_movable(only_movable&&) = default;
    only_movable& operator=(only_movable&&) = default;
    explicit only_movable(int) {}
};

struct explicit_default {
    explicit explicit_default() {}
};

// What converting constructors can be written as.
struct from_reference {
    from_reference() = default;
    template <class A>
    from_reference(A&&) {}
};
struct from_const {
    template <class A>
    from_const(A const&) {}
};
struct from_value {
    template <class A>
    from_value(A) {}
};
struct from_pack {
    template <class... A>
    from_pack(A&&...) {}
};
struct from_anything_but_itself {
    template <class A>
        requires(!std::is_same_v<std::remove_cvref_t<A>, from_anything_but_itself>)
    from_anything_but_itself(A&&) {}
};
struct from_initialisers {
    from_initialisers(std::initializer_list<int>) {}
    from_initialisers(int, int, int) {}
};

template <int In, int Hidden, int Out>
struct simple_nn {
    linear first{In};
    relu activation;
    linear second{Hidden};
    mutable int calls = Out;

    struct inner {
        int depth;
    };
};

}  // namespace nn

namespace {

struct empty {};
struct one {
    int only;
};
struct nested {
    one head;
    nn::simple_nn<10, 5, 2> body;
    empty tail;
};
struct base {
    int x = 0;
};
struct derived : base {
    int y = 0;
};
struct with_union_member {
    union choice {
        int i;
        float f;
    } u;
    std::pair<int, int> p;
};

struct arrays {
    nn::linear blocks[3];
    std::array<nn::linear, 2> pair;
    int grid[2][3];
    std::array<int, 0> none;
    one single[1];
    nn::relu empties[2];
    double last;
};
struct hard_arrays {
    int before;
    nn::no_default blocks[3];
    nn::explicit_default defaults[2];
    nn::immovable fixed[2];
    std::unique_ptr<int> owners[2];
    nn::from_initialisers lists[2];
    nn::from_initialisers list;
    int after[4];
};
struct big_array {
    char text[200];
    int size;
};
struct greedy_arrays {
    nn::from_value values[2];
    nn::from_pack packs[3];
    nn::from_pack pack;
    std::any anys[2];
};

struct difficult {
    nn::no_default a;
    nn::only_movable b;
    nn::immovable c;
    std::unique_ptr<int> d;
    std::mutex e;
    std::atomic<int> f;
    nn::explicit_default g;
    int const h;
};
struct greedy {
    nn::from_reference a;
    nn::from_const b;
    nn::from_value c;
    nn::from_pack d;
    nn::from_anything_but_itself e;
    std::any f;
    std::function<void(int)> g;
    std::optional<nn::from_reference> h;
    std::variant<int, std::string> i;
    std::tuple<int, nn::from_value> j;
    std::optional<int> k;
    nn::from_initialisers l;
};
struct greedy_first {
    std::any first;
};
struct library {
    std::string text;
    std::string_view view;
    std::vector<std::vector<int>> lists;
    std::shared_ptr<int> shared;
    int* pointer;
    void (*function)(int);
    int one::*member;
};
struct full {
    int m00, m01, m02, m03, m04, m05, m06, m07, m08, m09, m10, m11, m12, m13, m14, m15;
    int m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31;
};
struct full_of_layers {
    nn::linear m00, m01, m02, m03, m04, m05, m06, m07, m08, m09, m10, m11, m12, m13, m14, m15;
    nn::linear m16, m17, m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31[5];
};
struct overlapping {
    [[no_unique_address]] nn::relu a;
    int value;
    [[no_unique_address]] nn::relu b;
};

enum class colour { red };
struct {
    int q;
} unnamed_object [[maybe_unused]];

template <auto>
struct tagged {};
template <class...>
struct typed {
    template <class>
    struct part {};
};
struct text_constant {
    char text[8];
};

template <class T>
auto local_in_template() {
    struct local {
        T value;
        int other;
    };
    return local{};
}

template <class T>
std::string join_names() {
    std::string all;
    for (std::string_view name : member_names<T>) all += std::string(name) + ' ';
    return all;
}

}  // namespace

TEST_CASE("only classes that are aggregates are aggregates") {
    CHECK(reflect::aggregate<empty>);
    CHECK(reflect::aggregate<nested const>);
    CHECK(reflect::aggregate<std::array<int, 3>>);
    CHECK(!reflect::aggregate<nn::linear>);
    CHECK(!reflect::aggregate<int[3]>);
    CHECK(!reflect::aggregate<with_union_member::choice>);
    CHECK(!reflect::aggregate<int>);
}

TEST_CASE("members are counted") {
    CHECK(member_count<empty> == 0);
    CHECK(member_count<one> == 1);
    CHECK(member_count<one const> == 1);
    CHECK(member_count<nested> == 3);
    CHECK(member_count<nn::simple_nn<10, 5, 2>> == 4);
    CHECK(member_count<with_union_member> == 2);
    CHECK(member_count<full> == 32);
    CHECK(member_count<full_of_layers> == 32);
    CHECK(member_count<library> == 7);
    CHECK(member_count<overlapping> == 3);
}

TEST_CASE("an array is one member") {
    CHECK(member_count<arrays> == 7);
    CHECK(member_count<hard_arrays> == 8);
    CHECK(member_count<big_array> == 2);
    CHECK(member_count<greedy_arrays> == 4);
    CHECK(member_count<std::array<int, 3>> == 1);
}

TEST_CASE("members that cannot be copied or take any type are counted") {
    CHECK(member_count<difficult> == 8);
    CHECK(member_count<greedy> == 12);
    CHECK(member_count<greedy_first> == 1);
}

TEST_CASE("a base class is told from a first member") {
    // Counting the members of one is an error by design, so the question before it is asked.
    CHECK(reflect::detail::has_base<derived, 2>());
    CHECK(!reflect::detail::has_base<nested, 3>());
    CHECK(!reflect::detail::has_base<greedy, 12>());
    CHECK(!reflect::detail::has_base<greedy_first, 1>());
    CHECK(!reflect::detail::has_base<empty, 0>());
}

TEST_CASE("members have names") {
    CHECK(member_names<empty>.empty());
    static_assert(member_names<one>[0] == "only");
    CHECK(join_names<nested>() == "head body tail ");
    CHECK(join_names<nn::simple_nn<10, 5, 2> const>() == "first activation second calls ");
    CHECK(join_names<nn::simple_nn<1, 1, 1>::inner>() == "depth ");
    CHECK(join_names<arrays>() == "blocks pair grid none single empties last ");
    CHECK(join_names<hard_arrays>() == "before blocks defaults fixed owners lists list after ");
    CHECK(join_names<difficult>() == "a b c d e f g h ");
    CHECK(join_names<greedy>() == "a b c d e f g h i j k l ");
    CHECK(join_names<library>() == "text view lists shared pointer function member ");
    CHECK(join_names<overlapping>() == "a value b ");
    CHECK(member_names<full>[0] == "m00");
    CHECK(member_names<full>[31] == "m31");
    CHECK(member_names<full_of_layers>[31] == "m31");
}

TEST_CASE("structs inside functions have names") {
    struct local {
        nn::linear weight;
        std::string bias;
    };
    CHECK(join_names<local>() == "weight bias ");
    CHECK(type_name<local>() == "local");
    using generic = decltype(local_in_template<std::string>());
    CHECK(join_names<generic>() == "value other ");
    CHECK(type_name<generic>() == "local");
}

TEST_CASE("members are visited in order, by reference") {
    full object{};
    int next = 0;
    reflect::for_each_member(object, [&](std::string_view name, int& member) {
        CHECK(name == reflect::member_names<full>[static_cast<std::size_t>(next)]);
        member = next++;
    });
    CHECK(next == 32);
    CHECK(object.m00 == 0);
    CHECK(object.m17 == 17);
    CHECK(object.m31 == 31);

    empty none;
    reflect::for_each_member(none, [&](std::string_view, auto&) { ++next; });
    CHECK(next == 32);
}

TEST_CASE("members of a const object are const") {
    nested const object{};
    int visited = 0;
    reflect::for_each_member(object, [&](std::string_view, auto& member) {
        CHECK(std::is_const_v<std::remove_reference_t<decltype(member)>>);
        ++visited;
    });
    CHECK(visited == 3);

    arrays layers{};
    reflect::visit_members(std::as_const(layers), [&](auto& blocks, auto&... rest) {
        CHECK(std::is_same_v<decltype(blocks), nn::linear const(&)[3]>);
        CHECK(&blocks[2] == &layers.blocks[2]);
        CHECK(sizeof...(rest) == 6);
    });
}

TEST_CASE("a mutable member can be written through a const object") {
    nn::simple_nn<10, 5, 2> const object{};
    reflect::for_each_member(object, [](std::string_view name, auto& member) {
        if constexpr (std::is_assignable_v<decltype(member), int> && std::is_same_v<decltype(member), int&>) {
            CHECK(name == "calls");
            member = 7;
        }
    });
    CHECK(object.calls == 7);
}

TEST_CASE("objects are visited at compile time") {
    constexpr int sum = [] {
        struct {
            int a = 1, b = 2, c[2] = {3, 4};
        } object;
        int total = 0;
        reflect::for_each_member(object, [&](std::string_view name, auto& member) {
            if constexpr (std::is_array_v<std::remove_reference_t<decltype(member)>>) {
                total += member[1];
            } else {
                total += member * static_cast<int>(name.size());
            }
        });
        return total;
    }();
    CHECK(sum == 7);
    constexpr one object{3};
    CHECK(reflect::visit_members(object, [](int const& only) -> int const& { return only; }) == 3);
}

TEST_CASE("classes have names") {
    static_assert(type_name<nn::simple_nn<10, 5, 2>>() == "simple_nn");
    CHECK(type_name<nn::linear const>() == "linear");
    CHECK(type_name<nn::simple_nn<10, 5, 2>::inner>() == "inner");
    CHECK(type_name<empty>() == "empty");
    CHECK(type_name<colour>() == "colour");
    CHECK(type_name<with_union_member::choice>() == "choice");
    CHECK(type_name<std::string>() == "basic_string");
    CHECK(type_name<std::vector<std::vector<int>>>() == "vector");
}

TEST_CASE("template arguments do not confuse the name of a class") {
    CHECK(type_name<tagged<'>'>>() == "tagged");
    CHECK(type_name<tagged<'<'>>() == "tagged");
    CHECK(type_name<tagged<'\''>>() == "tagged");
    CHECK(type_name<tagged<'"'>>() == "tagged");
    CHECK(type_name<tagged<'\\'>>() == "tagged");
    CHECK(type_name<tagged<text_constant{"a>\"b"}>>() == "tagged");
    CHECK(type_name<tagged<(3 > 2)>>() == "tagged");
    CHECK(type_name<tagged<&one::only>>() == "tagged");
    CHECK(type_name<tagged<[](int) -> int { return 1; }>>() == "tagged");
    CHECK(type_name<typed<int (*)(int), std::vector<int>>::part<typed<>>>() == "part");
    CHECK(type_name<typed<decltype([] {}), std::string>>() == "typed");
}

TEST_CASE("types without a name have an empty one") {
    [[maybe_unused]] auto lambda = [](int) { return 1; };
    CHECK(type_name<decltype(lambda)>().empty());
    CHECK(type_name<decltype(unnamed_object)>().empty());
}
