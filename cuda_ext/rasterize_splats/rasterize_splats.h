// The splat rasteriser's interface; avatar/ops/rasterize_splats.py says what it computes.
#pragma once

#include <cstdint>

#include "common/allocator.h"
#include "common/host_device.h"

namespace avatar {

struct RasterizeSplatsInput {
    const float* means;       // splats x 3
    const float* rotations;   // splats x 4: x, y, z, w
    const float* scales;      // splats x 3
    const float* opacities;   // splats
    const float* features;    // splats x features
    const float* harmonics;   // splats x harmonics x 3, or null
    const float* offsets;     // splats x 2, or null
    const float* background;  // channels
    int64_t splats;
    int feature_count;
    int harmonic_count;  // 0, 1, 4, 9 or 16
    float rotation[9], translation[3];
    float focal_x, focal_y, centre_x, centre_y;
    const float* camera;  // those sixteen values in the GPU's memory, or null
    int height, width;
    float near, blur;
    bool antialiased;
    int threads;

    // Three of the colour from harmonics, if any, then the features.
    AVATAR_HOST_DEVICE int channels() const { return (harmonic_count ? 3 : 0) + feature_count; }
};

struct RasterizeSplatsOutput {
    float* picture;        // channels x height x width
    float* depths;         // height x width
    float* transmittance;  // height x width
    int32_t* radii;        // splats
};

struct RasterizeSplatsGradientInput {
    const void* visible;  // what the forward pass left, in two pieces
    const void* pairs;    //
    const float* picture;
    const float* depths;
    const float* transmittance;
    const float* picture_gradient;        // or null
    const float* depth_gradient;          // or null
    const float* transmittance_gradient;  // or null
};

struct RasterizeSplatsGradients {
    float* means;
    float* rotations;
    float* scales;
    float* opacities;
    float* features;
    float* harmonics;  // or null
    float* offsets;    // or null
    float* camera;     // rotation 9, translation 3, focal lengths and centre 4
};

enum class SplatStatus { kDone, kTooManyPairs, kOutOfMemory };

using RasterizeSplats = SplatStatus (*)(const RasterizeSplatsInput&, const RasterizeSplatsOutput&,
                                        const Allocator&);
using RasterizeSplatsBackward = SplatStatus (*)(const RasterizeSplatsInput&,
                                                const RasterizeSplatsGradientInput&,
                                                const RasterizeSplatsGradients&);

}  // namespace avatar
