// The machine that the GPU's kernels run on: a GPU where nvcc compiles them, else one that the CPU
// plays.
#pragma once

#ifdef __CUDACC__
#include "common/gpu.h"
#else
#include "common/emulated_gpu.h"
#endif

namespace avatar::AVATAR_ISA {

#ifdef __CUDACC__
using Machine = Gpu;
#else
using Machine = EmulatedGpu;
#endif

}  // namespace avatar::AVATAR_ISA
