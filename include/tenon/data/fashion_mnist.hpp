// Fashion-MNIST: 70 000 pictures of clothes, 28 by 28 bytes, of ten classes. Needs zlib.
//
// Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
// algorithms", arXiv:1708.07747. Debian has it as the package dataset-fashion-mnist.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tenon/data/collate.hpp>
#include <tenon/io/gzip.hpp>
#include <tenon/io/idx.hpp>

namespace tenon::inline TENON_TARGET::data {

/// The part of a data set: 60 000 pictures to learn from, or 10 000 to test with.
enum class split { train, test };

/// Fashion-MNIST as a dataset: samples are 784 pixels in [0, 1] and the number of the class.
class fashion_mnist {
public:
    using sample = std::pair<tensor<float, 784>, std::int64_t>;

    /// What the classes are.
    static constexpr std::array<std::string_view, 10> classes{
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};

    /// @param folder where the four gzipped IDX files lie; Debian's place where it is empty
    /// @throws io_error where a file is missing or damaged
    /// @throws shape_error where pictures have another size, or there are more or fewer labels than pictures
    explicit fashion_mnist(split part, std::filesystem::path folder = {}) {
        if (folder.empty()) folder = "/usr/share/datasets/fashion-mnist";
        char const* const name = part == split::train ? "train" : "t10k";
        images_ = io::load_idx<std::uint8_t, dyn, 28, 28>(folder / text_of({name, "-images-idx3-ubyte.gz"}));
        auto const labels = folder / text_of({name, "-labels-idx1-ubyte.gz"});
        labels_ = io::load_idx<std::uint8_t, dyn>(labels);
        if (images_.shape()[0] != labels_.shape()[0])
            throw shape_error(
                text_of({labels.string(), ": ", labels_.size(), " labels for ", images_.shape()[0], " pictures"}));
        for (std::uint8_t label : labels_)
            if (label >= classes.size()) io::fail(labels, text_of({"is damaged: ", label, " is no class"}));
    }

    /// The pictures as they are in the file.
    tensor<std::uint8_t, dyn, 28, 28> const& images() const { return images_; }
    /// The classes of the pictures.
    tensor<std::uint8_t, dyn> const& labels() const { return labels_; }

    std::size_t size() const { return labels_.size(); }
    sample operator[](std::size_t i) const {
        sample s{tensor<float, 784>(uninitialized), labels_.data()[i]};
        pixels(i, s.first.data());
        return s;
    }
    /// Writes samples straight into a batch.
    template <std::size_t N>
    void load_rows(batch_t<sample, N>& batch, std::span<std::size_t const> indices) const {
        detail::reshape_buffer(batch.first, detail::batch_shape<N>(indices.size(), shape<784>{}));
        detail::reshape_buffer(batch.second, detail::batch_shape<N>(indices.size(), shape<>{}));
        for (std::size_t k = 0; k != indices.size(); ++k) {
            pixels(indices[k], batch.first.data() + 784 * k);
            batch.second.data()[k] = labels_.data()[indices[k]];
        }
    }

private:
    void pixels(std::size_t i, float* to) const {
        std::uint8_t const* const from = images_.data() + 784 * i;
        for (std::size_t p = 0; p != 784; ++p) to[p] = static_cast<float>(from[p]) / 255.f;
    }

    tensor<std::uint8_t, dyn, 28, 28> images_;
    tensor<std::uint8_t, dyn> labels_;
};

}  // namespace tenon::inline TENON_TARGET::data
