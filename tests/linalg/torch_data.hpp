// What PyTorch gives, from data/linalg.safetensors.
#pragma once

#include <string>

#include <tenon/tenon.hpp>

inline auto const& linalg_data() {
    static auto const file = tenon::io::load_safetensors(TENON_TESTS_DIR "/linalg/data/linalg.safetensors");
    return file;
}
/// Batches of matrices, all of one type: functions of them are compiled once.
inline auto matrices(std::string const& name) {
    return linalg_data().get<double, tenon::dyn, tenon::dyn, tenon::dyn>(name);
}
inline auto vectors(std::string const& name) { return linalg_data().get<double, tenon::dyn, tenon::dyn>(name); }
