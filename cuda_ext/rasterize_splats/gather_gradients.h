// The second half of the way back: from the sums of pairs to gradients of splats and camera.
#pragma once

#include <cstring>

#include "common/kernel.h"
#include "rasterize_splats/footprint_backward.h"
#include "rasterize_splats/harmonics.h"
#include "rasterize_splats/load_splats.h"
#include "rasterize_splats/state.h"

namespace avatar::AVATAR_ISA {

constexpr int kGroupsAtOnce = 256;  // of sixteen splats, whose camera gradients are added first

// Add up the slots of a splat, in the order of its tiles; returns whether it has any.
inline bool add_slots(const Pairs& pairs, int64_t splat, int size, const float* slots,
                      float* sums) {
    std::memset(sums, 0, size * sizeof(float));
    const int64_t begin = pairs.slot_begin[splat], end = pairs.slot_begin[splat + 1];
    for (const float* slot = slots + begin * size; slot < slots + end * size; slot += size) {
        for (int i = 0; i < size; i += kLanes) store(sums + i, load(sums + i) + load(slot + i));
    }
    return begin < end;
}

inline int feature_place(int channel) {
    if (channel < kFused) return sum_place(kGeometry + channel);
    const int beyond = channel - kFused;
    return 16 + beyond / 16 * 16 + sum_place(beyond % 16);
}

// The harmonics' part: their own gradients, and what the view direction adds to means and camera.
inline void harmonics_backward(const RasterizeSplatsInput& in, const SplatLanes& lanes,
                               const float* position, int64_t first, uint32_t shown,
                               const float* colour, const VisibleSplats& visible, float* out,
                               Wide* mean_gradient) {
    const int count = min(in.harmonic_count, kMostHarmonics);
    Wide direction[3], basis[kMostHarmonics], slope[kMostHarmonics];
    const Wide inverse = view_direction(lanes, position, direction);
    harmonic_basis(count, direction[0], direction[1], direction[2], basis);
    alignas(64) float values[kMostHarmonics][kLanes], slopes[kMostHarmonics][kLanes];
    for (int k = 0; k < count; ++k) store(values[k], basis[k]);
    std::memset(slopes, 0, sizeof slopes);
    for (int lane = 0; lane < kLanes && first + lane < in.splats; ++lane) {
        float* to = out + (first + lane) * count * 3;
        if (!(shown >> lane & 1)) {
            std::memset(to, 0, count * 3 * sizeof(float));
            continue;
        }
        const float* harmonics = in.harmonics + (first + lane) * count * 3;
        const float* features = visible.features(first + lane);
        float through[3];  // where the colour was cut at black nothing comes through
        for (int i = 0; i < 3; ++i) through[i] = features[i] > 0 ? colour[3 * lane + i] : 0.0f;
        for (int k = 0; k < count; ++k) {
            float slope_here = 0;
            for (int i = 0; i < 3; ++i) {
                to[3 * k + i] = values[k][lane] * through[i];
                slope_here += harmonics[3 * k + i] * through[i];
            }
            slopes[k][lane] = slope_here;
        }
    }
    for (int k = 0; k < count; ++k) slope[k] = load(slopes[k]);
    Wide free[3];
    harmonic_basis_backward(count, direction[0], direction[1], direction[2], slope, free);
    const Wide along = free[0] * direction[0] + free[1] * direction[1] + free[2] * direction[2];
    for (int i = 0; i < 3; ++i) mean_gradient[i] = (free[i] - along * direction[i]) * inverse;
}

AVATAR_INLINE void store_lanes(const Wide* values, int count, int64_t first, int64_t splats,
                               float* to) {
    alignas(64) float lanes[4][kLanes];
    for (int i = 0; i < count; ++i) store(lanes[i], values[i]);
    for (int lane = 0; lane < kLanes && first + lane < splats; ++lane) {
        for (int i = 0; i < count; ++i) to[(first + lane) * count + i] = lanes[i][lane];
    }
}

// What a group of sixteen needs beside its index.
struct Gather {
    const RasterizeSplatsInput& in;
    const VisibleSplats& visible;
    const Pairs& pairs;
    const float* slots;
    const RasterizeSplatsGradients& out;
    int padded;
    SplatCamera camera;
    float position[3];
};

// Turn the slots of sixteen splats into gradients of their parameters, and add to the camera's
// sums: its sixteen values, then the position's three.
inline void gather_sixteen(const Gather& g, int64_t first, float* sums, Wide* camera_sums) {
    const RasterizeSplatsInput& in = g.in;
    const int size = slot_size(g.padded);
    alignas(64) float geometry[kGeometry][kLanes] = {}, depth[kLanes] = {};
    float colour[3 * kLanes] = {};
    uint32_t shown = 0;
    for (int lane = 0; lane < kLanes && first + lane < in.splats; ++lane) {
        const int64_t splat = first + lane;
        const bool any = add_slots(g.pairs, splat, size, g.slots, sums);
        shown |= static_cast<uint32_t>(any) << lane;
        for (int i = 0; i < kGeometry; ++i) geometry[i][lane] = sums[sum_place(i)];
        const int colours = in.harmonic_count ? 3 : 0;
        for (int i = 0; i < colours; ++i) colour[3 * lane + i] = sums[feature_place(i)];
        float* features = g.out.features + splat * in.feature_count;
        for (int i = 0; i < in.feature_count; ++i) features[i] = sums[feature_place(colours + i)];
        depth[lane] = sums[feature_place(in.channels())];
    }
    const SplatLanes lanes = load_splats(in, first);
    const Projection<Wide> p = project(g.camera, lanes.mean, lanes.rotation, lanes.scale);
    alignas(64) float flags[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) flags[lane] = static_cast<float>(shown >> lane & 1);
    const auto there = load(flags) > Wide(0.0f);

    Wide sums_of_pixels[kGeometry];
    for (int i = 0; i < kGeometry; ++i) sums_of_pixels[i] = load(geometry[i]);
    const FootprintGradient<Wide> back =
        footprint_backward(p, lanes.opacity, sums_of_pixels, load(depth), in.antialiased);
    const ProjectionGradient<Wide>& slope = back.slope;
    const Wide opacity = select(there, back.opacity, Wide(0.0f));
    SplatGradient<Wide> out = project_backward(g.camera, p, lanes.mean, lanes.scale, slope);
    Wide position[3] = {0.0f, 0.0f, 0.0f};
    if (in.harmonic_count) {
        harmonics_backward(in, lanes, g.position, first, shown, colour, g.visible, g.out.harmonics,
                           position);
        for (int i = 0; i < 3; ++i) out.mean[i] = out.mean[i] + position[i];
    }

    // Splats that do not show may have given anything, NaN among it.
    const auto clean = [&](Wide* values, int count) {
        for (int i = 0; i < count; ++i) values[i] = select(there, values[i], Wide(0.0f));
    };
    clean(out.mean, 3);
    clean(out.rotation, 4);
    clean(out.scale, 3);
    store_lanes(out.mean, 3, first, in.splats, g.out.means);
    store_lanes(out.rotation, 4, first, in.splats, g.out.rotations);
    store_lanes(out.scale, 3, first, in.splats, g.out.scales);
    store_lanes(&opacity, 1, first, in.splats, g.out.opacities);
    Wide centre[2] = {slope.x, slope.y};
    clean(centre, 2);
    if (g.out.offsets) store_lanes(centre, 2, first, in.splats, g.out.offsets);
    Wide camera[kCameraValues + 3];
    for (int i = 0; i < 9; ++i) camera[i] = out.camera_rotation[i];
    for (int i = 0; i < 3; ++i) camera[9 + i] = out.camera_translation[i];
    camera[12] = out.focal_x;
    camera[13] = out.focal_y;
    camera[14] = out.centre_x;
    camera[15] = out.centre_y;
    for (int i = 0; i < 3; ++i) camera[16 + i] = Wide(0.0f) - position[i];
    clean(camera, kCameraValues + 3);
    for (int i = 0; i < kCameraValues + 3; ++i) camera_sums[i] = camera_sums[i] + camera[i];
}

}  // namespace avatar::AVATAR_ISA
