// Splats to a picture: project, sort once by depth, pair with tiles, blend front to back.
//
// Within a tile a chunk of splats is gone through by each 4 x 4 pixel block, which takes those
// whose exact ellipse masks name it; its state stays in registers for the whole chunk. The masks,
// cut down to the blocks where a pixel took something, are kept for the backward pass.
#include <cstring>

#include "common/kernel.h"
#include "rasterize_splats/find_visible.h"
#include "rasterize_splats/pair_tiles.h"
#include "rasterize_splats/tile_pixels.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kChunk = 256;
constexpr int kUnchecked = 4;  // pairs of splats between looks at whether a block is opaque
constexpr int kAhead = 32;     // pairs from prefetch to use

// A splat of the chunk in hand, about the tile's corner.
struct alignas(64) Near {
    float x, y, a, b, c, log2_opacity;
    float features[kFused];
};

struct TileInHand {
    alignas(64) float transmittance[kTilePixels];
    alignas(64) float channels[kFused][kTilePixels];
    Near near[kChunk];
    uint32_t shown[kChunk];
    alignas(64) uint16_t blocks[kChunk];  // a bit for each block an entry may show in
};

// log2 of a splat's alpha at the pixels of a block.
AVATAR_INLINE Wide log2_alpha(const Near& s, Wide pixel_x, Wide pixel_y) {
    const Wide x = pixel_x - s.x, y = pixel_y - s.y;
    return fma(x, fma(s.a, x, y * s.b), fma(y * s.c, y, s.log2_opacity));
}

// Blend the chunk's splats into one block; returns whether the block is opaque now.
//
// On the first group of channels splats behind an opaque block are skipped, and `shown` notes
// where each took part; later groups find only those in the masks.
template <int kGroup, bool kFirst>
AVATAR_INLINE bool blend_block(TileInHand& tile, int count, int block) {
    float* transmittance_home = tile.transmittance + block * kLanes;
    Wide transmittance = load(transmittance_home);
    Wide sums[kGroup];
    for (int i = 0; i < kGroup; ++i) sums[i] = load(tile.channels[i] + block * kLanes);
    const Wide pixel_x = load(kPixelX) + static_cast<float>(block_left(block));
    const Wide pixel_y = load(kPixelY) + static_cast<float>(block_top(block));
    const auto take = [&](int entry, Wide alpha, WideMask drawn) {
        const Near& s = tile.near[entry];
        const Wide weight = alpha * transmittance;
        transmittance = transmittance - weight;
        for (int k = 0; k < kGroup; ++k) sums[k] = fma(weight, s.features[k], sums[k]);
        if constexpr (kFirst) {
            tile.shown[entry] |= static_cast<uint32_t>(bits(drawn) != 0) << block;
        }
    };
    bool closed = false;
    for (int base = 0; base < count && !closed; base += 64) {
        uint64_t entries = column_of_bits(tile.blocks + base, block);
        while (entries && !closed) {
            for (int i = 0; i < kUnchecked && entries; ++i) {
                const int first = base + __builtin_ctzll(entries);
                entries &= entries - 1;
                const Wide power = log2_alpha(tile.near[first], pixel_x, pixel_y);
                if (!entries) {
                    const WideMask drawn = power >= Wide(kCut);
                    take(first, select(drawn, exp2(power), Wide(0.0f)), drawn);
                    break;
                }
                const int second = base + __builtin_ctzll(entries);
                entries &= entries - 1;
                const WidePair powers(power, log2_alpha(tile.near[second], pixel_x, pixel_y));
                const auto drawn = powers >= WidePair(kCut);
                const WidePair alphas = select(drawn, exp2(powers), WidePair(0.0f));
                take(first, alphas.low, drawn.low);
                take(second, alphas.high, drawn.high);
            }
            if constexpr (kFirst) closed = !bits(transmittance >= Wide(kOpaque));
        }
    }
    store(transmittance_home, transmittance);
    for (int i = 0; i < kGroup; ++i) store(tile.channels[i] + block * kLanes, sums[i]);
    return closed;
}

// Blend one group of channels of one tile; returns the place where it was opaque, or the last.
template <int kGroup, bool kFirst>
AVATAR_NOINLINE uint32_t blend_tile(const VisibleSplats& visible, const Pairs& pairs, int channel,
                                    int64_t index, int left, int top, uint32_t open,
                                    TileInHand& tile) {
    const uint32_t begin = pairs.tile_begin[index];
    const uint32_t end = kFirst ? pairs.tile_begin[index + 1] : pairs.tile_end[index];
    for (int i = 0; i < kTilePixels; ++i) tile.transmittance[i] = 1;
    std::memset(tile.channels, 0, kGroup * kTilePixels * sizeof(float));
    uint32_t place = begin;
    for (; place < end && open; place += kChunk) {
        const int count = static_cast<int>(min<uint32_t>(kChunk, end - place));
        std::memset(tile.blocks, 0, sizeof tile.blocks);
        std::memcpy(tile.blocks, pairs.blocks + place, count * sizeof(uint16_t));
        for (int i = 0; i < count; ++i) {
            if (place + i + kAhead < end) {
                const int64_t ahead = pairs.entries[place + i + kAhead].splat;
                prefetch(&visible.splats[ahead]);
                prefetch(visible.features(ahead) + channel);
            }
            const int64_t from = pairs.entries[place + i].splat;
            const Splat& splat = visible.splats[from];
            Near& near = tile.near[i];
            std::memcpy(&near, &splat, 6 * sizeof(float));
            near.x -= static_cast<float>(left);
            near.y -= static_cast<float>(top);
            std::memcpy(near.features, visible.features(from) + channel, kGroup * sizeof(float));
            tile.shown[i] = 0;
        }
        for (uint32_t blocks = open; blocks; blocks &= blocks - 1) {
            const int block = __builtin_ctz(blocks);
            if (blend_block<kGroup, kFirst>(tile, count, block)) open &= ~(1u << block);
        }
        if constexpr (kFirst) {
            for (int i = 0; i < count; ++i) {
                pairs.blocks[place + i] = static_cast<uint16_t>(tile.shown[i]);
            }
        }
    }
    return min(place, end);
}

