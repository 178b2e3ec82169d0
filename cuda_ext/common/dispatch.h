// The kernels of every op, once per instruction set, and which of them this CPU runs.
#pragma once

#include "rasterize_mesh/rasterize_mesh.h"
#include "rasterize_splats/rasterize_splats.h"

namespace avatar {

struct Kernels {
    const char* instruction_set;
    RasterizeMesh rasterize_mesh;
    RasterizeSplats rasterize_splats;
    RasterizeSplatsBackward rasterize_splats_backward;
};

#define AVATAR_DECLARE_KERNELS(ISA)                                                         \
    namespace ISA {                                                                         \
    void rasterize_mesh(const RasterizeMeshInput&, const RasterizeMeshOutput&);             \
    SplatStatus rasterize_splats(const RasterizeSplatsInput&, const RasterizeSplatsOutput&, \
                                 const Allocator&);                                         \
    SplatStatus rasterize_splats_backward(const RasterizeSplatsInput&,                      \
                                          const RasterizeSplatsGradientInput&,              \
                                          const RasterizeSplatsGradients&);                 \
    inline constexpr Kernels kernels{#ISA, rasterize_mesh, rasterize_splats,                \
                                     rasterize_splats_backward};                            \
    }

AVATAR_DECLARE_KERNELS(baseline)
#ifdef AVATAR_X86_DISPATCH
AVATAR_DECLARE_KERNELS(avx2)
AVATAR_DECLARE_KERNELS(avx512)
#endif

}  // namespace avatar
