// What a computation prints, as one line.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

std::string one_line(auto const& e) {
    std::ostringstream out;
    out << e.eval();
    std::string all = out.str();
    std::replace(all.begin(), all.end(), '\n', ' ');
    return all;
}
