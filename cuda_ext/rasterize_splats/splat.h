// What a visible splat is, and the tiles of the picture: for the CPU's kernels and the GPU's.
#pragma once

#include <cstdint>

#include "common/portable.h"
#include "rasterize_splats/project.h"
#include "rasterize_splats/rasterize_splats.h"

namespace avatar::AVATAR_ISA {

constexpr int kTile = 16;    // pixels on a side of a tile
constexpr int kBlocks = 16;  // blocks of a tile: 4 x 4 of them, of 4 x 4 pixels each
constexpr float kLog2E = 1.44269504f;
constexpr float kCut = -7.99435344f;              // log2(1 / 255): fainter is not drawn
constexpr float kMostLog2Opacity = -0.00144342f;  // log2(0.999)
constexpr float kMostOpacity = 0.999f;
constexpr float kOpaque = 3e-6f;  // what lies behind so little transmittance is not drawn
constexpr int kCameraValues = 16;
constexpr int kGeometry = 6;  // sums a pair has besides one per channel
constexpr int kFused = 8;     // channels whose sums share a cache line with those

// A visible splat: exactly one cache line. log2 of its alpha at (dx, dy) from its centre is
// log2_opacity + dx * (a * dx + b * dy) + c * dy * dy.
struct alignas(64) Splat {
    float x, y, a, b, c, log2_opacity;
    float extent_x, extent_y;  // of the ellipse where alpha is 1 / 255, pixels
    int32_t index;             // among the splats given
    int32_t unused[3];
    float features[4];  // where no more are carried; see `VisibleSplats`
};
static_assert(sizeof(Splat) == 64);

// Channels as the kernels keep them: the picture's and the depth, filled up with zeros.
AVATAR_INLINE int padded_channels(int channels) {
    const int all = channels + 1;
    return all <= 4 ? 4 : all <= kFused ? kFused : kFused + (all - kFused + 15) / 16 * 16;
}

// Floats of the sums of one pair.
AVATAR_INLINE int slot_size(int padded) {
    return padded <= kFused ? 16 : 16 + (padded - kFused);
}

struct Tiles {
    int width, height, across, down;
    AVATAR_INLINE explicit Tiles(const RasterizeSplatsInput& in)
        : width(in.width),
          height(in.height),
          across((in.width + kTile - 1) / kTile),
          down((in.height + kTile - 1) / kTile) {}
    AVATAR_INLINE int64_t count() const { return static_cast<int64_t>(across) * down; }
    AVATAR_INLINE int left(int64_t tile) const { return static_cast<int>(tile % across) * kTile; }
    AVATAR_INLINE int top(int64_t tile) const { return static_cast<int>(tile / across) * kTile; }
};

AVATAR_INLINE SplatCamera splat_camera(const RasterizeSplatsInput& in) {
    SplatCamera camera;
    for (int i = 0; i < 9; ++i) camera.rotation[i] = in.rotation[i];
    for (int i = 0; i < 3; ++i) camera.translation[i] = in.translation[i];
    camera.focal_x = in.focal_x;
    camera.focal_y = in.focal_y;
    camera.centre_x = in.centre_x;
    camera.centre_y = in.centre_y;
    // Beyond 15 % outside the picture the linearisation is that at 15 % (as 3DGS does it).
    const float margin_x = 0.15f * in.width, margin_y = 0.15f * in.height;
    camera.slope_left = (-0.5f - margin_x - in.centre_x) / in.focal_x;
    camera.slope_right = (in.width - 0.5f + margin_x - in.centre_x) / in.focal_x;
    camera.slope_top = (-0.5f - margin_y - in.centre_y) / in.focal_y;
    camera.slope_bottom = (in.height - 0.5f + margin_y - in.centre_y) / in.focal_y;
    camera.blur = in.blur;
    return camera;
}

// The same input with the camera's values at hand.
AVATAR_INLINE RasterizeSplatsInput with_camera(RasterizeSplatsInput in) {
    if (!in.camera) return in;
    for (int i = 0; i < 9; ++i) in.rotation[i] = in.camera[i];
    for (int i = 0; i < 3; ++i) in.translation[i] = in.camera[9 + i];
    in.focal_x = in.camera[12];
    in.focal_y = in.camera[13];
    in.centre_x = in.camera[14];
    in.centre_y = in.camera[15];
    return in;
}

AVATAR_INLINE void camera_position(const RasterizeSplatsInput& in, float* position) {
    for (int k = 0; k < 3; ++k) {
        position[k] = 0;
        for (int i = 0; i < 3; ++i) position[k] -= in.rotation[3 * i + k] * in.translation[i];
    }
}

// Turn sums over the splats, the camera's sixteen values and three of its position, into the
// camera's gradient: the position is -rotation^T translation.
AVATAR_INLINE void finish_camera(const RasterizeSplatsInput& in, const double* sums, float* out) {
    double camera[kCameraValues];
    for (int i = 0; i < kCameraValues; ++i) camera[i] = sums[i];
    for (int i = 0; i < 3; ++i) {
        for (int k = 0; k < 3; ++k) {
            camera[3 * i + k] -= in.translation[i] * sums[kCameraValues + k];
            camera[9 + i] -= in.rotation[3 * i + k] * sums[kCameraValues + k];
        }
    }
    for (int i = 0; i < kCameraValues; ++i) out[i] = static_cast<float>(camera[i]);
}

}  // namespace avatar::AVATAR_ISA
