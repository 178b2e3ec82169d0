// What the forward pass finds out about the splats and leaves for the backward pass.
//
// Two pieces of memory without pointers in them: one sized by the visible splats, one by the pairs
// of a splat and a tile it touches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/kernel.h"
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
constexpr int kGeometry = 6;      // sums a pair has besides one per channel
constexpr int kFused = 8;         // channels whose sums share a cache line with those

// A visible splat: exactly one cache line. log2 of its alpha at (dx, dy) from its centre is
// log2_opacity + dx * (a * dx + b * dy) + c * dy * dy.
struct alignas(64) Splat {
    float x, y, a, b, c, log2_opacity;
    float extent_x, extent_y;  // of the ellipse where alpha is 1 / 255, pixels
    int32_t index;             // among the splats given
    int32_t unused[7];
};
static_assert(sizeof(Splat) == 64);

// Channels as the kernels keep them: the picture's and the depth, filled up with zeros.
inline int padded_channels(int channels) {
    const int all = channels + 1;
    return all <= 4 ? 4 : all <= kFused ? kFused : kFused + (all - kFused + 15) / 16 * 16;
}

// Floats of the sums of one pair.
inline int slot_size(int padded) {
    return padded <= kFused ? 16 : 16 + (padded - kFused);
}

struct Tiles {
    int width, height, across, down;
    explicit Tiles(const RasterizeSplatsInput& in)
        : width(in.width),
          height(in.height),
          across((in.width + kTile - 1) / kTile),
          down((in.height + kTile - 1) / kTile) {}
    int64_t count() const { return static_cast<int64_t>(across) * down; }
    int left(int64_t tile) const { return static_cast<int>(tile % across) * kTile; }
    int top(int64_t tile) const { return static_cast<int>(tile / across) * kTile; }
};

// Hands out cache-line aligned pieces of a block of memory; with null, only adds them up.
class Carver {
  public:
    explicit Carver(void* memory) : memory_(static_cast<char*>(memory)) {}
    template <typename T>
    T* take(std::size_t count) {
        T* piece = reinterpret_cast<T*>(memory_ + used_);
        used_ += (count * sizeof(T) + 63) / 64 * 64;
        return piece;
    }
    std::size_t used() const { return used_; }

  private:
    char* memory_;
    std::size_t used_ = 0;
};

struct VisibleSplats {
    int32_t* rank;    // of every splat given: its place in depth, or -1
    Splat* splats;    // by depth
    float* features;  // of each, padded

    // Lay it out for at most `capacity` visible splats; returns the bytes it takes.
    std::size_t lay_out(void* memory, int64_t given, int64_t capacity, int padded) {
        Carver carver(memory);
        rank = carver.take<int32_t>(given);
        splats = carver.take<Splat>(capacity);
        features = carver.take<float>(capacity * padded);
        return carver.used();
    }
};

struct Pairs {
    int64_t* counts;       // how many visible splats, how many pairs
    uint32_t* slot_begin;  // of each splat given, and one more: the first slot of its pairs
    uint32_t* tile_begin;  // of each tile, and one more: its first place
    uint32_t* tile_end;    // of each tile: where it was opaque, or its last place
    uint32_t* slot;        // by tile and depth: where the backward pass leaves its sums
    uint32_t* splat;       // by tile and depth: the visible splat
    uint16_t* blocks;      // by tile and depth: a bit for each block it shows in

    std::size_t lay_out(void* memory, int64_t given, int64_t tiles, int64_t pairs) {
        Carver carver(memory);
        counts = carver.take<int64_t>(2);
        slot_begin = carver.take<uint32_t>(given + 1);
        tile_begin = carver.take<uint32_t>(tiles + 1);
        tile_end = carver.take<uint32_t>(tiles);
        slot = carver.take<uint32_t>(pairs);
        splat = carver.take<uint32_t>(pairs);
        blocks = carver.take<uint16_t>(pairs);
        return carver.used();
    }
};

inline SplatCamera splat_camera(const RasterizeSplatsInput& in) {
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

inline void camera_position(const RasterizeSplatsInput& in, float* position) {
    for (int k = 0; k < 3; ++k) {
        position[k] = 0;
        for (int i = 0; i < 3; ++i) position[k] -= in.rotation[3 * i + k] * in.translation[i];
    }
}

}  // namespace avatar::AVATAR_ISA
