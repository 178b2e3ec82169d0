// Which splats show, where, and in what order: projection, culling, one sort by depth.
#pragma once

#include <cmath>
#include <cstring>

#include "rasterize_splats/footprint.h"
#include "rasterize_splats/harmonics.h"
#include "rasterize_splats/load_splats.h"
#include "rasterize_splats/state.h"

namespace avatar::AVATAR_ISA {

// Sort the keys of `values` by their bits, stably: least significant digit first, eleven bits a
// time. The sorted values end up in `values`; the rest is scratch of the same size.
inline void sort_by_key(uint32_t* keys, uint32_t* values, uint32_t* other_keys,
                        uint32_t* other_values, int64_t count, int runs) {
    constexpr int kDigits = 2048;
    Buffer<uint32_t> places(static_cast<std::size_t>(runs) * kDigits);
    uint32_t* const home = values;
    for (int shift = 0; shift < 33; shift += 11) {
#pragma omp parallel for num_threads(runs) schedule(static, 1)
        for (int run = 0; run < runs; ++run) {
            uint32_t* mine = &places[static_cast<std::size_t>(run) * kDigits];
            std::memset(mine, 0, kDigits * sizeof(uint32_t));
            for (int64_t i = count * run / runs; i < count * (run + 1) / runs; ++i) {
                ++mine[keys[i] >> shift & (kDigits - 1)];
            }
        }
        uint32_t total = 0;
        for (int digit = 0; digit < kDigits; ++digit) {
            for (int run = 0; run < runs; ++run) {
                uint32_t& place = places[static_cast<std::size_t>(run) * kDigits + digit];
                const uint32_t size = place;
                place = total;
                total += size;
            }
        }
#pragma omp parallel for num_threads(runs) schedule(static, 1)
        for (int run = 0; run < runs; ++run) {
            uint32_t* mine = &places[static_cast<std::size_t>(run) * kDigits];
            for (int64_t i = count * run / runs; i < count * (run + 1) / runs; ++i) {
                const uint32_t place = mine[keys[i] >> shift & (kDigits - 1)]++;
                other_keys[place] = keys[i];
                other_values[place] = values[i];
            }
        }
        swap(keys, other_keys);
        swap(values, other_values);
    }
    if (values != home) std::memcpy(home, values, count * sizeof(uint32_t));
}

// Fill the channels of one splat; returns whether all of them are finite.
inline bool fill_features(const RasterizeSplatsInput& in, int64_t splat, int lane,
                          const float* basis, float depth, int padded, float* to) {
    float check = 0;
    int channel = 0;
    if (in.harmonic_count) {
        float colour[3] = {0.5f, 0.5f, 0.5f};
        const float* harmonics = in.harmonics + splat * in.harmonic_count * 3;
        for (int k = 0; k < in.harmonic_count; ++k) {
            for (int i = 0; i < 3; ++i) {
                colour[i] += basis[k * kLanes + lane] * harmonics[3 * k + i];
            }
        }
        for (int i = 0; i < 3; ++i) {
            check += colour[i] * 0.0f;
            to[channel++] = max(colour[i], 0.0f);
        }
    }
    const float* features = in.features + splat * in.feature_count;
    for (int i = 0; i < in.feature_count; ++i) {
        check += features[i] * 0.0f;
        to[channel++] = features[i];
    }
    to[channel++] = depth;
    while (channel < padded) to[channel++] = 0;
    return check == 0;
}

// Splats that show: depths and who they are, to be sorted, and the tiles their boxes touch.
struct Found {
    Buffer<uint32_t> keys, splats, other_keys, other_splats;
    Buffer<uint32_t> boxes;  // of every splat given that shows
    int64_t count = 0;
    explicit Found(int64_t capacity)
        : keys(capacity),
          splats(capacity),
          other_keys(capacity),
          other_splats(capacity),
          boxes(capacity) {}
};

// Project sixteen splats and append those that show at `*next`.
inline void find_sixteen(const RasterizeSplatsInput& in, const SplatCamera& camera,
                         const float* position, int64_t first, int padded,
                         const VisibleSplats& visible, Found& found, int64_t* next,
                         int32_t* radii) {
    const SplatLanes lanes = load_splats(in, first);
    Projection<Wide> p = project(camera, lanes.mean, lanes.rotation, lanes.scale);
    if (in.offsets) {
        Wide offset[2];
        load_lanes(in.offsets, first, in.splats, 2, offset);
        p.x = p.x + offset[0];
        p.y = p.y + offset[1];
    }
    const Footprint<Wide> f = footprint(p, p.x, p.y, lanes.opacity, in.antialiased);
    const int64_t left = in.splats - first;
    uint32_t mask = bits(shows(f, in.width, in.height, in.near)) &
                    (left >= kLanes ? 0xffffu : (1u << left) - 1);
    for (int lane = 0; lane < kLanes && lane < left; ++lane) radii[first + lane] = 0;
    if (!mask) return;

    alignas(64) float basis[kMostHarmonics * kLanes];
    if (in.harmonic_count) {
        Wide direction[3], values[kMostHarmonics];
        view_direction(lanes, position, direction);
        harmonic_basis(in.harmonic_count, direction[0], direction[1], direction[2], values);
        const int count = min(in.harmonic_count, kMostHarmonics);
        for (int k = 0; k < count; ++k) store(basis + k * kLanes, values[k]);
    }
    const Tiles tiles(in);
    alignas(64) float fields[8][kLanes], depths[kLanes];
    const Wide conic[8] = {f.x, f.y, f.a, f.b, f.c, f.log2_opacity, f.extent_x, f.extent_y};
    for (int i = 0; i < 8; ++i) store(fields[i], conic[i]);
    store(depths, f.depth);
    for (; mask; mask &= mask - 1) {
        const int lane = __builtin_ctz(mask);
        const int64_t index = first + lane;
        Splat& splat = visible.splats[index];
        splat = {fields[0][lane],
                 fields[1][lane],
                 fields[2][lane],
                 fields[3][lane],
                 fields[4][lane],
                 fields[5][lane],
                 fields[6][lane],
                 fields[7][lane],
                 static_cast<int32_t>(index),
                 {},
                 {}};
        if (!fill_features(in, index, lane, basis, depths[lane], padded, visible.features(index))) {
            continue;
        }
        std::memcpy(&found.keys[*next], &depths[lane], sizeof(float));
        found.splats[*next] = static_cast<uint32_t>(index);
        found.boxes[index] = static_cast<uint32_t>(tile_box(splat, tiles).count());
        radii[first + lane] =
            static_cast<int32_t>(min(1e9f, __builtin_ceilf(max(splat.extent_x, splat.extent_y))));
        ++*next;
    }
}

// Find every splat that shows, in the order given.
inline void find_visible(const RasterizeSplatsInput& in, int padded, const VisibleSplats& visible,
                         Found& found, int32_t* radii) {
    const SplatCamera camera = splat_camera(in);
    float position[3];
    camera_position(in, position);
    const int runs = in.threads;
    const int64_t groups = (in.splats + kLanes - 1) / kLanes;
    Buffer<int64_t> ends(runs);
#pragma omp parallel for num_threads(runs) schedule(static, 1)
    for (int run = 0; run < runs; ++run) {
        int64_t next = groups * run / runs * kLanes;
        for (int64_t group = groups * run / runs; group < groups * (run + 1) / runs; ++group) {
            find_sixteen(in, camera, position, group * kLanes, padded, visible, found, &next,
                         radii);
        }
        ends[run] = next;
    }
    for (int run = 0; run < runs; ++run) {
        const int64_t begin = groups * run / runs * kLanes;
        const int64_t size = ends[run] - begin;
        std::memmove(&found.keys[found.count], &found.keys[begin], size * sizeof(uint32_t));
        std::memmove(&found.splats[found.count], &found.splats[begin], size * sizeof(uint32_t));
        found.count += size;
    }
}

}  // namespace avatar::AVATAR_ISA
