// What the forward pass finds out about the splats and leaves for the backward pass.
//
// Two pieces of memory without pointers in them: one sized by the splats, one by the pairs
// of a splat and a tile it touches.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/carver.h"
#include "common/kernel.h"
#include "rasterize_splats/splat.h"

namespace avatar::AVATAR_ISA {

struct VisibleSplats {
    Splat* splats;  // in the order given; nothing where one does not show

    std::size_t lay_out(void* memory, int64_t given, int padded) {
        Carver carver(memory);
        splats = carver.take<Splat>(given);
        // Four go along with the splat: whoever needs one needs the other.
        const bool inside = padded == 4;
        stride_ = inside ? sizeof(Splat) / sizeof(float) : padded;
        if (!inside) {
            features_ = carver.take<float>(given * padded);
        } else if (memory) {
            features_ = splats->features;
        }
        return carver.used();
    }
    // What a splat carries, padded.
    float* features(int64_t splat) const { return features_ + splat * stride_; }

  private:
    float* features_ = nullptr;
    int64_t stride_ = 0;
};

// A splat in a tile, and where the backward pass leaves the sums of its pixels there.
struct TileEntry {
    uint32_t splat, slot;
};

struct Pairs {
    int64_t* counts;       // how many visible splats, how many pairs
    uint32_t* slot_begin;  // of each splat given, and one more: the first slot of its pairs
    uint32_t* tile_begin;  // of each tile, and one more: its first place
    uint32_t* tile_end;    // of each tile: where it was opaque, or its last place
    TileEntry* entries;    // by tile and depth
    uint16_t* blocks;      // of each, a bit for each block it shows in

    std::size_t lay_out(void* memory, int64_t given, int64_t tiles, int64_t pairs) {
        Carver carver(memory);
        counts = carver.take<int64_t>(2);
        slot_begin = carver.take<uint32_t>(given + 1);
        tile_begin = carver.take<uint32_t>(tiles + 1);
        tile_end = carver.take<uint32_t>(tiles);
        entries = carver.take<TileEntry>(pairs);
        blocks = carver.take<uint16_t>(pairs);
        return carver.used();
    }
};

}  // namespace avatar::AVATAR_ISA
