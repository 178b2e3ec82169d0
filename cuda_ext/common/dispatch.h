// The kernels of every op, once per instruction set and once for GPUs, and which of them run.
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
    ImageLoss image_loss;
    Antialias antialias;
    AntialiasBackward antialias_backward;
    Skin skin;
    SkinBackward skin_backward;
    RasterizeSplats rasterize_splats;
    RasterizeSplatsBackward rasterize_splats_backward;
};

#define AVATAR_DECLARE_SPLATS                                                               \
    SplatStatus rasterize_splats(const RasterizeSplatsInput&, const RasterizeSplatsOutput&, \
                                 const Allocator&);                                         \
    SplatStatus rasterize_splats_backward(const RasterizeSplatsInput&,                      \
                                          const RasterizeSplatsGradientInput&,              \
                                          const RasterizeSplatsGradients&);

// SPLATS and SPLATS_BACKWARD are the splat rasteriser's, or null.
#define AVATAR_DECLARE_KERNELS(ISA, SPLATS, SPLATS_BACKWARD)                                      \
    namespace ISA {                                                                               \
    void rasterize_mesh(const RasterizeMeshInput&, const RasterizeMeshOutput&);                   \
    void perspective_barycentrics(const RasterizeMeshInput&, const int64_t*, float*, float*);     \
    void perspective_barycentrics_backward(const RasterizeMeshInput&, const int64_t*,             \
                                           const float*, const float*, float*, float*);           \
    bool interpolate(const InterpolateInput&, float*);                                            \
    void interpolate_backward(const InterpolateInput&, const float*, float*, float*);             \
    void sample_texture(const SampleTextureInput&, float*);                                       \
    void sample_texture_backward(const SampleTextureInput&, const float*, float*, float* const*); \
    void image_loss(const ImageLossInput&, float*, float*);                                       \
    bool antialias(const AntialiasInput&, float*, const Allocator&);                              \
    void antialias_backward(const AntialiasInput&, const void*, int64_t, const float*, float*,    \
                            float*);                                                              \
    void skin(const SkinInput&, float*);                                                          \
    void skin_backward(const SkinInput&, const float*, const SkinGradients&);                     \
    AVATAR_DECLARE_SPLATS                                                                         \
    inline constexpr Kernels kernels{#ISA,                                                        \
                                     rasterize_mesh,                                              \
                                     perspective_barycentrics,                                    \
                                     perspective_barycentrics_backward,                           \
                                     interpolate,                                                 \
                                     interpolate_backward,                                        \
                                     sample_texture,                                              \
                                     sample_texture_backward,                                     \
                                     image_loss,                                                  \
                                     antialias,                                                   \
                                     antialias_backward,                                          \
                                     skin,                                                        \
                                     skin_backward,                                               \
                                     SPLATS,                                                      \
                                     SPLATS_BACKWARD};                                            \
    }

AVATAR_DECLARE_KERNELS(baseline, rasterize_splats, rasterize_splats_backward)
#ifdef AVATAR_X86_DISPATCH
AVATAR_DECLARE_KERNELS(avx2, rasterize_splats, rasterize_splats_backward)
AVATAR_DECLARE_KERNELS(avx512, rasterize_splats, rasterize_splats_backward)
#endif
#ifdef AVATAR_EMULATED_GPU  // the GPU's kernels on the CPU, for tests
AVATAR_DECLARE_KERNELS(emulated_gpu, rasterize_splats, rasterize_splats_backward)
#endif
#ifdef AVATAR_WITH_CUDA  // its splats have an interface of their own, which never waits
AVATAR_DECLARE_KERNELS(gpu, nullptr, nullptr)
#endif

}  // namespace avatar
