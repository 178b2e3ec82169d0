// Gradients of a splat picture on a GPU: every pair of a splat and a tile has a slot for the sums
// of its pixels, which the tile's warps add to; then each splat adds up its slots and goes back
// through the projection. Warps add in any order: gradients differ in their last bits.
#pragma once

#include <cstdint>

#include "rasterize_splats/footprint_backward.h"
#include "rasterize_splats/gpu_state.h"
#include "rasterize_splats/harmonics.h"

namespace avatar::AVATAR_ISA {

constexpr int kCameraParts = 256;

struct GpuGradientScratch {
    float* slots;          // of each pair: the geometry's sums, then the channels'
    float* camera;         // camera sums x splats
    double* camera_parts;  // camera sums x kCameraParts
    double* camera_sums;   //

    std::size_t lay_out(void* memory, int64_t given, int64_t capacity, int padded) {
        Carver pieces(memory, kGpuAlignment);
        slots = pieces.take<float>(capacity * (kGeometry + padded));
        camera = pieces.take<float>(kCameraSums * given);
        camera_parts = pieces.take<double>(kCameraSums * kCameraParts);
        camera_sums = pieces.take<double>(kCameraSums);
        return pieces.used();
    }
};

// Goes through the splats of a warp's pixels, front to back. With kFixed, the channels' slopes stay
// in registers.
template <int kFixed>
struct WalkPixels {
    RasterizeSplatsInput in;
    RasterizeSplatsGradientInput from;
    GpuSplatState state;
    float* slots;
    int padded;

    template <typename Warp>
    AVATAR_DEVICE typename Warp::Float load(Warp, const float* plane, const Tiles& tiles,
                                            const WarpPixels& pixels) const {
        return Warp::lanes([&](int lane) {
            const int64_t pixel = pixels.pixel(tiles, lane);
            return plane && pixel >= 0 ? plane[pixel] : 0.0f;
        });
    }

    // The slope of a channel, the last of which is the depth.
    template <typename Warp>
    AVATAR_DEVICE typename Warp::Float slope_of(Warp, int channel, const Tiles& tiles,
                                                const WarpPixels& pixels) const {
        const int64_t area = static_cast<int64_t>(in.height) * in.width;
        const float* plane = nullptr;
        if (channel < in.channels()) {
            plane = from.picture_gradient ? from.picture_gradient + channel * area : nullptr;
        } else if (channel == in.channels()) {
            plane = from.depth_gradient;
        }
        return load(Warp(), plane, tiles, pixels);
    }

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        using F = typename Warp::Float;
        constexpr int kHere = kFixed ? kFixed : kFused;
        const Tiles tiles(in);
        const WarpPixels pixels(tiles, index);
        const uint32_t begin = state.tile_begin[pixels.tile], end = state.tile_end[pixels.tile];
        if (pixels.empty(tiles) || begin == end) return;
        const int64_t area = static_cast<int64_t>(in.height) * in.width;
        const F pixel_x = Warp::lanes([&](int lane) { return static_cast<float>(pixels.x(lane)); });
        const F pixel_y = Warp::lanes([&](int lane) { return static_cast<float>(pixels.y(lane)); });
        F slopes[kHere];
        F behind = load(Warp(), from.transmittance, tiles, pixels) *
                   load(Warp(), from.transmittance_gradient, tiles, pixels);
        for (int i = 0; i <= in.channels(); ++i) {
            const float* seen = i < in.channels() ? from.picture + i * area : from.depths;
            behind =
                fma(load(Warp(), seen, tiles, pixels), slope_of(Warp(), i, tiles, pixels), behind);
        }
        for (int i = 0; i < kHere; ++i) slopes[i] = slope_of(Warp(), i, tiles, pixels);

