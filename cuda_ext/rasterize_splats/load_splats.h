// Sixteen splats side by side.
#pragma once

#include "common/wide.h"
#include "rasterize_splats/rasterize_splats.h"

namespace avatar::AVATAR_ISA {

struct SplatLanes {
    Wide mean[3], rotation[4], scale[3], opacity;
};

// Load `count` floats of each of the splats from `first` on, one lane a splat.
AVATAR_INLINE void load_lanes(const float* from, int64_t first, int64_t splats, int count,
                              Wide* to) {
    alignas(64) float lanes[4][kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
        const int64_t splat = first + lane < splats ? first + lane : splats - 1;
        for (int i = 0; i < count; ++i) lanes[i][lane] = from[splat * count + i];
    }
    for (int i = 0; i < count; ++i) to[i] = load(lanes[i]);
}

AVATAR_INLINE SplatLanes load_splats(const RasterizeSplatsInput& in, int64_t first) {
    SplatLanes splats;
    load_lanes(in.means, first, in.splats, 3, splats.mean);
    load_lanes(in.rotations, first, in.splats, 4, splats.rotation);
    load_lanes(in.scales, first, in.splats, 3, splats.scale);
    load_lanes(in.opacities, first, in.splats, 1, &splats.opacity);
    return splats;
}

// Towards a splat from the camera: unit direction, and one over the distance.
AVATAR_INLINE Wide view_direction(const SplatLanes& splats, const float* position,
                                  Wide* direction) {
    for (int i = 0; i < 3; ++i) direction[i] = splats.mean[i] - position[i];
    const Wide inverse =
        Wide(1.0f) / sqrt(direction[0] * direction[0] + direction[1] * direction[1] +
                          direction[2] * direction[2]);
    for (int i = 0; i < 3; ++i) direction[i] = direction[i] * inverse;
    return inverse;
}

}  // namespace avatar::AVATAR_ISA
