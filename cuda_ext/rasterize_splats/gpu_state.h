// The splat rasteriser's memory on a GPU: of known size before anything runs, so that nothing waits
// for a count. Pairs of a splat and a tile beyond the capacity are not drawn; `pair_count` tells.
#pragma once

#include <cstdint>

#include "common/carver.h"
#include "common/group.h"
#include "rasterize_splats/splat.h"

namespace avatar::AVATAR_ISA {

constexpr int kWarpsOfTile = 8;  // each of 8 x 4 pixels: two blocks of 4 x 4
constexpr int kWarpWidth = 8;
constexpr int kWarpHeight = 4;
constexpr int kEmitters = 8;     // threads that look for the tiles of one splat
constexpr int kCameraSums = 19;  // sixteen values of the camera, three of its position

constexpr std::size_t kGpuAlignment = 256;

// What the backward pass reads.
struct GpuSplatState {
    uint64_t* pair_count;   // of boxes: more than the capacity if some were not drawn
    Splat* splats;          // in the order given
    float* features;        // of each, padded
    uint64_t* slot_begin;   // of each: the first of its pairs' slots
    uint32_t* slot_count;   //
    uint32_t* tile_begin;   // of each tile: its places in the lists
    uint32_t* tile_end;     //
    uint32_t* list_splat;   // by tile and depth
    uint32_t* list_slot;    //
    uint32_t* list_blocks;  // bits of the blocks where it may show
    uint32_t* list_shown;   // and of those where it does

    std::size_t lay_out(void* memory, int64_t given, int64_t tiles, int64_t capacity, int padded) {
        Carver pieces(memory, kGpuAlignment);
        pair_count = pieces.take<uint64_t>(1);
        splats = pieces.take<Splat>(given);
        features = pieces.take<float>(given * padded);
        slot_begin = pieces.take<uint64_t>(given);
        slot_count = pieces.take<uint32_t>(given);
        tile_begin = pieces.take<uint32_t>(tiles);
        tile_end = pieces.take<uint32_t>(tiles);
        list_splat = pieces.take<uint32_t>(capacity);
        list_slot = pieces.take<uint32_t>(capacity);
        list_blocks = pieces.take<uint32_t>(capacity);
        list_shown = pieces.take<uint32_t>(capacity);
        return pieces.used();
    }
};

// What only the forward pass needs.
struct GpuSplatScratch {
    uint32_t *depth_keys, *splat_of, *sorted_keys, *order;        // splats
    uint32_t* box_counts;                                         // splats, by depth
    uint64_t* box_begins;                                         //
    uint32_t *tile_keys, *pair_of, *sorted_tiles, *sorted_pairs;  // pairs
    uint32_t *pair_splat, *pair_blocks;                           //
    void* sorting;
    std::size_t sorting_size;

    std::size_t lay_out(void* memory, int64_t given, int64_t capacity, std::size_t for_sorting) {
        Carver pieces(memory, kGpuAlignment);
        for (uint32_t** piece : {&depth_keys, &splat_of, &sorted_keys, &order, &box_counts}) {
            *piece = pieces.take<uint32_t>(given);
        }
        box_begins = pieces.take<uint64_t>(given);
        for (uint32_t** piece :
             {&tile_keys, &pair_of, &sorted_tiles, &sorted_pairs, &pair_splat, &pair_blocks}) {
            *piece = pieces.take<uint32_t>(capacity);
        }
        sorting_size = for_sorting;
        sorting = pieces.take<char>(static_cast<int64_t>(for_sorting));
        return pieces.used();
    }
};

// log2 of a splat's alpha at the pixels of a warp, `x` and `y` from its centre.
template <typename F>
AVATAR_DEVICE F log2_alpha(const Splat& s, const F& x, const F& y) {
    return fma(x, fma(F(s.a), x, y * F(s.b)), fma(y * F(s.c), y, F(s.log2_opacity)));
}

// Where a warp's pixels are, and which blocks of its tile.
struct WarpPixels {
    int64_t tile;
    int left, top;
    uint32_t blocks;

    AVATAR_INLINE WarpPixels(const Tiles& tiles, int64_t index) {
        tile = index / kWarpsOfTile;
        const int within = static_cast<int>(index % kWarpsOfTile);
        const int column = within % 2, row = within / 2;
        left = tiles.left(tile) + column * kWarpWidth;
        top = tiles.top(tile) + row * kWarpHeight;
        blocks = 3u << (row * 4 + column * 2);
    }
    AVATAR_INLINE int x(int lane) const { return left + lane % kWarpWidth; }
    AVATAR_INLINE int y(int lane) const { return top + lane / kWarpWidth; }
    // A lane's pixel in the picture, or -1.
    AVATAR_INLINE int64_t pixel(const Tiles& tiles, int lane) const {
        return x(lane) < tiles.width && y(lane) < tiles.height
                   ? static_cast<int64_t>(y(lane)) * tiles.width + x(lane)
                   : -1;
    }
    AVATAR_INLINE bool empty(const Tiles& tiles) const {
        return left >= tiles.width || top >= tiles.height;
    }
};

}  // namespace avatar::AVATAR_ISA
