// What is thrown when only run time could know that something does not fit.
#pragma once

#include <stdexcept>

// Not in the inline namespace of the instruction set: what one file of a program throws, another that was built with other
// flags can catch.
namespace tenon {

/// Extents that do not fit together. The text names the operation and both shapes; every operand is as it was.
struct shape_error : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A position outside a tensor, such as a class index or an entry of an index tensor.
struct index_error : std::out_of_range {
    using std::out_of_range::out_of_range;
};

/// A file that is missing, damaged or of another kind. The text names the file and the reason.
struct io_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace tenon
