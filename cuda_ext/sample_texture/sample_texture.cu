// Textures on a GPU, and the way back. Pixels add to texels in any order: their gradients differ in
// the last bits from run to run.
#include "common/machine.h"
#include "sample_texture/taps.h"

namespace avatar::AVATAR_ISA {
namespace {

// Call visit(level's index, texel in the level, weight) for all that a pixel is blended from.
template <typename Visit>
AVATAR_DEVICE void each_texel(const SampleTextureInput& in, int64_t pixel, Visit visit) {
    const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
    if (!usable(u, v)) return;
    const Levels levels = levels_at(in, pixel);
    for (int l = 0; l < levels.count; ++l) {
        const int index = levels.index[l];
        const Taps taps = taps_at(in.levels[index], u, v, in.repeat);
        for (int row = 0; row < 2; ++row) {
            const float down = levels.weight[l] * (row ? taps.down : 1 - taps.down);
            const int64_t line = static_cast<int64_t>(taps.rows[row]) * in.levels[index].width;
            for (int column = 0; column < 2; ++column) {
                visit(index, line + taps.columns[column],
                      down * (column ? taps.right : 1 - taps.right));
            }
        }
    }
}

struct SamplePixel {
    SampleTextureInput in;
    float* picture;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float* out = picture + pixel * in.channels;
        for (int i = 0; i < in.channels; ++i) out[i] = 0;
        each_texel(in, pixel, [&](int level, int64_t texel, float weight) {
            const float* from = in.levels[level].texels + texel * in.channels;
            for (int i = 0; i < in.channels; ++i) out[i] += weight * from[i];
        });
    }
};

struct PlaceSlopes {
    SampleTextureInput in;
    const float* picture_gradient;
    float* uv_gradient;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float by_u = 0, by_v = 0;
        const float u = in.uvs[2 * pixel], v = in.uvs[2 * pixel + 1];
        const Levels levels = usable(u, v) ? levels_at(in, pixel) : Levels{};
        for (int l = 0; l < levels.count; ++l) {
            const TextureLevel& level = in.levels[levels.index[l]];
            add_uv_slope(level, taps_at(level, u, v, in.repeat), in.channels,
                         picture_gradient + pixel * in.channels, levels.weight[l], by_u, by_v);
        }
        uv_gradient[2 * pixel] = by_u;
        uv_gradient[2 * pixel + 1] = by_v;
    }
};

struct TexelSlopes {
    SampleTextureInput in;
    const float* picture_gradient;
    float* texel_gradients[kMostLevels];

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        const float* slope = picture_gradient + pixel * in.channels;
        each_texel(in, pixel, [&](int level, int64_t texel, float weight) {
            float* to = texel_gradients[level] + texel * in.channels;
            for (int i = 0; i < in.channels; ++i) add_to(to + i, weight * slope[i]);
        });
    }
};

}  // namespace

void sample_texture(const SampleTextureInput& in, float* picture) {
    Machine machine(in.place);
    machine.each(in.pixel_count, SamplePixel{in, picture});
    machine.check();
}

void sample_texture_backward(const SampleTextureInput& in, const float* picture_gradient,
                             float* uv_gradient, float* const* texel_gradients) {
    Machine machine(in.place);
    if (uv_gradient) machine.each(in.pixel_count, PlaceSlopes{in, picture_gradient, uv_gradient});
    if (texel_gradients) {
        TexelSlopes slopes{in, picture_gradient, {}};
        for (int l = 0; l < in.level_count; ++l) {
            const TextureLevel& level = in.levels[l];
            slopes.texel_gradients[l] = texel_gradients[l];
            machine.fill(texel_gradients[l], 0,
                         sizeof(float) * in.channels * level.height * level.width);
        }
        machine.each(in.pixel_count, slopes);
    }
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
