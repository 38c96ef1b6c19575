// What an error says.
#pragma once

#include <exception>
#include <string>

/// The text of the `Error` that `f` throws; empty where it throws none.
template <class Error = std::exception, class F>
std::string error_of(F const& f) {
    try {
        f();
    } catch (Error const& error) { return error.what(); }
    return "";
}
