// What the forward pass finds out about the splats and leaves for the backward pass.
//
// Two pieces of memory without pointers in them: one sized by the visible splats, one by the pairs
// of a splat and a tile it touches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/carver.h"
#include "common/kernel.h"
#include "rasterize_splats/splat.h"

namespace avatar::AVATAR_ISA {

struct VisibleSplats {
    int32_t* rank;    // of every splat given: its place in depth, or -1
    Splat* splats;    // by depth
    float* features;  // of each, padded

    // Lay it out for at most `capacity` visible splats; returns the bytes it takes.
    std::size_t lay_out(void* memory, int64_t given, int64_t capacity, int padded) {
        Carver carver(memory);
        rank = carver.take<int32_t>(given);
        splats = carver.take<Splat>(capacity);
        features = carver.take<float>(capacity * padded);
        return carver.used();
    }
};

struct Pairs {
    int64_t* counts;       // how many visible splats, how many pairs
    uint32_t* slot_begin;  // of each splat given, and one more: the first slot of its pairs
    uint32_t* tile_begin;  // of each tile, and one more: its first place
    uint32_t* tile_end;    // of each tile: where it was opaque, or its last place
    uint32_t* slot;        // by tile and depth: where the backward pass leaves its sums
    uint32_t* splat;       // by tile and depth: the visible splat
    uint16_t* blocks;      // by tile and depth: a bit for each block it shows in

    std::size_t lay_out(void* memory, int64_t given, int64_t tiles, int64_t pairs) {
        Carver carver(memory);
        counts = carver.take<int64_t>(2);
        slot_begin = carver.take<uint32_t>(given + 1);
        tile_begin = carver.take<uint32_t>(tiles + 1);
        tile_end = carver.take<uint32_t>(tiles);
        slot = carver.take<uint32_t>(pairs);
        splat = carver.take<uint32_t>(pairs);
        blocks = carver.take<uint16_t>(pairs);
        return carver.used();
    }
};

}  // namespace avatar::AVATAR_ISA
