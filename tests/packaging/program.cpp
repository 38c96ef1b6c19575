// The program of every outside project: it exits 0 when the library is found and works.
#include <tenon/tenon.hpp>

int main() {
    tenon::tensor x({1.f, 2.f, 3.f});
    return tenon::sum(x * 2.f).item() == 12.f ? 0 : 1;
}
