// Scratch memory and small words for kernels.
//
// Kernels are compiled once per instruction set. A template of the standard library instantiated
// in several of those objects would be merged by the linker into one copy, built perhaps for a
// CPU this machine is not. So kernels keep to templates in their own namespace, like this one.
#pragma once

#include <cstddef>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "common/portable.h"
#include "common/scratch.h"

#ifdef _MSC_VER
#define AVATAR_NOINLINE __declspec(noinline)
#define AVATAR_RESTRICT __restrict
#else
#define AVATAR_NOINLINE __attribute__((noinline))
#define AVATAR_RESTRICT __restrict__
#endif

namespace avatar::AVATAR_ISA {

// An array of `T` without initial values, aligned to a cache line.
template <typename T>
class Buffer {
  public:
    explicit Buffer(std::size_t size)
        : data_(static_cast<T*>(take_scratch(size * sizeof(T)))), bytes_(size * sizeof(T)) {}
    ~Buffer() { return_scratch(data_, bytes_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    T* data() { return data_; }
    T& operator[](std::size_t index) { return data_[index]; }
    const T& operator[](std::size_t index) const { return data_[index]; }

  private:
    T* data_;
    std::size_t bytes_;
};

// Which thread of the parallel region this is, from 0.
inline int thread_index() {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

// Ask for the cache line at `address` ahead of its use.
template <typename T>
AVATAR_INLINE void prefetch(const T* address) {
#ifndef _MSC_VER
    __builtin_prefetch(address);
#endif
}

template <typename T>
AVATAR_INLINE void prefetch_to_write(const T* address) {
#ifndef _MSC_VER
    __builtin_prefetch(address, 1);
#endif
}

// A number the compiler knows.
template <int kValue>
struct Fixed {
    static constexpr int value = kValue;
};

// A number it does not.
struct Free {
    int value;
};

// Call `run` with the number of channels, known to the compiler where it is a usual one: loops over
// channels are then straight code.
template <typename Run>
AVATAR_INLINE auto with_channels(int channels, const Run& run) {
    switch (channels) {
        case 1:
            return run(Fixed<1>());
        case 2:
            return run(Fixed<2>());
        case 3:
            return run(Fixed<3>());
        case 4:
            return run(Fixed<4>());
        default:
            return run(Free{channels});
    }
}

template <typename T>
constexpr void swap(T& a, T& b) {
    const T old_a = a;
    a = b;
    b = old_a;
}

}  // namespace avatar::AVATAR_ISA
