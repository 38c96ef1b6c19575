// What can be known of a node that says nothing of itself: its name, and the operands that its members keep.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <tenon/base/reflect.hpp>
#include <tenon/base/tuple.hpp>
#include <tenon/core/leaf.hpp>

namespace tenon::inline TENON_TARGET::eval {

struct short_text {
    char text[64] = {};
};

/// A node's class name without its ending: max_pool for max_pool_node<…>.
template <class Node>
constexpr short_text plain_name() {
    std::string_view name = reflect::type_name<Node>();
    if (name.ends_with("_node")) name.remove_suffix(5);
    short_text t;
    for (std::size_t i = 0; i < std::min<std::size_t>(name.size(), 63); ++i) t.text[i] = name[i];
    return t;
}

/// Calls f for the members that nodes keep their operands in.
template <class Node, class F>
void each_operand(Node const& n, F const& f) {
    auto const maybe = [&](auto const& a) {
        if constexpr (expression<decltype(a)>) f(a);
    };
    if constexpr (requires {
                      n.operands;
                      Node::operand_count;
                  })
        unroll<Node::operand_count>([&](auto i) { maybe(tenon::get<i>(n.operands)); });
    if constexpr (requires { n.operand; }) maybe(n.operand);
    if constexpr (requires { n.input; }) maybe(n.input);
    if constexpr (requires { n.a; }) maybe(n.a);
    if constexpr (requires { n.b; }) maybe(n.b);
    if constexpr (requires { n.weight; }) maybe(n.weight);
    if constexpr (requires { n.bias; }) maybe(n.bias);
}

}  // namespace tenon::inline TENON_TARGET::eval
