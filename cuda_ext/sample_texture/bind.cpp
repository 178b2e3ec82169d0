#include <nanobind/stl/array.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// Address, height and width of each level.
using LevelValues = std::vector<std::array<uintptr_t, 3>>;

SampleTextureInput texture_input(const LevelValues& levels, int channels, uintptr_t uvs,
                                 uintptr_t lods, int64_t pixel_count, bool repeat,
                                 const PlaceArguments& place) {
    if (levels.size() > kMostLevels) throw std::invalid_argument("too many levels");
    SampleTextureInput in{};
    for (const auto& [address, height, width] : levels) {
        in.levels[in.level_count++] = {pointer<const float>(address), static_cast<int>(height),
                                       static_cast<int>(width)};
    }
    in.channels = channels;
    in.uvs = pointer<const float>(uvs);
    in.lods = pointer<const float>(lods);
    in.pixel_count = pixel_count;
    in.repeat = repeat;
    in.place = place_of(place);
    return in;
}

void sample_texture(const LevelValues& levels, int channels, uintptr_t uvs, uintptr_t lods,
                    int64_t pixel_count, bool repeat, const PlaceArguments& place,
                    uintptr_t picture) {
    const SampleTextureInput in =
        texture_input(levels, channels, uvs, lods, pixel_count, repeat, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).sample_texture(in, pointer<float>(picture));
}

void sample_texture_backward(const LevelValues& levels, int channels, uintptr_t uvs, uintptr_t lods,
                             int64_t pixel_count, bool repeat, const PlaceArguments& place,
                             uintptr_t picture_gradient, uintptr_t uv_gradient,
                             const std::vector<uintptr_t>& texel_gradients) {
    const SampleTextureInput in =
        texture_input(levels, channels, uvs, lods, pixel_count, repeat, place);
    float* gradients[kMostLevels] = {};
    for (std::size_t l = 0; l < texel_gradients.size() && l < kMostLevels; ++l) {
        gradients[l] = pointer<float>(texel_gradients[l]);
    }
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).sample_texture_backward(in, pointer<const float>(picture_gradient),
                                                 pointer<float>(uv_gradient),
                                                 texel_gradients.empty() ? nullptr : gradients);
}

}  // namespace

void bind_sample_texture(nb::module_& module) {
    module.def("sample_texture", &sample_texture);
    module.def("sample_texture_backward", &sample_texture_backward);
}

}  // namespace avatar
