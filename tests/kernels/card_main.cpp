// The main function of the tests on a card: without one they are skipped, by the status that Meson and others take for
// that.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <cuda_runtime_api.h>

#include <iostream>

int main(int count, char** arguments) {
    int devices = 0;
    auto const status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess || devices == 0) {
        std::cout << "no CUDA device, nothing run: " << cudaGetErrorString(status) << '\n';
        return 77;
    }
    return Catch::Session().run(count, arguments);
}