        F transmittance = 1.0f;
        for (uint32_t base = begin; base < end; base += 32) {
            uint32_t entries = Warp::ballot_of([&](int lane) {
                return base + lane < end && (state.list_shown[base + lane] & pixels.blocks) != 0;
            });
            for (; entries; entries &= entries - 1) {
                const uint32_t place = base + lowest_bit(entries);
                const uint32_t splat = state.list_splat[place];
                const Splat s = state.splats[splat];
                const float* features = state.features + static_cast<int64_t>(splat) * padded;
                float* slot =
                    slots + static_cast<int64_t>(state.list_slot[place]) * (kGeometry + padded);
                const F x = pixel_x - F(s.x), y = pixel_y - F(s.y);
                const F power = log2_alpha<F>(s, x, y);
                const F alpha = select(power >= F(kCut), exp2(power), F(0.0f));
                const F weight = alpha * transmittance;
                F seen = slopes[0] * F(features[0]);
                for (int i = 1; i < kHere; ++i) seen = fma(slopes[i], F(features[i]), seen);
                for (int i = kHere; i < padded; ++i) {
                    seen = fma(slope_of(Warp(), i, tiles, pixels), F(features[i]), seen);
                }
                const F here = weight * seen;
                behind = behind - here;
                const F slope = here - behind * (alpha * reciprocal(F(1.0f) - alpha));
                F sums[kGeometry + kHere];
                sums[0] = slope;
                sums[1] = slope * x;
                sums[2] = slope * y;
                sums[3] = sums[1] * x;
                sums[4] = sums[1] * y;
                sums[5] = sums[2] * y;
                for (int i = 0; i < kHere; ++i) sums[kGeometry + i] = weight * slopes[i];
                Warp::template add_sums<kGeometry + kHere>(sums, slot);
                for (int i = kHere; i < padded; i += 16) {
                    F more[16];
                    for (int k = 0; k < 16; ++k) {
                        more[k] = weight * slope_of(Warp(), i + k, tiles, pixels);
                    }
                    Warp::template add_sums<16>(more, slot + kGeometry + i);
                }
                transmittance = transmittance - weight;
            }
        }
    }
};

// Adds up the slots of a splat and goes back through its projection.
struct GatherSplat {
    RasterizeSplatsInput given;
    GpuSplatState state;
    GpuGradientScratch scratch;
    RasterizeSplatsGradients out;
    int64_t capacity;
    int padded;

    AVATAR_DEVICE float sum_of(int64_t i, int place) const {
        const int64_t begin = static_cast<int64_t>(state.slot_begin[i]);
        const int64_t end = min(begin + static_cast<int64_t>(state.slot_count[i]), capacity);
        float sum = 0;
        for (int64_t slot = begin; slot < end; ++slot) {
            sum += scratch.slots[slot * (kGeometry + padded) + place];
        }
        return sum;
    }

    AVATAR_DEVICE void harmonics_backward(const RasterizeSplatsInput& in, int64_t i, bool shown,
                                          const float* position, float* mean_slope) const {
        const int count = in.harmonic_count;
        float* to = out.harmonics + i * count * 3;
        mean_slope[0] = mean_slope[1] = mean_slope[2] = 0;
        if (!shown) {
            for (int k = 0; k < 3 * count; ++k) to[k] = 0;
            return;
        }
        float direction[3], basis[kMostHarmonics], slope[kMostHarmonics], through[3];
        float square = 0;
        for (int k = 0; k < 3; ++k) {
            direction[k] = in.means[3 * i + k] - position[k];
            square += direction[k] * direction[k];
            // Where the colour was cut at black nothing comes through.
            through[k] = state.features[i * padded + k] > 0 ? sum_of(i, kGeometry + k) : 0.0f;
        }
        const float inverse = 1.0f / sqrt(square);
        for (float& value : direction) value *= inverse;
        harmonic_basis(count, direction[0], direction[1], direction[2], basis);
        const float* harmonics = in.harmonics + i * count * 3;
        for (int k = 0; k < count; ++k) {
            slope[k] = 0;
            for (int j = 0; j < 3; ++j) {
                to[3 * k + j] = basis[k] * through[j];
                slope[k] += harmonics[3 * k + j] * through[j];
            }
        }
        float free[3];
        harmonic_basis_backward(count, direction[0], direction[1], direction[2], slope, free);
        const float along =
            free[0] * direction[0] + free[1] * direction[1] + free[2] * direction[2];
        for (int k = 0; k < 3; ++k) mean_slope[k] = (free[k] - along * direction[k]) * inverse;
    }

