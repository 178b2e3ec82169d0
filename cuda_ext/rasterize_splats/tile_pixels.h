// The pixels of a tile, block after block of 4 x 4, and their way to and from the picture.
#pragma once

#include <cstring>

#include "common/wide.h"
#include "rasterize_splats/state.h"

namespace avatar::AVATAR_ISA {

constexpr int kTilePixels = kBlocks * kLanes;

alignas(64) constexpr float kPixelX[kLanes] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
alignas(64) constexpr float kPixelY[kLanes] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};

inline int block_left(int block) {
    return (block & 3) * 4;
}
inline int block_top(int block) {
    return (block >> 2) * 4;
}

// The blocks of a tile that have a pixel in the picture, a bit for each.
inline uint32_t blocks_in_picture(int left, int top, const Tiles& tiles) {
    uint32_t mask = 0;
    for (int block = 0; block < kBlocks; ++block) {
        const bool inside =
            left + block_left(block) < tiles.width && top + block_top(block) < tiles.height;
        mask |= static_cast<uint32_t>(inside) << block;
    }
    return mask;
}

// Call copy(place in the tile, place in the picture, pixels) for each piece of a row in a block.
template <typename Copy>
AVATAR_INLINE void each_piece(int left, int top, const Tiles& tiles, Copy copy) {
    const int rows = min(kTile, tiles.height - top), columns = min(kTile, tiles.width - left);
    for (int y = 0; y < rows; ++y) {
        const int64_t row = static_cast<int64_t>(top + y) * tiles.width + left;
        for (int x = 0; x < columns; x += 4) {
            const int place = ((y >> 2) * 4 + (x >> 2)) * kLanes + (y & 3) * 4;
            copy(place, row + x, min(4, columns - x));
        }
    }
}

// Whether all of a tile's pixels lie in the picture.
inline bool is_whole(int left, int top, const Tiles& tiles) {
    return left + kTile <= tiles.width && top + kTile <= tiles.height;
}

inline void store_tile(const float* tile, int left, int top, const Tiles& tiles, float* picture) {
    if (is_whole(left, top, tiles)) {
        float* to = picture + static_cast<int64_t>(top) * tiles.width + left;
        for (int y = 0; y < kTile; y += 4) {
            transpose_quarters(tile + y * kTile, kLanes, to + static_cast<int64_t>(y) * tiles.width,
                               tiles.width);
        }
        return;
    }
    each_piece(left, top, tiles, [&](int place, int64_t pixel, int count) {
        for (int i = 0; i < count; ++i) picture[pixel + i] = tile[place + i];
    });
}

// Pixels outside the picture are 0; so are all of them where there is no picture.
inline void load_tile(const float* picture, int left, int top, const Tiles& tiles, float* tile) {
    if (picture && is_whole(left, top, tiles)) {
        const float* from = picture + static_cast<int64_t>(top) * tiles.width + left;
        for (int y = 0; y < kTile; y += 4) {
            transpose_quarters(from + static_cast<int64_t>(y) * tiles.width, tiles.width,
                               tile + y * kTile, kLanes);
        }
        return;
    }
    std::memset(tile, 0, kTilePixels * sizeof(float));
    if (!picture) return;
    each_piece(left, top, tiles, [&](int place, int64_t pixel, int count) {
        for (int i = 0; i < count; ++i) tile[place + i] = picture[pixel + i];
    });
}

}  // namespace avatar::AVATAR_ISA
