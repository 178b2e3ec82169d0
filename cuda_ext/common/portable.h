// Words for maths that the CPU's kernels and the GPU's share.
#pragma once

#ifdef __CUDACC__
#define AVATAR_INLINE __host__ __device__ __forceinline__
#define AVATAR_DEVICE __device__ __forceinline__  // runs on the GPU only
#elif defined(_MSC_VER)
#define AVATAR_INLINE inline __forceinline
#define AVATAR_DEVICE inline
#else
#define AVATAR_INLINE inline __attribute__((always_inline))
#define AVATAR_DEVICE inline
#endif

namespace avatar::AVATAR_ISA {

template <typename T>
AVATAR_INLINE constexpr T min(T a, T b) {
    return a < b ? a : b;
}

template <typename T>
AVATAR_INLINE constexpr T max(T a, T b) {
    return a > b ? a : b;
}

}  // namespace avatar::AVATAR_ISA
