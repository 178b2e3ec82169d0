// Words for maths that the CPU's kernels and the GPU's share.
#pragma once

#ifdef __CUDACC__
#define AVATAR_INLINE __host__ __device__ __forceinline__
#elif defined(_MSC_VER)
#define AVATAR_INLINE inline __forceinline
#else
#define AVATAR_INLINE inline __attribute__((always_inline))
#endif
