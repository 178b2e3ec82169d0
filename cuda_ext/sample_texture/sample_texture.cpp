// Textures, bilinear and between two levels of a pyramid, and the way back.
//
// On the way back every thread owns a run of rows of each level and looks at all pixels: nothing is
// added up by two threads, and sums come in the order of the pixels.
#include "sample_texture/sample_texture.h"

#include <cstring>

#include "common/kernel.h"

namespace avatar::AVATAR_ISA {
namespace {

// The four texels around a place, in one level.
struct Taps {
    int rows[2], columns[2];
    float right, down;  // weights of the second column and row
};

int wrap(int64_t index, int size, bool repeat) {
    if (!repeat) return static_cast<int>(index < 0 ? 0 : index >= size ? size - 1 : index);
    const int64_t rest = index % size;
    return static_cast<int>(rest < 0 ? rest + size : rest);
}

// Texel (0, 0) reaches from 0 to 1 / size: its centre is at half of that.
Taps taps_at(const TextureLevel& level, float u, float v, bool repeat) {
    // A place that is no number, or beyond any texture, is (0, 0); see the wrapper.
    const float x = u * level.width - 0.5f, y = v * level.height - 0.5f;
    const float left = __builtin_floorf(x), top = __builtin_floorf(y);
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

Levels levels_at(const SampleTextureInput& in, int64_t pixel) {
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
bool usable(float u, float v) {
    return __builtin_fabsf(u) < 1e9f && __builtin_fabsf(v) < 1e9f;
}

template <typename Channels>
void sample(const SampleTextureInput& in, Channels count, float* AVATAR_RESTRICT picture) {
    const int channels = count.value;
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
        float* out = picture + pixel * channels;
        for (int i = 0; i < channels; ++i) out[i] = 0;
        const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
        if (!usable(u, v)) continue;
        const Levels levels = levels_at(in, pixel);
        for (int l = 0; l < levels.count; ++l) {
            const TextureLevel& level = in.levels[levels.index[l]];
            const Taps taps = taps_at(level, u, v, in.repeat);
            for (int row = 0; row < 2; ++row) {
                const float down = levels.weight[l] * (row ? taps.down : 1 - taps.down);
                const float* line =
                    level.texels + static_cast<int64_t>(taps.rows[row]) * level.width * channels;
                const float* a = line + static_cast<int64_t>(taps.columns[0]) * channels;
                const float* b = line + static_cast<int64_t>(taps.columns[1]) * channels;
                for (int i = 0; i < channels; ++i) {
                    out[i] += down * ((1 - taps.right) * a[i] + taps.right * b[i]);
                }
            }
        }
    }
}

template <typename Channels>
void uv_backward(const SampleTextureInput& in, Channels count, const float* picture_gradient,
                 float* uv_gradient) {
    const int channels = count.value;
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
        float by_u = 0, by_v = 0;
        const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
        const Levels levels = usable(u, v) ? levels_at(in, pixel) : Levels{};
        for (int l = 0; l < levels.count; ++l) {
            const TextureLevel& level = in.levels[levels.index[l]];
            const Taps taps = taps_at(level, u, v, in.repeat);
            float texels[2][2] = {};  // weighted by the gradient of what they are seen in
            for (int row = 0; row < 2; ++row) {
                for (int column = 0; column < 2; ++column) {
                    const float* texel =
                        level.texels + (static_cast<int64_t>(taps.rows[row]) * level.width +
                                        taps.columns[column]) *
                                           channels;
                    for (int i = 0; i < channels; ++i) {
                        texels[row][column] += texel[i] * picture_gradient[pixel * channels + i];
                    }
                }
            }
            const float across = (1 - taps.down) * (texels[0][1] - texels[0][0]) +
                                 taps.down * (texels[1][1] - texels[1][0]);
            const float along = (1 - taps.right) * (texels[1][0] - texels[0][0]) +
                                taps.right * (texels[1][1] - texels[0][1]);
            by_u += levels.weight[l] * across * level.width;
            by_v += levels.weight[l] * along * level.height;
        }
        uv_gradient[2 * pixel] = by_u;
        uv_gradient[2 * pixel + 1] = by_v;
    }
}

template <typename Channels>
void texel_backward(const SampleTextureInput& in, Channels count, const float* picture_gradient,
                    int run, float* const* texel_gradients) {
    const int channels = count.value;
    int64_t begin[kMostLevels], end[kMostLevels];
    for (int l = 0; l < in.level_count; ++l) {
        const TextureLevel& level = in.levels[l];
        begin[l] = static_cast<int64_t>(level.height) * run / in.threads;
        end[l] = static_cast<int64_t>(level.height) * (run + 1) / in.threads;
        const int64_t row = static_cast<int64_t>(level.width) * channels;
        std::memset(texel_gradients[l] + begin[l] * row, 0,
                    (end[l] - begin[l]) * row * sizeof(float));
    }
    for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
        const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
        if (!usable(u, v)) continue;
        const Levels levels = levels_at(in, pixel);
        for (int l = 0; l < levels.count; ++l) {
            const int index = levels.index[l];
            const Taps taps = taps_at(in.levels[index], u, v, in.repeat);
            for (int row = 0; row < 2; ++row) {
                if (taps.rows[row] < begin[index] || taps.rows[row] >= end[index]) continue;
                const float down = levels.weight[l] * (row ? taps.down : 1 - taps.down);
                for (int column = 0; column < 2; ++column) {
                    const float weight = down * (column ? taps.right : 1 - taps.right);
                    float* out = texel_gradients[index] +
                                 (static_cast<int64_t>(taps.rows[row]) * in.levels[index].width +
                                  taps.columns[column]) *
                                     channels;
                    for (int i = 0; i < channels; ++i) {
                        out[i] += weight * picture_gradient[pixel * channels + i];
                    }
                }
            }
        }
    }
}

}  // namespace

void sample_texture(const SampleTextureInput& in, float* picture) {
    with_channels(in.channels, [&](auto count) { sample(in, count, picture); });
}

void sample_texture_backward(const SampleTextureInput& in, const float* picture_gradient,
                             float* uv_gradient, float* const* texel_gradients) {
    with_channels(in.channels, [&](auto count) {
        if (uv_gradient) uv_backward(in, count, picture_gradient, uv_gradient);
        if (!texel_gradients) return;
#pragma omp parallel for num_threads(in.threads) schedule(static, 1)
        for (int run = 0; run < in.threads; ++run) {
            texel_backward(in, count, picture_gradient, run, texel_gradients);
        }
    });
}

}  // namespace avatar::AVATAR_ISA
