// The scores of one sample.
#include "networks_by_hand.hpp"
#include "networks_with_eigen.hpp"
#include "networks_with_tenon.hpp"
#if WITH_DLIB
#include "networks_with_dlib.hpp"
#endif
#include "work.hpp"

namespace tn = tenon;

namespace {

template <class Shape>
struct tenon_scores {
    with_tenon::classifier<Shape> model;
    tn::tensor<float, 1, Shape::in> x = work::filled(decltype(x)(), network::inputs_sequence);
    tn::tensor<float, 1, Shape::out> scores;

    tenon_scores() { with_tenon::start<Shape>(model); }
    void run() { scores = model(x); }
    auto result() {
        run();
        return scores.flat();
    }
};

template <class Shape>
struct eigen_scores {
    with_eigen::classifier<Shape> model;
    typename with_eigen::classifier<Shape>::input x =
        work::filled(typename with_eigen::classifier<Shape>::input(1, Shape::in), network::inputs_sequence);
    float const* scores = nullptr;

    void run() { scores = model.forward(x).data(); }
    auto result() {
        run();
        return std::span(scores, Shape::out);
    }
};

template <class Shape, class Model>
struct scores_by_hand {
    Model model;
    std::vector<float> x = work::numbers(Shape::in, network::inputs_sequence);
    float const* scores = nullptr;

    void run() { scores = model.forward(x.data()); }
    auto result() {
        run();
        return std::span(scores, Shape::out);
    }
};

#if WITH_DLIB
template <class Shape>
struct dlib_scores {
    with_dlib::classifier<Shape> net;
    dlib::resizable_tensor x = with_dlib::start<Shape>(net);
    float const* scores = nullptr;

    void run() { scores = net.forward(x).host(); }
    auto result() {
        run();
        return std::span(scores, Shape::out);
    }
};
#endif

template <class Shape>
void add(std::string const& name) {
    work::add<tenon_scores<Shape>>(name, "Tenon");
    work::add<eigen_scores<Shape>>(name, "Eigen");
#if WITH_DLIB
    work::add<dlib_scores<Shape>>(name, "dlib");
#endif
    if constexpr (Shape::in <= 16) work::add<scores_by_hand<Shape, by_hand::tiny_classifier<Shape>>>(name, "by hand");
#if WITH_OPENBLAS
    else work::add<scores_by_hand<Shape, by_hand::classifier<Shape>>>(name, "by hand");
#endif
}

}  // namespace

int main(int count, char** arguments) {
    add<network::shape<1, 10, 5, 2>>("inference/10-5-2");
    add<network::shape<1, 784, 128, 10>>("inference/784-128-10");
    return work::main(count, arguments);
}