void write_channels(const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
                    const Tiles& tiles, int channel, int group, int left, int top,
                    TileInHand& tile) {
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    for (int i = 0; i < group && channel + i <= in.channels(); ++i) {
        if (channel + i == in.channels()) {
            store_tile(tile.channels[i], left, top, tiles, out.depths);
            break;
        }
        const float background = in.background[channel + i];
        for (int pixel = 0; pixel < kTilePixels; ++pixel) {
            tile.channels[i][pixel] += tile.transmittance[pixel] * background;
        }
        store_tile(tile.channels[i], left, top, tiles, out.picture + (channel + i) * area);
    }
}

// The same for a tile that no splat touches.
void write_background(const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
                      const Tiles& tiles, int left, int top) {
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    const auto fill = [&](float* plane, float value) {
        for (int y = top; y < min(top + kTile, tiles.height); ++y) {
            float* row = plane + static_cast<int64_t>(y) * tiles.width;
            for (int x = left; x < min(left + kTile, tiles.width); ++x) row[x] = value;
        }
    };
    for (int i = 0; i < in.channels(); ++i) fill(out.picture + i * area, in.background[i]);
    fill(out.depths, 0);
    fill(out.transmittance, 1);
}

void draw_tile(const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
               const VisibleSplats& visible, Pairs& pairs, const Tiles& tiles, int padded,
               int64_t index, TileInHand& tile) {
    const int left = tiles.left(index), top = tiles.top(index);
    if (pairs.tile_begin[index] == pairs.tile_begin[index + 1]) {
        pairs.tile_end[index] = pairs.tile_begin[index];
        write_background(in, out, tiles, left, top);
        return;
    }
    const uint32_t open = blocks_in_picture(left, top, tiles);
    if (padded == 4) {
        pairs.tile_end[index] =
            blend_tile<4, true>(visible, pairs, 0, index, left, top, open, tile);
        store_tile(tile.transmittance, left, top, tiles, out.transmittance);
        write_channels(in, out, tiles, 0, 4, left, top, tile);
        return;
    }
    for (int channel = 0; channel < padded; channel += kFused) {
        if (channel == 0) {
            pairs.tile_end[index] =
                blend_tile<kFused, true>(visible, pairs, 0, index, left, top, open, tile);
            store_tile(tile.transmittance, left, top, tiles, out.transmittance);
        } else {
            blend_tile<kFused, false>(visible, pairs, channel, index, left, top, open, tile);
        }
        write_channels(in, out, tiles, channel, kFused, left, top, tile);
    }
}

}  // namespace

SplatStatus rasterize_splats(const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
                             const Allocator& allocator) {
    const Tiles tiles(in);
    const int padded = padded_channels(in.channels());
    VisibleSplats visible;
    void* memory =
        allocator.allocate(allocator.context, visible.lay_out(nullptr, in.splats, padded));
    if (!memory) return SplatStatus::kOutOfMemory;
    visible.lay_out(memory, in.splats, padded);
    Found found((in.splats + kLanes) / kLanes * kLanes);
    find_visible(in, padded, visible, found, out.radii);
    sort_by_key(found.keys.data(), found.splats.data(), found.other_keys.data(),
                found.other_splats.data(), found.count, in.threads);

    FoundPairs pairs_found(visible, found, in.splats, tiles, in.threads);
    if (!pairs_found.fits()) return SplatStatus::kTooManyPairs;
    Pairs pairs;
    memory = allocator.allocate(
        allocator.context, pairs.lay_out(nullptr, in.splats, tiles.count(), pairs_found.total()));
    if (!memory) return SplatStatus::kOutOfMemory;
    pairs.lay_out(memory, in.splats, tiles.count(), pairs_found.total());
    pairs.counts[0] = found.count;
    pairs.counts[1] = pairs_found.total();
    pairs_found.distribute(pairs, in.splats);

#pragma omp parallel for num_threads(in.threads) schedule(dynamic, 4)
    for (int64_t index = 0; index < tiles.count(); ++index) {
        TileInHand tile;
        draw_tile(in, out, visible, pairs, tiles, padded, index, tile);
    }
    return SplatStatus::kDone;
}

}  // namespace avatar::AVATAR_ISA
