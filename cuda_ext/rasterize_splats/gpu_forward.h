// Splats to a picture on a GPU: project, sort once by depth, pair with tiles in that order, sort
// the pairs stably by tile, blend front to back with a warp for each 8 x 4 pixels.
#pragma once

#include <cstdint>

#include "rasterize_splats/footprint.h"
#include "rasterize_splats/gpu_state.h"
#include "rasterize_splats/harmonics.h"

namespace avatar::AVATAR_ISA {

AVATAR_DEVICE uint32_t bits_of(float x) {
    union {
        float x;
        uint32_t bits;
    } both;
    both.x = x;
    return both.bits;
}

// Fill the channels of a splat; returns whether all of them are finite.
AVATAR_DEVICE bool fill_channels(const RasterizeSplatsInput& in, int64_t splat,
                                 const float* position, float depth, int padded, float* to) {
    float check = 0;
    int channel = 0;
    if (in.harmonic_count) {
        const float* mean = in.means + 3 * splat;
        const float x = mean[0] - position[0], y = mean[1] - position[1], z = mean[2] - position[2];
        const float inverse = 1.0f / sqrt(x * x + y * y + z * z);
        float basis[kMostHarmonics];
        harmonic_basis(in.harmonic_count, x * inverse, y * inverse, z * inverse, basis);
        const float* harmonics = in.harmonics + splat * in.harmonic_count * 3;
        for (int i = 0; i < 3; ++i) {
            float colour = 0.5f;
            for (int k = 0; k < in.harmonic_count; ++k) {
                colour += basis[k] * harmonics[3 * k + i];
            }
            check += colour * 0.0f;
            to[channel++] = max(colour, 0.0f);
        }
    }
    for (int i = 0; i < in.feature_count; ++i) {
        const float feature = in.features[splat * in.feature_count + i];
        check += feature * 0.0f;
        to[channel++] = feature;
    }
    to[channel++] = depth;
    while (channel < padded) to[channel++] = 0;
    return check == 0;
}

struct ProjectSplat {
    RasterizeSplatsInput given;
    GpuSplatState state;
    GpuSplatScratch scratch;
    int32_t* radii;
    int padded;

    AVATAR_DEVICE void operator()(int64_t i) const {
        const RasterizeSplatsInput in = with_camera(given);
        const SplatCamera camera = splat_camera(in);
        const Projection<float> p =
            project(camera, in.means + 3 * i, in.rotations + 4 * i, in.scales + 3 * i);
        const float x = in.offsets ? p.x + in.offsets[2 * i] : p.x;
        const float y = in.offsets ? p.y + in.offsets[2 * i + 1] : p.y;
        const Footprint<float> f = footprint(p, x, y, in.opacities[i], in.antialiased);
        Splat splat{f.x,        f.y,        f.a,
                    f.b,        f.c,        f.log2_opacity,
                    f.extent_x, f.extent_y, static_cast<int32_t>(i),
                    {},         {}};
        float position[3];
        camera_position(in, position);
        const bool seen =
            shows(f, in.width, in.height, in.near) &&
            fill_channels(in, i, position, f.depth, padded, state.features + i * padded);
        state.splats[i] = splat;
        // Positive floats sort as their bits do.
        scratch.depth_keys[i] = seen ? bits_of(f.depth) : 0xffffffffu;
        scratch.splat_of[i] = static_cast<uint32_t>(i);
        state.slot_count[i] = seen ? static_cast<uint32_t>(tile_box(splat, Tiles(in)).count()) : 0u;
        radii[i] =
            seen ? static_cast<int32_t>(min(1e9f, ::ceilf(max(splat.extent_x, splat.extent_y))))
                 : 0;
    }
};

struct CountBoxes {
    GpuSplatState state;
    GpuSplatScratch scratch;
    AVATAR_DEVICE void operator()(int64_t rank) const {
        scratch.box_counts[rank] = state.slot_count[scratch.order[rank]];
    }
};

struct EmitPairs {
    RasterizeSplatsInput in;
    GpuSplatState state;
    GpuSplatScratch scratch;
    int64_t capacity;

