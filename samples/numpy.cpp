// What NumPy and SciPy are used for every day: a least-squares fit, the peaks of a spectrum, principal components of pictures.
// Needs Eigen and zlib, and Fashion-MNIST's files in Debian's place or in the folder that is given.
#include <tenon/data/fashion_mnist.hpp>
#include <tenon/fft.hpp>
#include <tenon/linalg.hpp>
#include <tenon/tenon.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <numbers>
#include <string_view>

namespace tn = tenon;

/// Three coefficients from 200 noisy points of 2 − 3x + ½x², with their standard errors.
void least_squares() {
    auto const x = tn::tensor(tn::linspace<double, 200>(-2, 2));
    tn::tensor y = 2. - 3. * x + .5 * x * x + .1 * tn::randn<double, 200>();
    tn::tensor design = tn::stack<1>(tn::ones<double, 200>(), x, x * x);

    auto [solution, residuals, rank, singular_values] = tn::linalg::lstsq(design, tn::unsqueeze<1>(y));
    tn::tensor c = tn::squeeze<1>(solution);
    tn::tensor deviation = y - tn::matmul(design, c);
    auto const variance = tn::sum(deviation * deviation).item() / (200 - 3);
    tn::tensor error = tn::sqrt(variance * tn::diagonal(tn::linalg::inv(tn::matmul(tn::transpose(design), design))));
    std::cout << "least squares: " << c << " +- " << error << '\n';
}

/// The two strongest frequencies in a second of noise at 1024 Hz that hides tones of 50 and 120 Hz.
void spectrum() {
    tn::tensor t = tn::arange<float, 1024>() / 1024.f;
    constexpr float turn = 2 * std::numbers::pi_v<float>;
    tn::tensor wave = tn::sin(50.f * turn * t) + .6f * tn::sin(120.f * turn * t) + tn::randn<float, 1024>();

    tn::tensor power = tn::square(tn::abs(tn::fft::rfft<0>(wave)));
    auto [values, indices] = tn::topk<0, 2>(power);
    tn::tensor hertz = tn::index_select<0>(tn::fft::rfftfreq<1024>(1. / 1024), indices);
    tn::tensor share = values / tn::sum(power);
    std::cout << "strongest frequencies: " << hertz << " Hz, with " << share << " of the power\n";
}

/// A picture of 28×28 numbers in shades of characters, two to a pixel.
void draw(tn::tensor<float, 28, 28> const& picture) {
    constexpr std::string_view shades = " .:-=+*#%@";
    float const low = tn::min(picture).item(), high = tn::max(picture).item();
    for (std::size_t i = 0; i != 28; i += 2) {
        for (std::size_t j = 0; j != 28; ++j) {
            float const mean = (picture(i, j) + picture(i + 1, j)) / 2;
            std::cout << shades[std::min<std::size_t>(9, static_cast<std::size_t>(10 * (mean - low) / (high - low)))];
        }
        std::cout << '\n';
    }
}

/// The directions in which 10 000 pictures differ most from their mean, and how much of the variance lies in them.
void principal_components(std::filesystem::path const& folder) {
    tn::data::fashion_mnist const pictures(tn::data::split::test, folder);
    tn::tensor x = tn::reshape<tn::dyn, 784>(tn::cast<float>(pictures.images())) / 255.f;
    x = tn::tensor(x - tn::mean<0>(x));
    tn::tensor covariance = tn::matmul(tn::transpose(x), x) / static_cast<float>(x.shape()[0] - 1);

    auto [values, vectors] = tn::linalg::eigh(covariance);  // in ascending order
    tn::tensor variance = tn::flip<0>(values) / tn::sum(values);
    tn::tensor components = tn::flip<0>(tn::transpose(vectors));
    tn::tensor first = tn::slice<0, 0, 8>(variance);
    std::cout << "variance in the first eight components: " << first
              << "\nin the first fifty: " << tn::sum(tn::slice<0, 0, 50>(variance)).item() << '\n';
    for (std::ptrdiff_t i = 0; i != 2; ++i) {
        std::cout << "component " << i + 1 << '\n';
        draw(tn::reshape<28, 28>(tn::select<0>(components, i)));
    }
}

int main(int count, char** arguments) try {
    tn::manual_seed(0);
    least_squares();
    spectrum();
    principal_components(count > 1 ? arguments[1] : "");
} catch (std::exception const& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
