// What is thrown when only run time could know that something does not fit.
#pragma once

#include <cstddef>
#include <stdexcept>

// Not in the inline namespace of the instruction set: what one file of a program throws, another that was built with other
// flags can catch.
namespace tenon {

/// The name of an operation as a template argument, for types that a compile error shows.
template <std::size_t N>
struct operation_name {
    char text[N]{};
    consteval operation_name(char const (&name)[N]) {
        for (std::size_t i = 0; i != N; ++i) text[i] = name[i];
    }
};

/// An operation names an axis that its operand does not have.
template <operation_name Operation, std::ptrdiff_t Axis, class Shape>
struct no_such_axis;
/// An operation names an axis of its operand twice.
template <operation_name Operation, class Shape, std::ptrdiff_t... Axes>
struct axis_named_twice;
/// An operation needs an operand with more axes.
template <operation_name Operation, class Shape>
struct too_few_axes;

/// Extents that do not fit together. The text names the operation and both shapes; every operand is as it was.
struct shape_error : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A position outside a tensor, such as a class index or an entry of an index tensor.
struct index_error : std::out_of_range {
    using std::out_of_range::out_of_range;
};

/// A matrix that an operation can't take for its values: singular, indefinite, or not converging. The text names the operation, the
/// matrix's place in its batch, and the pivot; torch.linalg.LinAlgError.
struct linalg_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Elements from another library that can't be taken as they lie: of another type, on another device, misaligned, or read-only. The
/// text says what they are and what was asked for.
struct dlpack_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A file that is missing, damaged or of another kind. The text names the file and the reason.
struct io_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace tenon