    AVATAR_DEVICE void operator()(int64_t index) const {
        const int64_t rank = index / kEmitters;
        const uint32_t i = scratch.order[rank];
        const uint64_t begin = scratch.box_begins[rank];
        const uint32_t count = state.slot_count[i];
        if (index % kEmitters == 0) {
            state.slot_begin[i] = begin;
            if (rank == in.splats - 1) *state.pair_count = begin + count;
        }
        const Tiles tiles(in);
        const Splat splat = state.splats[i];
        const TileBox box = tile_box(splat, tiles);
        const float lean_x = -0.5f * splat.b / splat.a, lean_y = -0.5f * splat.b / splat.c;
        const float least = least_shown(splat);
        const uint32_t across = count ? box.right - box.left + 1 : 1;
        for (uint32_t k = index % kEmitters; k < count; k += kEmitters) {
            const uint64_t pair = begin + k;
            if (pair >= static_cast<uint64_t>(capacity)) return;
            const int column = box.left + static_cast<int>(k % across);
            const int row = box.top + static_cast<int>(k / across);
            uint32_t blocks = 0;
            for (int block = 0; block < kBlocks; ++block) {
                const float x = static_cast<float>(column * kTile + block % 4 * 4) - splat.x;
                const float y = static_cast<float>(row * kTile + block / 4 * 4) - splat.y;
                const bool touched = most_in_block(splat, x, y, lean_x, lean_y) >= least;
                blocks |= static_cast<uint32_t>(touched) << block;
            }
            // Tiles it does not touch after all go to the end of the lists, behind every tile.
            scratch.tile_keys[pair] =
                blocks ? static_cast<uint32_t>(row) * tiles.across + column : 0xffffffffu;
            scratch.pair_of[pair] = static_cast<uint32_t>(pair);
            scratch.pair_splat[pair] = i;
            scratch.pair_blocks[pair] = blocks;
        }
    }
};

struct ListPairs {
    GpuSplatState state;
    GpuSplatScratch scratch;
    int64_t tiles, capacity;
    AVATAR_DEVICE void operator()(int64_t place) const {
        const uint32_t tile = scratch.sorted_tiles[place];
        if (tile >= tiles) return;
        const uint32_t pair = scratch.sorted_pairs[place];
        state.list_splat[place] = scratch.pair_splat[pair];
        state.list_blocks[place] = scratch.pair_blocks[pair];
        state.list_slot[place] = pair;
        if (place == 0 || scratch.sorted_tiles[place - 1] != tile) {
            state.tile_begin[tile] = static_cast<uint32_t>(place);
        }
        if (place + 1 == capacity || scratch.sorted_tiles[place + 1] != tile) {
            state.tile_end[tile] = static_cast<uint32_t>(place + 1);
        }
    }
};

// Blends kGroup channels from `channel` on. The first group skips what lies behind opaque pixels,
// and leaves in the lists in which blocks each pair takes part; the others follow that.
template <int kGroup, bool kFirst>
struct BlendPixels {
    RasterizeSplatsInput in;
    RasterizeSplatsOutput out;
    GpuSplatState state;
    int64_t capacity;
    int padded, channel;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        using F = typename Warp::Float;
        const Tiles tiles(in);
        const WarpPixels pixels(tiles, index);
        if (pixels.empty(tiles)) return;
        const F pixel_x = Warp::lanes([&](int lane) { return static_cast<float>(pixels.x(lane)); });
        const F pixel_y = Warp::lanes([&](int lane) { return static_cast<float>(pixels.y(lane)); });
        F transmittance = 1.0f, sums[kGroup];
        for (int i = 0; i < kGroup; ++i) sums[i] = 0.0f;
        const uint32_t* blocks = kFirst ? state.list_blocks : state.list_shown;
        const uint32_t end = state.tile_end[pixels.tile];
        bool open = true;
        for (uint32_t base = state.tile_begin[pixels.tile]; base < end && open; base += 32) {
            uint32_t entries = Warp::ballot_of([&](int lane) {
                return base + lane < end && (blocks[base + lane] & pixels.blocks) != 0;
            });
            for (; entries; entries &= entries - 1) {
                const uint32_t place = base + lowest_bit(entries);
                const uint32_t splat = state.list_splat[place];
                const Splat s = state.splats[splat];
                const F power = log2_alpha<F>(s, pixel_x - F(s.x), pixel_y - F(s.y));
                const auto drawn = power >= F(kCut);
                const uint32_t lanes = Warp::ballot(drawn);
                if (!lanes) continue;
                const F weight = select(drawn, exp2(power), F(0.0f)) * transmittance;
                const float* features =
                    state.features + static_cast<int64_t>(splat) * padded + channel;
                for (int i = 0; i < kGroup; ++i) sums[i] = fma(weight, F(features[i]), sums[i]);
                transmittance = transmittance - weight;
                if constexpr (kFirst) {
                    Warp::once([&] { or_into(state.list_shown + place, pixels.blocks); });
                }
            }
            if constexpr (kFirst) open = Warp::ballot(transmittance >= F(kOpaque)) != 0;
        }
        write(Warp(), tiles, pixels, transmittance, sums);
    }

