// Losses that are scaled so that small gradients of few bits do not vanish: grad_scaler.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/core/packs.hpp>
#include <tenon/core/to.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/optim/optimizer.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// torch.amp.GradScaler's options.
struct grad_scaler_options {
    double init_scale = 65536;
    double growth_factor = 2;
    double backoff_factor = 0.5;
    std::size_t growth_interval = 2000;  ///< good steps in a row before the scale grows; with 0 it never does
    bool enabled = true;                 ///< otherwise the scale is 1, and step() is the optimiser's
};

/// What torch.amp.GradScaler's state_dict holds: all that a scaler needs to go on where another one was.
struct grad_scaler_state {
    float scale;
    double growth_factor;
    double backoff_factor;
    std::size_t growth_interval;
    std::size_t growth_tracker;  ///< good steps since the scale changed last
};

namespace detail {
/// What `update` does, in plain numbers that can travel to a device.
struct scale_rule {
    double growth_factor, backoff_factor;
    std::int64_t growth_interval;

    /// 1/s, rounded as PyTorch does.
    TENON_HOST_DEVICE static float inverse(float scale) { return static_cast<float>(1 / static_cast<double>(scale)); }
    TENON_HOST_DEVICE void operator()(float& scale, std::int64_t& growth_tracker, bool& found_inf) const {
        if (found_inf) {
            scale = static_cast<float>(static_cast<double>(scale) * backoff_factor);
            growth_tracker = 0;
        } else if (++growth_tracker == growth_interval) {
            auto const grown = static_cast<float>(static_cast<double>(scale) * growth_factor);
            if (math::isfinite(grown)) scale = grown;
            growth_tracker = 0;
        }
        found_inf = false;
    }
};

/// What `grad_scaler` does where a model's parameters live; scale, count and flag are tensors without axes there.
template <class Device>
struct gradient_scaling;

/// Multiplies gradients by 1/scale in one pass over each, on several threads where it is large, and sets `found` where an
/// element is infinite or NaN.
struct unscaled_gradients {
    float inverse;
    bool& found;

    template <class T>
    void operator()(T* g, std::size_t n) const {
        if constexpr (element::is_complex<T>) (*this)(reinterpret_cast<element::real_t<T>*>(g), 2 * n);
        else {
            // Pieces of 50 µs, as in an optimiser's step.
            constexpr std::size_t shared = std::size_t{1} << 17;
            bool any = false;
            for_each_part(n, lanes<T>, n / shared, [&](std::size_t first, std::size_t last) {
                if (unscale(g + first, last - first)) __atomic_store_n(&any, true, __ATOMIC_RELAXED);
            });
            if (__atomic_load_n(&any, __ATOMIC_RELAXED)) found = true;
        }
    }

private:
    template <class T>
    [[gnu::noinline]] bool unscale(T* g, std::size_t n) const {
        using U = element::computed_t<T>;
        auto const factor = static_cast<U>(inverse);
        element::mask<sizeof(U), lanes<T>> among_packs(false);
        bool in_rest = false;
        eval::for_each_pack<lanes<T>, dyn>(n, [&](auto N, std::size_t i) TENON_LAMBDA_INLINE {
            auto const x = math::convert<U>(element::load_lanes<N>(g + i));
            auto const bad = !math::isfinite(x);
            if constexpr (N == lanes<T>) among_packs = among_packs | bad;
            else in_rest = in_rest || math::any_of(bad);
            element::store_lanes(g + i, math::convert<T>(x * element::lane_t<U, N>(factor)));
        });
        return in_rest || math::any_of(among_packs);
    }
    template <class T>
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(element::computed_t<T>);
};

template <>
struct gradient_scaling<cpu> {
    /// Multiplies all gradients of a model by 1/scale, and sets `found_inf` where one of them is infinite or NaN.
    template <class Model>
    static void unscale(Model& model, tensor<float> const& scale, tensor<bool>& found_inf) {
        if constexpr (host_code)
            nn::detail::for_each_gradient(model, unscaled_gradients{scale_rule::inverse(scale()), found_inf()});
    }
    TENON_ON_USE
    static void update(scale_rule const& rule, tensor<float>& scale, tensor<std::int64_t>& growth_tracker,
                       tensor<bool>& found_inf) {
        rule(scale(), growth_tracker(), found_inf());
    }
};

/// Where an optimiser's model lives. What is no optimiser gets a place too, which spares the reader further errors.
template <class Optimizer>
struct optimized {
    using device = cpu;
};
template <some_optimizer Optimizer>
struct optimized<Optimizer> {
    using device = typename Optimizer::device;
};
}  // namespace detail

