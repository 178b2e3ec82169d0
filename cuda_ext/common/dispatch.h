// The kernels of every op, once per instruction set, and which of them this CPU runs.
#pragma once

#include "antialias/antialias.h"
#include "image_loss/image_loss.h"
#include "interpolate/interpolate.h"
#include "rasterize_mesh/rasterize_mesh.h"
#include "rasterize_splats/rasterize_splats.h"
#include "sample_texture/sample_texture.h"
#include "skin/skin.h"

namespace avatar {

struct Kernels {
    const char* instruction_set;
    RasterizeMesh rasterize_mesh;
    PerspectiveBarycentrics perspective_barycentrics;
    PerspectiveBarycentricsBackward perspective_barycentrics_backward;
    Interpolate interpolate;
    InterpolateBackward interpolate_backward;
    SampleTexture sample_texture;
    SampleTextureBackward sample_texture_backward;
    RasterizeSplats rasterize_splats;
    RasterizeSplatsBackward rasterize_splats_backward;
    ImageLoss image_loss;
    Antialias antialias;
    AntialiasBackward antialias_backward;
    Skin skin;
    SkinBackward skin_backward;
};

#define AVATAR_DECLARE_KERNELS(ISA)                                                               \
    namespace ISA {                                                                               \
    void rasterize_mesh(const RasterizeMeshInput&, const RasterizeMeshOutput&);                   \
    void perspective_barycentrics(const RasterizeMeshInput&, const int64_t*, float*, float*);     \
    void perspective_barycentrics_backward(const RasterizeMeshInput&, int64_t, const int64_t*,    \
                                           const float*, const float*, float*, float*);           \
    bool interpolate(const InterpolateInput&, float*);                                            \
    void interpolate_backward(const InterpolateInput&, const float*, float*, float*);             \
    void sample_texture(const SampleTextureInput&, float*);                                       \
    void sample_texture_backward(const SampleTextureInput&, const float*, float*, float* const*); \
    SplatStatus rasterize_splats(const RasterizeSplatsInput&, const RasterizeSplatsOutput&,       \
                                 const Allocator&);                                               \
    SplatStatus rasterize_splats_backward(const RasterizeSplatsInput&,                            \
                                          const RasterizeSplatsGradientInput&,                    \
                                          const RasterizeSplatsGradients&);                       \
    double image_loss(const ImageLossInput&, float*);                                             \
    bool antialias(const AntialiasInput&, float*, const Allocator&);                              \
    void antialias_backward(const AntialiasInput&, const OutlineCrossing*, int64_t, int64_t,      \
                            const float*, float*, float*);                                        \
    void skin(const SkinInput&, float*);                                                          \
    void skin_backward(const SkinInput&, const float*, const SkinGradients&);                     \
    inline constexpr Kernels kernels{#ISA,                                                        \
                                     rasterize_mesh,                                              \
                                     perspective_barycentrics,                                    \
                                     perspective_barycentrics_backward,                           \
                                     interpolate,                                                 \
                                     interpolate_backward,                                        \
                                     sample_texture,                                              \
                                     sample_texture_backward,                                     \
                                     rasterize_splats,                                            \
                                     rasterize_splats_backward,                                   \
                                     image_loss,                                                  \
                                     antialias,                                                   \
                                     antialias_backward,                                          \
                                     skin,                                                        \
                                     skin_backward};                                              \
    }

AVATAR_DECLARE_KERNELS(baseline)
#ifdef AVATAR_X86_DISPATCH
AVATAR_DECLARE_KERNELS(avx2)
AVATAR_DECLARE_KERNELS(avx512)
#endif

#ifdef AVATAR_EMULATED_GPU
// The GPU's kernels on the CPU, for tests; ops that have none run as on any CPU.
namespace emulated_gpu {
SplatStatus rasterize_splats(const RasterizeSplatsInput&, const RasterizeSplatsOutput&,
                             const Allocator&);
SplatStatus rasterize_splats_backward(const RasterizeSplatsInput&,
                                      const RasterizeSplatsGradientInput&,
                                      const RasterizeSplatsGradients&);
inline constexpr Kernels kernels = [] {
    Kernels all = baseline::kernels;
    all.instruction_set = "emulated_gpu";
    all.rasterize_splats = rasterize_splats;
    all.rasterize_splats_backward = rasterize_splats_backward;
    return all;
}();
}  // namespace emulated_gpu
#endif

}  // namespace avatar