    template <typename Warp>
    AVATAR_DEVICE void write(Warp, const Tiles& tiles, const WarpPixels& pixels,
                             const typename Warp::Float& transmittance,
                             const typename Warp::Float* sums) const {
        using F = typename Warp::Float;
        const int64_t area = static_cast<int64_t>(in.height) * in.width;
        // Pairs were left out: no number is better than a wrong one.
        const F spoilt = *state.pair_count > static_cast<uint64_t>(capacity) ? ::nanf("") : 0.0f;
        const auto store = [&](float* plane, const F& x) {
            Warp::each_lane(x + spoilt, [&](int lane, float value) {
                const int64_t pixel = pixels.pixel(tiles, lane);
                if (pixel >= 0) plane[pixel] = value;
            });
        };
        if (kFirst) store(out.transmittance, transmittance);
        for (int i = 0; i < kGroup && channel + i <= in.channels(); ++i) {
            if (channel + i == in.channels()) {
                store(out.depths, sums[i]);
            } else {
                const F background = in.background[channel + i];
                store(out.picture + (channel + i) * area, fma(transmittance, background, sums[i]));
            }
        }
    }
};

inline int bits_for(int64_t tiles) {
    int bits = 1;
    while ((int64_t{1} << bits) <= tiles) ++bits;
    return bits;
}

// Draw, with room for `capacity` pairs of a splat and a tile.
template <typename Machine>
void draw_splats(Machine& machine, const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
                 const GpuSplatState& state, const GpuSplatScratch& scratch, int64_t capacity) {
    const Tiles tiles(in);
    const int padded = padded_channels(in.channels());
    machine.fill(state.pair_count, 0, sizeof(uint64_t));
    machine.fill(state.tile_begin, 0, tiles.count() * sizeof(uint32_t));
    machine.fill(state.tile_end, 0, tiles.count() * sizeof(uint32_t));
    machine.fill(scratch.tile_keys, 0xff, capacity * sizeof(uint32_t));
    machine.each(in.splats, ProjectSplat{in, state, scratch, out.radii, padded});
    machine.sort(scratch.depth_keys, scratch.splat_of, scratch.sorted_keys, scratch.order,
                 in.splats, 32, scratch.sorting, scratch.sorting_size);
    machine.each(in.splats, CountBoxes{state, scratch});
    machine.scan(scratch.box_counts, scratch.box_begins, in.splats, scratch.sorting,
                 scratch.sorting_size);
    machine.each(in.splats * kEmitters, EmitPairs{in, state, scratch, capacity});
    machine.sort(scratch.tile_keys, scratch.pair_of, scratch.sorted_tiles, scratch.sorted_pairs,
                 capacity, bits_for(tiles.count()), scratch.sorting, scratch.sorting_size);
    machine.each(capacity, ListPairs{state, scratch, tiles.count(), capacity});
    machine.fill(state.list_shown, 0, capacity * sizeof(uint32_t));
    const int64_t warps = tiles.count() * kWarpsOfTile;
    if (padded == 4) {
        machine.each_warp(warps, BlendPixels<4, true>{in, out, state, capacity, padded, 0});
    } else {
        machine.each_warp(warps, BlendPixels<kFused, true>{in, out, state, capacity, padded, 0});
    }
    for (int channel = kFused; channel < padded; channel += kFused) {
        machine.each_warp(warps,
                          BlendPixels<kFused, false>{in, out, state, capacity, padded, channel});
    }
}

}  // namespace avatar::AVATAR_ISA