/// Keeps small gradients from vanishing where activations or gradients have few bits: the loss is multiplied by a scale
/// s, and the gradients by 1/s before the optimiser's step. Where one of them is infinite or NaN, the step is left out
/// (parameters, buffers and the count of steps stay as they are) and s ← s · backoff_factor; after `growth_interval` good
/// steps in a row s ← s · growth_factor, unless that is infinite. Micikevicius et al. (2018); follows
/// torch.amp.GradScaler, for one optimiser.
///
///     tn::optim::adam optimizer(model);
///     tn::optim::grad_scaler scaler(optimizer);
///     for (auto const& [x, y] : batches) {
///         optimizer.zero_grad();
///         tn::backward(scaler.scale(tn::cross_entropy(model(x), y)));
///         scaler.unscale();                // only for what looks at gradients before the step
///         nn::clip_grad_norm(model, 1.f);
///         scaler.step();
///         scaler.update();
///     }
///
/// Scale, count and flag live where the model does. On a device the kernels look at the flag: the host waits for
/// nothing, and a captured step may hold all of the loop's body. The scaler has to outlive what `scale` returns and such
/// steps, and the optimiser the scaler. Schedulers set the optimiser's rate as ever.
/// @tparam Optimizer an optimiser of this namespace
template <class Optimizer>
class grad_scaler {
    static_assert(some_optimizer<Optimizer>, "grad_scaler takes an optimiser, such as optim::adam, and options");
    using device = typename detail::optimized<Optimizer>::device;
    using scaling = detail::gradient_scaling<device>;

public:
    /// @throws std::invalid_argument where the scale would not grow after good steps and shrink after bad ones, or is not
    /// positive
    explicit grad_scaler(Optimizer& optimizer, grad_scaler_options options = {})
        : optimizer_(&optimizer),
          options_(options),
          scale_(on_device(options.enabled ? static_cast<float>(options.init_scale) : 1.f)),
          growth_tracker_(on_device(std::int64_t{0})),
          found_inf_(on_device(false)) {
        if (!options.enabled) return;
        if (!(options.init_scale > 0 && options.init_scale <= static_cast<double>(std::numeric_limits<float>::max())))
            throw std::invalid_argument("grad_scaler: init_scale has to be positive, and a float");
        if (!(options.growth_factor > 1)) throw std::invalid_argument("grad_scaler: growth_factor has to exceed 1");
        if (!(options.backoff_factor < 1))
            throw std::invalid_argument("grad_scaler: backoff_factor has to be less than 1");
    }

    grad_scaler(grad_scaler const&) = delete;
    grad_scaler& operator=(grad_scaler const&) = delete;

    /// loss · s, a computation that refers to the scale; narrow losses become float. `tn::backward` of it returns the
    /// scaled loss.
    template <expression X>
    constexpr auto scale(X&& loss) const {
        return std::forward<X>(loss) * scale_;
    }
    /// Multiplies the gradients of the optimiser's model by 1/s, and notes whether one of them is infinite or NaN. For
    /// what needs the gradients as they are, such as `nn::clip_grad_norm`, between `backward` and `step`, which does it
    /// otherwise; torch's unscale_. One pass over the gradients; on a device one launch for each 64 parameters of an
    /// element type.
    /// @throws std::logic_error where `unscale` or `step` was called since the last `update`
    void unscale() {
        if (!options_.enabled) return;
        if (stage_ == stage::unscaled)
            throw std::logic_error("grad_scaler: unscale() was called already since the last update()");
        if (stage_ == stage::stepped) throw std::logic_error("grad_scaler: unscale() is called after step()");
        scaling::unscale(optimizer_->model(), scale_, found_inf_);
        stage_ = stage::unscaled;
    }
    /// The optimiser's step, unless a gradient is infinite or NaN; before it `unscale`, unless that was called.
    /// @throws std::logic_error where `step` was called since the last `update`
    void step() {
        if (stage_ == stage::stepped)
            throw std::logic_error("grad_scaler: step() was called already since the last update()");
        if (stage_ == stage::ready) unscale();
        optimizer_->step_unless(found_inf_);
        if (options_.enabled) stage_ = stage::stepped;
    }
    /// Moves the scale by what the last `unscale` or `step` has found; on a device one launch.
    /// @throws std::logic_error where there was none since the last `update`
    void update() {
        if (!options_.enabled) return;
        if (stage_ == stage::ready)
            throw std::logic_error("grad_scaler: update() without unscale() or step() since the last one");
        scaling::update(
            {options_.growth_factor, options_.backoff_factor, static_cast<std::int64_t>(options_.growth_interval)},
            scale_, growth_tracker_, found_inf_);
        stage_ = stage::ready;
    }

    /// The scale: a tensor without axes where the model lives, which converts to a number. On a device the host waits
    /// when it does.
    auto const& get_scale() const { return scale_; }
    /// Whether a gradient was infinite or NaN at the last `unscale` or `step`, so that the step is left out; until
    /// `update`. A tensor as `get_scale`.
    auto const& found_inf() const { return found_inf_; }
    bool is_enabled() const { return options_.enabled; }

    /// What a scaler needs to go on from here, to be asked for after `update`; of a scaler that is not enabled, what it
    /// would begin with. The host waits for the device.
    grad_scaler_state state_dict() const {
        return {options_.enabled ? scale_.item() : static_cast<float>(options_.init_scale), options_.growth_factor,
                options_.backoff_factor, options_.growth_interval, static_cast<std::size_t>(growth_tracker_.item())};
    }
    /// Goes on where another scaler was; a scaler that is not enabled takes no notice. Captured steps go on with the
    /// scale and the count, but keep the factors and the interval of their recording.
    void load_state_dict(grad_scaler_state const& s) {
        if (!options_.enabled) return;
        options_.growth_factor = s.growth_factor;
        options_.backoff_factor = s.backoff_factor;
        options_.growth_interval = s.growth_interval;
        scale_ = on_device(s.scale);
        growth_tracker_ = on_device(static_cast<std::int64_t>(s.growth_tracker));
    }

private:
    enum class stage { ready, unscaled, stepped };

    template <class T>
    static auto on_device(T value) {
        return to<device>(tensor<T>(value));
    }

    Optimizer* optimizer_;
    grad_scaler_options options_;
    stage stage_ = stage::ready;
    typename device::template tensor<float> scale_;
    typename device::template tensor<std::int64_t> growth_tracker_;
    typename device::template tensor<bool> found_inf_;
};

}  // namespace tenon::inline TENON_TARGET::optim
