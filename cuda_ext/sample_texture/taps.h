// Where a texture is looked up: the maths that the CPU's kernels and the GPU's share.
#pragma once

#include <cmath>

#include "common/portable.h"
#include "sample_texture/sample_texture.h"

namespace avatar::AVATAR_ISA {

// The four texels around a place, in one level.
struct Taps {
    int rows[2], columns[2];
    float right, down;  // weights of the second column and row
};

AVATAR_INLINE int wrap(int64_t index, int size, bool repeat) {
    if (!repeat) return static_cast<int>(index < 0 ? 0 : index >= size ? size - 1 : index);
    const int64_t rest = index % size;
    return static_cast<int>(rest < 0 ? rest + size : rest);
}

// Texel (0, 0) reaches from 0 to 1 / size: its centre is at half of that.
AVATAR_INLINE Taps taps_at(const TextureLevel& level, float u, float v, bool repeat) {
    // A place that is no number, or beyond any texture, is (0, 0); see the wrapper.
    const float x = u * level.width - 0.5f, y = v * level.height - 0.5f;
    const float left = ::floorf(x), top = ::floorf(y);
    const int64_t column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
    return {{wrap(row, level.height, repeat), wrap(row + 1, level.height, repeat)},
            {wrap(column, level.width, repeat), wrap(column + 1, level.width, repeat)},
            x - left,
            y - top};
}

// The levels a pixel is sampled from, with their weights.
struct Levels {
    int count;
    int index[2];
    float weight[2];
};

AVATAR_INLINE Levels levels_at(const SampleTextureInput& in, int64_t pixel) {
    if (!in.lods || in.level_count == 1) return {1, {0, 0}, {1.0f, 0.0f}};
    const float top = static_cast<float>(in.level_count - 1);
    const float lod = in.lods[pixel];
    const float level = lod > 0 ? (lod < top ? lod : top) : 0.0f;  // NaN is the finest
    const int lower = static_cast<int>(level);
    const float fraction = level - static_cast<float>(lower);
    if (fraction == 0) return {1, {lower, lower}, {1.0f, 0.0f}};
    return {2, {lower, lower + 1}, {1 - fraction, fraction}};
}

// Places where arithmetic on them ends: NaN, infinite, or further than any index.
AVATAR_INLINE bool usable(float u, float v) {
    return ::fabsf(u) < 1e9f && ::fabsf(v) < 1e9f;
}

// Add what a pixel's slope, seen in one level of a weight, says of its place.
AVATAR_INLINE void add_uv_slope(const TextureLevel& level, const Taps& taps, int channels,
                                const float* slope, float weight, float& by_u, float& by_v) {
    float texels[2][2] = {};  // weighted by the slope of what they are seen in
    for (int row = 0; row < 2; ++row) {
        for (int column = 0; column < 2; ++column) {
            const int64_t place =
                static_cast<int64_t>(taps.rows[row]) * level.width + taps.columns[column];
            const float* texel = level.texels + place * channels;
            for (int i = 0; i < channels; ++i) texels[row][column] += texel[i] * slope[i];
        }
    }
    const float across =
        (1 - taps.down) * (texels[0][1] - texels[0][0]) + taps.down * (texels[1][1] - texels[1][0]);
    const float along = (1 - taps.right) * (texels[1][0] - texels[0][0]) +
                        taps.right * (texels[1][1] - texels[0][1]);
    by_u += weight * across * level.width;
    by_v += weight * along * level.height;
}

}  // namespace avatar::AVATAR_ISA
