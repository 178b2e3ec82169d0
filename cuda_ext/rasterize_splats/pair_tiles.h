// Which splats show in which tile, and in which of its blocks.
#pragma once

#include <cstring>

#include "rasterize_splats/find_visible.h"

namespace avatar::AVATAR_ISA {

alignas(64) constexpr float kBlockX[kLanes] = {0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12};
alignas(64) constexpr float kBlockY[kLanes] = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};

// Return a bit for each block of a tile in which the splat is not fainter than the cut: sixteen
// rectangles at once.
AVATAR_INLINE uint32_t blocks_touched(const Splat& s, float tile_x, float tile_y, float lean_x,
                                      float lean_y) {
    const Wide low_x = load(kBlockX) + (tile_x - s.x), low_y = load(kBlockY) + (tile_y - s.y);
    return bits(most_in_block(s, low_x, low_y, lean_x, lean_y) >= Wide(least_shown(s)));
}

constexpr int kAheadOfPairs = 8;  // splats from prefetch to use

struct Pair {
    uint32_t tile;
    uint32_t splat;
    uint16_t blocks;
};

// The pairs of every run of splats, by depth.
class FoundPairs {
  public:
    // `found` is sorted.
    FoundPairs(const VisibleSplats& visible, const Found& found, int64_t given, const Tiles& tiles,
               int runs)
        : runs_(runs),
          tiles_(tiles),
          begins_(runs + 1),
          ends_(runs),
          sizes_(given + 1),
          counts_(tiles.count() * runs),
          room_(make_room(found)),
          pairs_(room_ > INT32_MAX ? 1 : room_ + 1) {
        if (!fits()) return;
        std::memset(sizes_.data(), 0, (given + 1) * sizeof(uint32_t));
        std::memset(counts_.data(), 0, tiles.count() * runs * sizeof(uint32_t));
#pragma omp parallel for num_threads(runs) schedule(static, 1)
        for (int run = 0; run < runs; ++run) {
            int64_t next = begins_[run];
            const int64_t end = found.count * (run + 1) / runs;
            for (int64_t i = found.count * run / runs; i < end; ++i) {
                if (i + kAheadOfPairs < end) {
                    prefetch(&visible.splats[found.splats[i + kAheadOfPairs]]);
                }
                const uint32_t splat = found.splats[i];
                const int64_t begin = next;
                next = append(visible.splats[splat], splat, run, next);
                sizes_[splat] = static_cast<uint32_t>(next - begin);
            }
            ends_[run] = next;
        }
        for (int run = 0; run < runs; ++run) total_ += ends_[run] - begins_[run];
    }

    // Whether there are few enough to be numbered.
    bool fits() const { return room_ <= INT32_MAX; }
    int64_t total() const { return total_; }

    // Write them out by tile, in depth order within each. Slots go by the splats in the order
    // given, so that the backward pass reads them one after the other.
    void distribute(Pairs& out, int64_t given) {
        uint32_t slot = 0;
        for (int64_t splat = 0; splat <= given; ++splat) {
            out.slot_begin[splat] = slot;
            slot += sizes_[splat];
        }
        uint32_t place = 0;
        for (int64_t tile = 0; tile < tiles_.count(); ++tile) {
            out.tile_begin[tile] = place;
            for (int run = 0; run < runs_; ++run) {
                uint32_t& first = counts_[run * tiles_.count() + tile];
                const uint32_t size = first;
                first = place;
                place += size;
            }
        }
        out.tile_begin[tiles_.count()] = place;
#pragma omp parallel for num_threads(runs_) schedule(static, 1)
        for (int run = 0; run < runs_; ++run) {
            uint32_t* places = &counts_[run * tiles_.count()];
            uint32_t splat = ~0u, next_slot = 0;
            for (int64_t i = begins_[run]; i < ends_[run]; ++i) {
                const Pair& pair = pairs_[i];
                if (pair.splat != splat) {
                    splat = pair.splat;
                    next_slot = out.slot_begin[splat];
                }
                const uint32_t to = places[pair.tile]++;
                out.entries[to] = {splat, next_slot++};
                out.blocks[to] = pair.blocks;
            }
        }
    }

  private:
    // Where each run's pairs begin; returns how many there are at most.
    int64_t make_room(const Found& found) {
        int64_t total = 0;
        for (int run = 0; run < runs_; ++run) {
            begins_[run] = total;
            const int64_t end = found.count * (run + 1) / runs_;
            for (int64_t i = found.count * run / runs_; i < end; ++i) {
                total += found.boxes[found.splats[i]];
            }
        }
        return total;
    }

    int64_t append(const Splat& splat, uint32_t index, int run, int64_t next) {
        const TileBox box = tile_box(splat, tiles_);
        const float lean_x = -0.5f * splat.b / splat.a, lean_y = -0.5f * splat.b / splat.c;
        uint32_t* counts = &counts_[run * tiles_.count()];
        for (int y = box.top; y <= box.bottom; ++y) {
            for (int x = box.left; x <= box.right; ++x) {
                const uint32_t blocks =
                    blocks_touched(splat, static_cast<float>(x * kTile),
                                   static_cast<float>(y * kTile), lean_x, lean_y);
                if (!blocks) continue;
                const uint32_t tile = static_cast<uint32_t>(y) * tiles_.across + x;
                ++counts[tile];
                pairs_[next++] = {tile, index, static_cast<uint16_t>(blocks)};
            }
        }
        return next;
    }

    int runs_;
    const Tiles& tiles_;
    Buffer<int64_t> begins_, ends_;
    Buffer<uint32_t> sizes_;  // of each splat given: how many pairs
    Buffer<uint32_t> counts_;
    int64_t room_;
    Buffer<Pair> pairs_;
    int64_t total_ = 0;
};

}  // namespace avatar::AVATAR_ISA
