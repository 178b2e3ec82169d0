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

struct Pair {
    uint32_t tile;
    uint32_t splat;
    uint16_t blocks;
};

// The pairs of every run of splats, by splat; `first` has room for one more.
class FoundPairs {
  public:
    FoundPairs(const VisibleSplats& visible, int64_t given, int64_t count, const Tiles& tiles,
               int runs, const int64_t* touched)
        : runs_(runs),
          tiles_(tiles),
          begins_(runs + 1),
          ends_(runs),
          sizes_(given + 1),
          counts_(tiles.count() * runs),
          pairs_(add_up(touched)) {
        std::memset(sizes_.data(), 0, (given + 1) * sizeof(uint32_t));
        std::memset(counts_.data(), 0, tiles.count() * runs * sizeof(uint32_t));
#pragma omp parallel for num_threads(runs) schedule(static, 1)
        for (int run = 0; run < runs; ++run) {
            int64_t next = begins_[run];
            for (int64_t i = count * run / runs; i < count * (run + 1) / runs; ++i) {
                const int64_t begin = next;
                next = append(visible.splats[i], static_cast<uint32_t>(i), run, next);
                sizes_[visible.splats[i].index] = static_cast<uint32_t>(next - begin);
            }
            ends_[run] = next;
        }
        for (int run = 0; run < runs; ++run) total_ += ends_[run] - begins_[run];
    }

    int64_t total() const { return total_; }

    // Write them out by tile, in depth order within each. Slots go by the splats in the order
    // given, so that the backward pass reads them one after the other.
    void distribute(Pairs& out, const VisibleSplats& visible, int64_t given, int64_t count) {
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
            int64_t i = begins_[run];
            for (int64_t splat = count * run / runs_; splat < count * (run + 1) / runs_; ++splat) {
                uint32_t next_slot = out.slot_begin[visible.splats[splat].index];
                for (; i < ends_[run] && pairs_[i].splat == splat; ++i) {
                    const Pair& pair = pairs_[i];
                    const uint32_t to = counts_[run * tiles_.count() + pair.tile]++;
                    out.splat[to] = pair.splat;
                    out.blocks[to] = pair.blocks;
                    out.slot[to] = next_slot++;
                }
            }
        }
    }

  private:
    int64_t add_up(const int64_t* touched) {
        int64_t total = 0;
        for (int run = 0; run < runs_; ++run) {
            begins_[run] = total;
            total += touched[run];
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
    Buffer<Pair> pairs_;
    int64_t total_ = 0;
};

}  // namespace avatar::AVATAR_ISA