    AVATAR_DEVICE void operator()(int64_t i) const {
        const RasterizeSplatsInput in = with_camera(given);
        const bool shown = state.slot_count[i] > 0;
        const int colours = in.harmonic_count ? 3 : 0;
        for (int k = 0; k < in.feature_count; ++k) {
            out.features[i * in.feature_count + k] =
                shown ? sum_of(i, kGeometry + colours + k) : 0.0f;
        }
        float position[3], mean_slope[3] = {0, 0, 0};
        camera_position(in, position);
        if (in.harmonic_count) harmonics_backward(in, i, shown, position, mean_slope);
        SplatGradient<float> slopes{};
        float opacity = 0, x = 0, y = 0;
        if (shown) {
            const float* mean = in.means + 3 * i;
            const float* scale = in.scales + 3 * i;
            const SplatCamera camera = splat_camera(in);
            const Projection<float> p = project(camera, mean, in.rotations + 4 * i, scale);
            float sums[kGeometry];
            for (int k = 0; k < kGeometry; ++k) sums[k] = sum_of(i, k);
            const FootprintGradient<float> back = footprint_backward(
                p, in.opacities[i], sums, sum_of(i, kGeometry + in.channels()), in.antialiased);
            slopes = project_backward(camera, p, mean, scale, back.slope);
            opacity = back.opacity;
            x = back.slope.x;
            y = back.slope.y;
        }
        for (int k = 0; k < 3; ++k) {
            out.means[3 * i + k] = slopes.mean[k] + mean_slope[k];
            out.scales[3 * i + k] = slopes.scale[k];
        }
        for (int k = 0; k < 4; ++k) out.rotations[4 * i + k] = slopes.rotation[k];
        out.opacities[i] = opacity;
        if (out.offsets) {
            out.offsets[2 * i] = x;
            out.offsets[2 * i + 1] = y;
        }
        if (!out.camera) return;
        const auto note = [&](int k, float value) { scratch.camera[k * in.splats + i] = value; };
        for (int k = 0; k < 9; ++k) note(k, slopes.camera_rotation[k]);
        for (int k = 0; k < 3; ++k) note(9 + k, slopes.camera_translation[k]);
        note(12, slopes.focal_x);
        note(13, slopes.focal_y);
        note(14, slopes.centre_x);
        note(15, slopes.centre_y);
        for (int k = 0; k < 3; ++k) note(16 + k, -mean_slope[k]);
    }
};

struct SumCameraParts {
    GpuGradientScratch scratch;
    int64_t splats;
    AVATAR_DEVICE void operator()(int64_t index) const {
        const float* from = scratch.camera + index / kCameraParts * splats;
        double sum = 0;
        for (int64_t i = index % kCameraParts; i < splats; i += kCameraParts) sum += from[i];
        scratch.camera_parts[index] = sum;
    }
};

struct SumCamera {
    GpuGradientScratch scratch;
    AVATAR_DEVICE void operator()(int64_t index) const {
        double sum = 0;
        for (int part = 0; part < kCameraParts; ++part) {
            sum += scratch.camera_parts[index * kCameraParts + part];
        }
        scratch.camera_sums[index] = sum;
    }
};

struct FinishCamera {
    RasterizeSplatsInput in;
    GpuGradientScratch scratch;
    float* camera;
    AVATAR_DEVICE void operator()(int64_t) const {
        finish_camera(with_camera(in), scratch.camera_sums, camera);
    }
};

// Fill the gradients of what `draw_splats` drew; a null camera leaves its gradient out.
template <typename Machine>
void splat_gradients(Machine& machine, const RasterizeSplatsInput& in,
                     const RasterizeSplatsGradientInput& from, const GpuSplatState& state,
                     const GpuGradientScratch& scratch, const RasterizeSplatsGradients& out,
                     int64_t capacity) {
    const int padded = padded_channels(in.channels());
    const int64_t warps = Tiles(in).count() * kWarpsOfTile;
    machine.fill(scratch.slots, 0, capacity * (kGeometry + padded) * sizeof(float));
    if (padded == 4) {
        machine.each_warp(warps, WalkPixels<4>{in, from, state, scratch.slots, padded});
    } else if (padded == kFused) {
        machine.each_warp(warps, WalkPixels<kFused>{in, from, state, scratch.slots, padded});
    } else {
        machine.each_warp(warps, WalkPixels<0>{in, from, state, scratch.slots, padded});
    }
    machine.each(in.splats, GatherSplat{in, state, scratch, out, capacity, padded});
    if (!out.camera) return;
    machine.each(kCameraSums * kCameraParts, SumCameraParts{scratch, in.splats});
    machine.each(kCameraSums, SumCamera{scratch});
    machine.each(1, FinishCamera{in, scratch, out.camera});
}

}  // namespace avatar::AVATAR_ISA
