// A GPU played by the CPU: kernels run one index after the other, a warp as thirty-two lanes side
// by side. Slow, but the same code: what the tests find out about it holds for the GPU's kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "common/place.h"
#include "common/portable.h"
#include "common/scalar.h"

namespace avatar::AVATAR_ISA {

// Add, where others add too.
inline void add_to(float* sum, float x) {
    *sum += x;
}
inline void add_to(double* sum, double x) {
    *sum += x;
}
inline void or_into(uint32_t* bits, uint32_t more) {
    *bits |= more;
}
inline void max_into(uint64_t* most, uint64_t x) {
    *most = std::max(*most, x);
}
inline void min_into(uint64_t* least, uint64_t x) {
    *least = std::min(*least, x);
}
inline void min_into(uint32_t* least, uint32_t x) {
    *least = std::min(*least, x);
}
// Add one; returns what was there.
inline uint32_t count_up(uint32_t* count) {
    return (*count)++;
}

struct WarpMask {
    uint32_t bits;
};

// One float of every lane.
struct WarpFloat {
    float lanes[32];
    WarpFloat() = default;
    WarpFloat(float x) { std::fill(lanes, lanes + 32, x); }

    template <typename Function>
    static WarpFloat each(Function function) {
        WarpFloat result;
        for (int lane = 0; lane < 32; ++lane) result.lanes[lane] = function(lane);
        return result;
    }
    friend WarpFloat operator+(const WarpFloat& a, const WarpFloat& b) {
        return each([&](int lane) { return a.lanes[lane] + b.lanes[lane]; });
    }
    friend WarpFloat operator-(const WarpFloat& a, const WarpFloat& b) {
        return each([&](int lane) { return a.lanes[lane] - b.lanes[lane]; });
    }
    friend WarpFloat operator*(const WarpFloat& a, const WarpFloat& b) {
        return each([&](int lane) { return a.lanes[lane] * b.lanes[lane]; });
    }
    friend WarpMask operator>=(const WarpFloat& a, const WarpFloat& b) {
        WarpMask mask{0};
        for (int lane = 0; lane < 32; ++lane) {
            mask.bits |= static_cast<uint32_t>(a.lanes[lane] >= b.lanes[lane]) << lane;
        }
        return mask;
    }
    friend WarpFloat fma(const WarpFloat& a, const WarpFloat& b, const WarpFloat& c) {
        return each([&](int lane) { return ::fmaf(a.lanes[lane], b.lanes[lane], c.lanes[lane]); });
    }
    friend WarpFloat exp2(const WarpFloat& x) {
        return each([&](int lane) { return ::exp2f(x.lanes[lane]); });
    }
    friend WarpFloat reciprocal(const WarpFloat& x) {
        return each([&](int lane) { return 1.0f / x.lanes[lane]; });
    }
    friend WarpFloat select(WarpMask mask, const WarpFloat& yes, const WarpFloat& no) {
        return each(
            [&](int lane) { return mask.bits >> lane & 1 ? yes.lanes[lane] : no.lanes[lane]; });
    }
};

// A warp, with the words of GpuWarp.
struct EmulatedWarp {
    using Float = WarpFloat;
    using Mask = WarpMask;

    static uint32_t ballot(Mask mask) { return mask.bits; }

    // A bit for each lane for which test(lane) holds.
    template <typename Test>
    static uint32_t ballot_of(Test test) {
        uint32_t bits = 0;
        for (int lane = 0; lane < 32; ++lane) bits |= static_cast<uint32_t>(test(lane)) << lane;
        return bits;
    }

    // A float of every lane, and the way back.
    template <typename Function>
    static Float lanes(Function function) {
        return Float::each(function);
    }
    template <typename Function>
    static void each_lane(const Float& x, Function function) {
        for (int lane = 0; lane < 32; ++lane) function(lane, x.lanes[lane]);
    }

    template <typename Function>
    static void once(Function function) {
        function();
    }

    // kCount floats of every lane: function(lane, floats) writes them.
    template <int kCount, typename Function>
    static void many(Float* values, Function function) {
        for (int lane = 0; lane < 32; ++lane) {
            float here[kCount];
            function(lane, here);
            for (int i = 0; i < kCount; ++i) values[i].lanes[lane] = here[i];
        }
    }

    // The value in some lanes, 0 in the others.
    static Float only(uint32_t lanes, const Float& x) {
        return Float::each([&](int lane) { return lanes >> lane & 1 ? x.lanes[lane] : 0.0f; });
    }

    // Call function(i) for every i below count, spread over the lanes.
    template <typename Function>
    static void share(int64_t count, Function function) {
        for (int64_t i = 0; i < count; ++i) function(i);
    }

    // Add the lanes of each of kCount values to sums[i], where other warps add too.
    template <int kCount>
    static void add_sums(const Float* values, float* sums) {
        add_sums_to<kCount>(values, [&](int i) { return sums + i; });
    }
    // The same with place(i) for sums + i; null leaves a sum out.
    template <int kCount, typename Place>
    static void add_sums_to(const Float* values, Place place) {
        for (int i = 0; i < kCount; ++i) {
            float* sum = place(i);
            if (!sum) continue;
            for (float lane : values[i].lanes) *sum += lane;
        }
    }
};

// The machine that kernels are launched on, with the words of Gpu.
class EmulatedGpu {
  public:
    EmulatedGpu() = default;
    explicit EmulatedGpu(const Place&) {}

    // Scratch memory that lasts as long as this.
    template <typename T>
    T* take(int64_t count) {
        const std::size_t size = (count * sizeof(T) + 7) / 8 + 1;
        memory_.push_back(std::make_unique<uint64_t[]>(size));
        // As on a GPU nothing sensible is in it: what is read before it is written shows in tests.
        std::memset(memory_.back().get(), 0xa5, size * sizeof(uint64_t));
        return reinterpret_cast<T*>(memory_.back().get());
    }
    template <typename Kernel>
    void each(int64_t count, const Kernel& kernel) {
        for (int64_t i = 0; i < count; ++i) kernel(i);
    }
    template <typename Kernel>
    void each_warp(int64_t count, const Kernel& kernel) {
        for (int64_t i = 0; i < count; ++i) kernel(EmulatedWarp(), i);
    }
    void fill(void* memory, int byte, std::size_t size) {
        if (size) std::memset(memory, byte, size);
    }

    // Sort by the lowest `bits` of the keys, stably; what is not `sorted_…` may be overwritten.
    void sort(uint32_t* keys, uint32_t* values, uint32_t* sorted_keys, uint32_t* sorted_values,
              int64_t count, int bits, void*, std::size_t) {
        const uint32_t mask = bits >= 32 ? ~0u : (1u << bits) - 1;
        std::vector<uint32_t> order(count);
        for (int64_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(i);
        std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            return (keys[a] & mask) < (keys[b] & mask);
        });
        for (int64_t i = 0; i < count; ++i) {
            sorted_keys[i] = keys[order[i]];
            sorted_values[i] = values[order[i]];
        }
    }
    // Sums of all counts before each.
    void scan(const uint32_t* counts, uint64_t* sums, int64_t count, void*, std::size_t) {
        uint64_t sum = 0;
        for (int64_t i = 0; i < count; ++i) {
            sums[i] = sum;
            sum += counts[i];
        }
    }
    static std::size_t scratch_size(int64_t) { return 0; }
    void check() const {}

  private:
    std::vector<std::unique_ptr<uint64_t[]> > memory_;
};

}  // namespace avatar::AVATAR_ISA
