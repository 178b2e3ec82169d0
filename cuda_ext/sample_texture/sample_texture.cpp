// Textures, bilinear and between two levels of a pyramid, and the way back.
//
// On the way back every thread owns a run of rows of each level and looks at all pixels: nothing is
// added up by two threads, and sums come in the order of the pixels.
#include <cstring>

#include "common/kernel.h"
#include "sample_texture/taps.h"

namespace avatar::AVATAR_ISA {
namespace {

template <typename Channels>
void sample(const SampleTextureInput& in, Channels count, float* AVATAR_RESTRICT picture) {
    const int channels = count.value;
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
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
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
    for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
        float by_u = 0, by_v = 0;
        const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
        const Levels levels = usable(u, v) ? levels_at(in, pixel) : Levels{};
        for (int l = 0; l < levels.count; ++l) {
            const TextureLevel& level = in.levels[levels.index[l]];
            const Taps taps = taps_at(level, u, v, in.repeat);
            add_uv_slope(level, taps, channels, picture_gradient + pixel * channels,
                         levels.weight[l], by_u, by_v);
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
        begin[l] = static_cast<int64_t>(level.height) * run / in.place.threads;
        end[l] = static_cast<int64_t>(level.height) * (run + 1) / in.place.threads;
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
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
        for (int run = 0; run < in.place.threads; ++run) {
            texel_backward(in, count, picture_gradient, run, texel_gradients);
        }
    });
}

}  // namespace avatar::AVATAR_ISA
