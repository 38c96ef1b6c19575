// What is drawn from generators on the device, now or in a captured step.
#pragma once

#include <cstdint>
#include <vector>

#include <tenon/base/generator.hpp>
#include <tenon/eval/cuda/context.hpp>
#include <tenon/kernels/random.hpp>

namespace tenon::inline TENON_TARGET::cuda {

/// What a captured step takes from generators. Where each stands is in the device's memory, and the step itself counts
/// it on; a replay takes from the generator what the step would take if it ran anew, so that both give the same numbers
/// in the same order, and corrects the device only where something else has drawn from the generator or seeded it.
class captured_generators {
public:
    /// Takes blocks for the step that is being recorded.
    kernels::random_blocks take(generator& from, std::uint64_t blocks) {
        auto& g = of(from);
        return {{0, std::exchange(g.blocks, g.blocks + blocks)}, g.state()};
    }
    /// Records the end of the step.
    void record_end() const {
        for (auto const& g : all_)
            launch("advance_random", &kernels::advance_random<>, dim3(1), dim3(1), g.state(), g.blocks);
    }
    /// Comes before each replay.
    void begin_replay() {
        for (auto& g : all_) {
            kernels::random_state const now{g.from->seed(), g.from->advance(g.blocks)};
            if (!g.known || g.on_device.key != now.key || g.on_device.next != now.next)
                launch("set_random", &kernels::set_random<>, dim3(1), dim3(1), g.state(), now);
            g.on_device = {now.key, now.next + g.blocks};
            g.known = true;
        }
    }
    bool empty() const { return all_.empty(); }

private:
    struct one {
        generator* from;
        block memory;
        std::uint64_t blocks = 0;              ///< of one replay
        bool known = false;                    ///< whether the device knows where the generator stands
        kernels::random_state on_device = {};  ///< what it knows, when the replays so far are done

        kernels::random_state* state() const { return static_cast<kernels::random_state*>(memory.data()); }
    };
    one& of(generator& from) {
        for (auto& g : all_)
            if (g.from == &from) return g;
        return all_.emplace_back(one{&from, own_memory(sizeof(kernels::random_state))});
    }

    std::vector<one> all_;
};

/// Takes blocks of a generator for what is asked of the device next.
inline kernels::random_blocks take_random(generator& from, std::uint64_t blocks) {
    auto& here = context::local();
    if (here.capturing()) return here.generators->take(from, blocks);
    return {{from.seed(), from.advance(blocks)}, nullptr};
}

}  // namespace tenon::inline TENON_TARGET::cuda
