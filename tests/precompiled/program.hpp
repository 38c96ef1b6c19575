// What a program of a user includes, which g++ reads once for all that are to be refused.
#include <tenon/tenon.hpp>
