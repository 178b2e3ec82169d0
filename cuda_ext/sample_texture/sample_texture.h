// Texture sampling's interface; avatar/ops/sample_texture.py says what it computes.
#pragma once

#include <cstdint>

#include "common/place.h"

namespace avatar {

constexpr int kMostLevels = 16;

struct TextureLevel {
    const float* texels;  // height x width x channels
    int height, width;
};

struct SampleTextureInput {
    TextureLevel levels[kMostLevels];
    int level_count;
    int channels;
    const float* uvs;   // pixels x 2
    const float* lods;  // pixels, or null for the finest level everywhere
    int64_t pixel_count;
    bool repeat;
    Place place;
};

using SampleTexture = void (*)(const SampleTextureInput&, float* picture);

// Fill the gradients of `uvs` (may be null) and of each level's texels (null leaves it out).
using SampleTextureBackward = void (*)(const SampleTextureInput&, const float* picture_gradient,
                                       float* uv_gradient, float* const* texel_gradients);

}  // namespace avatar
