// The GPU that kernels are launched on. Nothing here waits for it: all of it can be captured in a
// CUDA graph.
#pragma once

#include <cstdint>
#include <new>
#include <stdexcept>

#include "common/place.h"
#include "common/portable.h"
#include "common/scalar.h"

namespace avatar::AVATAR_ISA {

constexpr int kBlockThreads = 128;
constexpr uint32_t kAllLanes = 0xffffffffu;

// Add, where others add too.
AVATAR_DEVICE void add_to(float* sum, float x) {
    atomicAdd(sum, x);
}
AVATAR_DEVICE void add_to(double* sum, double x) {
    atomicAdd(sum, x);
}
AVATAR_DEVICE void or_into(uint32_t* bits, uint32_t more) {
    atomicOr(bits, more);
}
AVATAR_DEVICE void max_into(uint64_t* most, uint64_t x) {
    atomicMax(reinterpret_cast<unsigned long long*>(most), static_cast<unsigned long long>(x));
}
AVATAR_DEVICE void min_into(uint64_t* least, uint64_t x) {
    atomicMin(reinterpret_cast<unsigned long long*>(least), static_cast<unsigned long long>(x));
}
AVATAR_DEVICE void min_into(uint32_t* least, uint32_t x) {
    atomicMin(least, x);
}
// Add one; returns what was there.
AVATAR_DEVICE uint32_t count_up(uint32_t* count) {
    return atomicAdd(count, 1u);
}

// Thirty-two threads in step. A value of all lanes is a float: each thread holds its own.
struct GpuWarp {
    using Float = float;
    using Mask = bool;

    static AVATAR_DEVICE int lane() { return threadIdx.x & 31; }

    static AVATAR_DEVICE uint32_t ballot(Mask mask) { return __ballot_sync(kAllLanes, mask); }

    template <typename Test>
    static AVATAR_DEVICE uint32_t ballot_of(Test test) {
        return __ballot_sync(kAllLanes, test(lane()));
    }

    template <typename Function>
    static AVATAR_DEVICE Float lanes(Function function) {
        return function(lane());
    }
    template <typename Function>
    static AVATAR_DEVICE void each_lane(Float x, Function function) {
        function(lane(), x);
    }

    template <typename Function>
    static AVATAR_DEVICE void once(Function function) {
        if (lane() == 0) function();
    }

    // kCount floats of every lane: function(lane, floats) writes them.
    template <int kCount, typename Function>
    static AVATAR_DEVICE void many(Float* values, Function function) {
        function(lane(), values);
    }

    // The value in some lanes, 0 in the others.
    static AVATAR_DEVICE Float only(uint32_t lanes, Float x) {
        return lanes >> lane() & 1 ? x : 0.0f;
    }

    // Call function(i) for every i below count, spread over the lanes.
    template <typename Function>
    static AVATAR_DEVICE void share(int64_t count, Function function) {
        for (int64_t i = lane(); i < count; i += 32) function(i);
    }

    // Add the lanes of each of kCount values to sums[i], where other warps add too.
    template <int kCount>
    static AVATAR_DEVICE void add_sums(const Float* values, float* sums) {
        add_sums_to<kCount>(values, [&](int i) { return sums + i; });
    }
    // The same with place(i) for sums + i; null leaves a sum out. Halves of the warp swap halves of
    // the values, until every other lane holds one sum.
    template <int kCount, typename Place>
    static AVATAR_DEVICE void add_sums_to(const Float* values, Place place_of) {
        static_assert(kCount <= 16);
        float held[16];
#pragma unroll
        for (int i = 0; i < 16; ++i) held[i] = i < kCount ? values[i] : 0.0f;
        swap_halves<8>(held);
        swap_halves<4>(held);
        swap_halves<2>(held);
        swap_halves<1>(held);
        const float sum = held[0] + __shfl_xor_sync(kAllLanes, held[0], 1);
        const int place = lane() >> 1;
        if (lane() & 1 || place >= kCount) return;
        if (float* to = place_of(place)) atomicAdd(to, sum);
    }

  private:
    template <int kHalf>
    static AVATAR_DEVICE void swap_halves(float* held) {
        const bool upper = lane() & (2 * kHalf);
#pragma unroll
        for (int i = 0; i < kHalf; ++i) {
            const float kept = upper ? held[i + kHalf] : held[i];
            const float given = upper ? held[i] : held[i + kHalf];
            held[i] = kept + __shfl_xor_sync(kAllLanes, given, 2 * kHalf);
        }
    }
};

template <typename Kernel>
__global__ void run_each(int64_t count, Kernel kernel) {
    const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
    int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    for (; i < count; i += stride) kernel(i);
}

template <typename Kernel>
__global__ void __launch_bounds__(kBlockThreads) run_each_warp(int64_t count, Kernel kernel) {
    const int64_t stride = static_cast<int64_t>(gridDim.x) * (blockDim.x / 32);
    int64_t i = static_cast<int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
    for (; i < count; i += stride) kernel(GpuWarp(), i);
}

class Gpu {
  public:
    explicit Gpu(cudaStream_t stream) : stream_(stream), scratch_{} {}
    explicit Gpu(const Place& place)
        : stream_(static_cast<cudaStream_t>(place.stream)), scratch_(place.scratch) {}

    // Scratch memory that lasts until what is launched here has run.
    template <typename T>
    T* take(int64_t count) {
        void* memory = scratch_.allocate(scratch_.context, count * sizeof(T) + 1);
        if (!memory) throw std::bad_alloc();
        return static_cast<T*>(memory);
    }

    // Call kernel(i) for every i, in no order.
    template <typename Kernel>
    void each(int64_t count, const Kernel& kernel) {
        if (count <= 0) return;
        run_each<<<blocks(count, kBlockThreads), kBlockThreads, 0, stream_>>>(count, kernel);
        note(cudaPeekAtLastError());
    }
    // Call kernel(warp, i) for every i with a warp each.
    template <typename Kernel>
    void each_warp(int64_t count, const Kernel& kernel) {
        if (count <= 0) return;
        run_each_warp<<<blocks(count, kBlockThreads / 32), kBlockThreads, 0, stream_>>>(count,
                                                                                        kernel);
        note(cudaPeekAtLastError());
    }
    void fill(void* memory, int byte, std::size_t size) {
        if (size) note(cudaMemsetAsync(memory, byte, size, stream_));
    }
    // Sort by the lowest `bits` of the keys, stably; what is not `sorted_…` may be overwritten.
    // This and the next two are in gpu_sort.h.
    template <typename Key>
    void sort(Key* keys, uint32_t* values, Key* sorted_keys, uint32_t* sorted_values, int64_t count,
              int bits, void* scratch, std::size_t scratch_size);
    // Sums of all counts before each.
    template <typename Count>
    void scan(const Count* counts, uint64_t* sums, int64_t count, void* scratch,
              std::size_t scratch_size);
    // What `sort` and `scan` of at most `count` need.
    template <typename Key = uint32_t>
    static std::size_t scratch_size(int64_t count);

    // The first thing that went wrong.
    cudaError_t error() const { return error_; }
    void check() const {
        if (error_ != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error_));
    }

  private:
    static unsigned blocks(int64_t count, int each) {
        const int64_t wanted = (count + each - 1) / each;
        return static_cast<unsigned>(wanted < (1 << 20) ? wanted : 1 << 20);
    }
    void note(cudaError_t error) {
        if (error_ == cudaSuccess) error_ = error;
    }

    cudaStream_t stream_;
    Allocator scratch_;
    cudaError_t error_ = cudaSuccess;
};

}  // namespace avatar::AVATAR_ISA
