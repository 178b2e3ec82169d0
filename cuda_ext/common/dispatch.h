// The kernels of every op, once per instruction set, and which of them this CPU runs.
#pragma once

#include "rasterize_mesh/rasterize_mesh.h"

namespace avatar {

struct Kernels {
    const char* instruction_set;
    RasterizeMesh rasterize_mesh;
};

#define AVATAR_DECLARE_KERNELS(ISA)                                             \
    namespace ISA {                                                             \
    void rasterize_mesh(const RasterizeMeshInput&, const RasterizeMeshOutput&); \
    inline constexpr Kernels kernels{#ISA, rasterize_mesh};                     \
    }

AVATAR_DECLARE_KERNELS(baseline)
#ifdef AVATAR_X86_DISPATCH
AVATAR_DECLARE_KERNELS(avx2)
AVATAR_DECLARE_KERNELS(avx512)
#endif

}  // namespace avatar
