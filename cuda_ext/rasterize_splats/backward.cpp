// Gradients of a splat picture.
//
// Every pair of a splat and a tile has its own slot for the sums of its pixels, so that nothing is
// added up by several threads: gradients are the same bits whatever the threads do. A second pass
// adds the slots of each splat, sixteen splats at a time, and goes back through the projection.
#include <cstring>

#include "common/kernel.h"
#include "rasterize_splats/gather_gradients.h"
#include "rasterize_splats/state.h"
#include "rasterize_splats/tile_pixels.h"

namespace avatar::AVATAR_ISA {
namespace {

// A tile on the way back: per pixel the transmittance so far, what is still behind (weighted by
// the gradient of what it is seen in), and that gradient.
struct TileGradient {
    alignas(64) float transmittance[kTilePixels];
    alignas(64) float behind[kTilePixels];
    alignas(64) float scratch[kTilePixels];
    alignas(64) float pixel_x[kTilePixels], pixel_y[kTilePixels];
    TileGradient() {
        for (int i = 0; i < kTilePixels; ++i) {
            pixel_x[i] = kPixelX[i % kLanes] + block_left(i / kLanes);
            pixel_y[i] = kPixelY[i % kLanes] + block_top(i / kLanes);
        }
    }
};

void load_gradient(const RasterizeSplatsInput& in, const RasterizeSplatsGradientInput& from,
                   const Tiles& tiles, int left, int top, int padded, TileGradient& tile,
                   float* gradient) {
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    std::memset(tile.behind, 0, sizeof tile.behind);
    const auto add = [&](const float* values, const float* value_gradient, float* slope) {
        load_tile(value_gradient, left, top, tiles, slope);
        if (!value_gradient) return;
        load_tile(values, left, top, tiles, tile.scratch);
        for (int i = 0; i < kTilePixels; ++i) tile.behind[i] += tile.scratch[i] * slope[i];
    };
    // What is in no channel comes last: its slope is thrown away.
    add(from.transmittance, from.transmittance_gradient, gradient + in.channels() * kTilePixels);
    for (int channel = 0; channel < in.channels(); ++channel) {
        const float* slope = from.picture_gradient;
        add(from.picture + channel * area, slope ? slope + channel * area : nullptr,
            gradient + channel * kTilePixels);
    }
    add(from.depths, from.depth_gradient, gradient + in.channels() * kTilePixels);
    for (int channel = in.channels() + 1; channel < padded; ++channel) {
        std::memset(gradient + channel * kTilePixels, 0, kTilePixels * sizeof(float));
    }
    for (int i = 0; i < kTilePixels; ++i) tile.transmittance[i] = 1;
}

// Go through the splats of a tile front to back. With kFixed, channels with a slope fit into one
// line of sums; without, the first kFused do and the rest follow in lines of sixteen.
template <int kFixed>
AVATAR_NOINLINE void walk_tile(const VisibleSplats& visible, const Pairs& pairs, int64_t index,
                               int left, int top, int padded, const float* gradient,
                               TileGradient& tile, float* slots) {
    constexpr int kHere = kFixed ? kFixed : kFused;
    // Three channels leave the depth without a slope: its sum is written, as 0.
    constexpr int kSums = kGeometry + (kFixed == 3 ? 4 : kHere);
    const int channels = kFixed ? kFixed : padded;
    const int size = slot_size(padded);
    const uint32_t end = pairs.tile_end[index];
    for (uint32_t place = pairs.tile_begin[index]; place < end; ++place) {
        float* slot = slots + static_cast<int64_t>(pairs.entries[place].slot) * size;
        const uint32_t shown = pairs.blocks[place];
        if (place + 8 < end) {
            const TileEntry ahead = pairs.entries[place + 8];
            prefetch(&visible.splats[ahead.splat]);
            prefetch(visible.features(ahead.splat));
            prefetch_to_write(slots + static_cast<int64_t>(ahead.slot) * size);
        }
        if (!shown) {
            std::memset(slot, 0, size * sizeof(float));
            continue;
        }
        const int64_t from = pairs.entries[place].splat;
        const Splat& s = visible.splats[from];
        const float* features = visible.features(from);
        const Wide offset_x = static_cast<float>(left) - s.x,
                   offset_y = static_cast<float>(top) - s.y;
        Wide sums[kSums];
        for (int i = 0; i < kSums; ++i) sums[i] = 0.0f;
        alignas(64) float weights[kFixed ? 1 : kTilePixels];
        for (uint32_t blocks = shown; blocks; blocks &= blocks - 1) {
            const int at = __builtin_ctz(blocks) * kLanes;
            const Wide x = load(tile.pixel_x + at) + offset_x;
            const Wide y = load(tile.pixel_y + at) + offset_y;
            const Wide power = fma(x, fma(s.a, x, y * s.b), fma(y * s.c, y, s.log2_opacity));
            const Wide alpha = select(power >= Wide(kCut), exp2(power), Wide(0.0f));
            const Wide transmittance = load(tile.transmittance + at);
            const Wide weight = alpha * transmittance;
            Wide seen = load(gradient + at) * features[0];
            for (int i = 1; i < channels; ++i) {
                seen = fma(load(gradient + i * kTilePixels + at), features[i], seen);
            }
            const Wide here = weight * seen;
            const Wide behind = load(tile.behind + at) - here;
            const Wide slope = here - behind * (alpha * reciprocal(Wide(1.0f) - alpha));
            const Wide slope_x = slope * x, slope_y = slope * y;
            sums[0] = sums[0] + slope;
            sums[1] = sums[1] + slope_x;
            sums[2] = sums[2] + slope_y;
            sums[3] = fma(slope_x, x, sums[3]);
            sums[4] = fma(slope_x, y, sums[4]);
            sums[5] = fma(slope_y, y, sums[5]);
            for (int i = 0; i < kHere; ++i) {
                sums[kGeometry + i] =
                    fma(weight, load(gradient + i * kTilePixels + at), sums[kGeometry + i]);
            }
            store(tile.transmittance + at, transmittance - weight);
            store(tile.behind + at, behind);
            if constexpr (!kFixed) store(weights + at, weight);
        }
        column_sums<kSums>(sums, slot);
        if constexpr (!kFixed) {
            for (int channel = kHere; channel < padded; channel += 16) {
                Wide more[16];
                for (int i = 0; i < 16; ++i) more[i] = 0.0f;
                for (uint32_t blocks = shown; blocks; blocks &= blocks - 1) {
                    const int at = __builtin_ctz(blocks) * kLanes;
                    const Wide weight = load(weights + at);
                    for (int i = 0; i < 16; ++i) {
                        more[i] =
                            fma(weight, load(gradient + (channel + i) * kTilePixels + at), more[i]);
                    }
                }
                column_sums<16>(more, slot + 16 + channel - kHere);
            }
        }
    }
    for (uint32_t place = end; place < pairs.tile_begin[index + 1]; ++place) {
        std::memset(slots + static_cast<int64_t>(pairs.entries[place].slot) * size, 0,
                    size * sizeof(float));
    }
}

void fill_slots(const RasterizeSplatsInput& in, const RasterizeSplatsGradientInput& from,
                const VisibleSplats& visible, const Pairs& pairs, int padded, float* slots) {
    const Tiles tiles(in);
    const std::size_t gradient_size = static_cast<std::size_t>(padded) * kTilePixels;
    Buffer<float> gradients(gradient_size * in.threads);
#pragma omp parallel num_threads(in.threads)
    {
        TileGradient tile;
        float* gradient = gradients.data() + gradient_size * thread_index();
#pragma omp for schedule(dynamic, 4)
        for (int64_t index = 0; index < tiles.count(); ++index) {
            if (pairs.tile_begin[index] == pairs.tile_begin[index + 1]) continue;
            const int left = tiles.left(index), top = tiles.top(index);
            load_gradient(in, from, tiles, left, top, padded, tile, gradient);
            if (padded == 4 && in.channels() == 3 && !from.depth_gradient) {
                walk_tile<3>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            } else if (padded == 4) {
                walk_tile<4>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            } else if (padded == kFused) {
                walk_tile<kFused>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            } else {
                walk_tile<0>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            }
        }
    }
}

}  // namespace

SplatStatus rasterize_splats_backward(const RasterizeSplatsInput& in,
                                      const RasterizeSplatsGradientInput& from,
                                      const RasterizeSplatsGradients& out) {
    const int padded = padded_channels(in.channels());
    const Tiles tiles(in);
    Pairs pairs;
    pairs.lay_out(const_cast<void*>(from.pairs), in.splats, tiles.count(), 0);
    const int64_t total = pairs.counts[1];
    pairs.lay_out(const_cast<void*>(from.pairs), in.splats, tiles.count(), total);
    VisibleSplats visible;
    visible.lay_out(const_cast<void*>(from.visible), in.splats, padded);

    const int size = slot_size(padded);
    Buffer<float> slots(static_cast<std::size_t>(total + 1) * size);
    fill_slots(in, from, visible, pairs, padded, slots.data());

    Gather gather{in, visible, pairs, slots.data(), out, padded, splat_camera(in), {}};
    camera_position(in, gather.position);
    const int64_t groups = (in.splats + kLanes - 1) / kLanes;
    const int64_t parts = (groups + kGroupsAtOnce - 1) / kGroupsAtOnce;
    constexpr int kAll = kCameraValues + 3;
    Buffer<double> part_sums(parts * kAll + 1);
#pragma omp parallel for num_threads(in.threads) schedule(dynamic, 1)
    for (int64_t part = 0; part < parts; ++part) {
        Buffer<float> sums(size);
        Wide camera_sums[kAll];
        for (int i = 0; i < kAll; ++i) camera_sums[i] = 0.0f;
        const int64_t end = min(groups, (part + 1) * kGroupsAtOnce);
        for (int64_t group = part * kGroupsAtOnce; group < end; ++group) {
            gather_sixteen(gather, group * kLanes, sums.data(), camera_sums);
        }
        for (int i = 0; i < kAll; ++i) {
            alignas(64) float lanes[kLanes];
            store(lanes, camera_sums[i]);
            double sum = 0;
            for (int lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
            part_sums[part * kAll + i] = sum;
        }
    }
    double total_sums[kAll] = {};
    for (int64_t part = 0; part < parts; ++part) {
        for (int i = 0; i < kAll; ++i) total_sums[i] += part_sums[part * kAll + i];
    }
    finish_camera(in, total_sums, out.camera);
    return SplatStatus::kDone;
}

}  // namespace avatar::AVATAR_ISA
