// For members of interfaces that the GPU's kernels use too.
#pragma once

#ifdef __CUDACC__
#define AVATAR_HOST_DEVICE __host__ __device__
#else
#define AVATAR_HOST_DEVICE
#endif
