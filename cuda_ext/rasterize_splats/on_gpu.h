// The splat rasteriser's interface on a GPU. All addresses are of its memory, the caller's; nothing
// waits for it. Functions return null, or what went wrong.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rasterize_splats/rasterize_splats.h"

namespace avatar {

// Bytes needed where at most `capacity` pairs of a splat and a tile's box are drawn.
struct GpuSplatSizes {
    std::size_t state;             // kept from the forward pass to the backward pass
    std::size_t forward_scratch;   //
    std::size_t backward_scratch;  //
    std::size_t sorting;           // part of the forward scratch
};
GpuSplatSizes gpu_splat_sizes(const RasterizeSplatsInput& in, int64_t capacity);

// The state begins with the number of pairs (64 bits): beyond the capacity they were left out, and
// the picture is all NaN.
const char* rasterize_splats_on_gpu(const RasterizeSplatsInput& in,
                                    const RasterizeSplatsOutput& out, void* state, void* scratch,
                                    int64_t capacity, void* stream);

// `from.visible` and `from.pairs` are not used. A null camera gradient is left out.
const char* rasterize_splats_backward_on_gpu(const RasterizeSplatsInput& in,
                                             const RasterizeSplatsGradientInput& from,
                                             const RasterizeSplatsGradients& out, void* state,
                                             void* scratch, int64_t capacity, void* stream);

}  // namespace avatar
