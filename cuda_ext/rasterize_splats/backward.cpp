// Gradients of a splat picture.
//
// Every pair of a splat and a tile has its own slot for the sums of its pixels, so that nothing is
// added up by several threads: gradients are the same bits whatever the threads do. A second pass
// adds the slots of each splat, sixteen splats at a time, and goes back through the projection.
#include <cstring>

#include "common/kernel.h"
#include "rasterize_splats/harmonics.h"
#include "rasterize_splats/load_splats.h"
#include "rasterize_splats/state.h"
#include "rasterize_splats/tile_pixels.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kCameraValues = 16;
constexpr int kGroupsAtOnce = 256;  // of sixteen splats, whose camera gradients are added first

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

// Go through the splats of a tile front to back. With kFixed, all channels fit into one line of
// sums; without, the first kFused do and the rest follow in lines of sixteen.
template <int kFixed>
AVATAR_NOINLINE void walk_tile(const VisibleSplats& visible, const Pairs& pairs, int64_t index,
                               int left, int top, int padded, const float* gradient,
                               TileGradient& tile, float* slots) {
    constexpr int kHere = kFixed ? kFixed : kFused;
    constexpr int kSums = kGeometry + kHere;
    const int channels = kFixed ? kFixed : padded;
    const int size = slot_size(padded);
    const uint32_t end = pairs.tile_end[index];
    for (uint32_t place = pairs.tile_begin[index]; place < end; ++place) {
        float* slot = slots + static_cast<int64_t>(pairs.slot[place]) * size;
        const uint32_t shown = pairs.blocks[place];
        if (place + 8 < end) {
            const int64_t ahead = pairs.splat[place + 8];
            prefetch(&visible.splats[ahead]);
            prefetch(visible.features + ahead * padded);
            prefetch_to_write(slots + static_cast<int64_t>(pairs.slot[place + 8]) * size);
        }
        if (!shown) {
            std::memset(slot, 0, size * sizeof(float));
            continue;
        }
        const int64_t from = pairs.splat[place];
        const Splat& s = visible.splats[from];
        const float* features = visible.features + from * padded;
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
            Wide seen = 0.0f;
            for (int i = 0; i < channels; ++i) {
                seen = fma(load(gradient + i * kTilePixels + at), features[i], seen);
            }
            const Wide behind = load(tile.behind + at) - weight * seen;
            const Wide slope =
                (transmittance * seen - behind * reciprocal(Wide(1.0f) - alpha)) * alpha;
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
        std::memset(slots + static_cast<int64_t>(pairs.slot[place]) * size, 0,
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
            if (padded == 4) {
                walk_tile<4>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            } else if (padded == kFused) {
                walk_tile<kFused>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            } else {
                walk_tile<0>(visible, pairs, index, left, top, padded, gradient, tile, slots);
            }
        }
    }
}

// Add up the slots of a splat, in the order of its tiles; returns whether it has any.
bool add_slots(const Pairs& pairs, int64_t splat, int size, const float* slots, float* sums) {
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
void harmonics_backward(const RasterizeSplatsInput& in, const SplatLanes& lanes,
                        const float* position, int64_t first, uint32_t shown, const float* colour,
                        const VisibleSplats& visible, int padded, float* out, Wide* mean_gradient) {
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
        const float* features =
            visible.features + static_cast<int64_t>(visible.rank[first + lane]) * padded;
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
void gather_sixteen(const Gather& g, int64_t first, float* sums, Wide* camera_sums) {
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

    // Slopes by the inverse covariance, then by the covariance itself: -Q (slope) Q.
    const Wide inverse = Wide(1.0f) / p.det;
    const Wide a = p.yy * inverse, b = Wide(0.0f) - p.xy * inverse, c = p.xx * inverse;
    const Wide half = -0.5f;
    const Wide qa = load(geometry[3]) * half, qb = load(geometry[4]) * half,
               qc = load(geometry[5]) * half;
    const Wide left = a * qa + b * qb, mid = a * qb + b * qc, low = b * qa + c * qb,
               right = b * qb + c * qc;
    ProjectionGradient<Wide> slope;
    slope.x = a * load(geometry[1]) + b * load(geometry[2]);
    slope.y = b * load(geometry[1]) + c * load(geometry[2]);
    slope.depth = load(depth);
    slope.xx = Wide(0.0f) - (left * a + mid * b);
    slope.xy = Wide(-2.0f) * (left * b + mid * c);
    slope.yy = Wide(0.0f) - (low * b + right * c);
    slope.sharp_det = 0.0f;

    // Where the opacity is cut it has no slope.
    const Wide fade = in.antialiased ? sqrt(p.sharp_det / p.det) : Wide(1.0f);
    const Wide free =
        select(Wide(kMostOpacity) > lanes.opacity * fade, load(geometry[0]), Wide(0.0f));
    const Wide opacity = select(there, free / lanes.opacity, Wide(0.0f));
    if (in.antialiased) {
        const Wide det = Wide(-0.5f) * free / p.det;
        slope.sharp_det = Wide(0.5f) * free / p.sharp_det;
        slope.xx = slope.xx + det * p.yy;
        slope.yy = slope.yy + det * p.xx;
        slope.xy = slope.xy - Wide(2.0f) * det * p.xy;
    }
    SplatGradient<Wide> out = project_backward(g.camera, p, lanes.mean, lanes.scale, slope);
    Wide position[3] = {0.0f, 0.0f, 0.0f};
    if (in.harmonic_count) {
        harmonics_backward(in, lanes, g.position, first, shown, colour, g.visible, g.padded,
                           g.out.harmonics, position);
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

// Add up the camera's gradient in double, and the position's: it is -rotation^T translation.
void finish_camera(const RasterizeSplatsInput& in, const double* sums, float* out) {
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

}  // namespace

SplatStatus rasterize_splats_backward(const RasterizeSplatsInput& in,
                                      const RasterizeSplatsGradientInput& from,
                                      const RasterizeSplatsGradients& out) {
    const int padded = padded_channels(in.channels());
    const Tiles tiles(in);
    Pairs pairs;
    pairs.lay_out(const_cast<void*>(from.pairs), in.splats, tiles.count(), 0);
    const int64_t shown = pairs.counts[0], total = pairs.counts[1];
    pairs.lay_out(const_cast<void*>(from.pairs), in.splats, tiles.count(), total);
    VisibleSplats visible;
    visible.lay_out(const_cast<void*>(from.visible), in.splats, shown, padded);

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
