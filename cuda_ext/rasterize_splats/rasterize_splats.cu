// The splat rasteriser on the GPU.
#include "common/gpu_sort.h"
#include "rasterize_splats/gpu_backward.h"
#include "rasterize_splats/gpu_forward.h"
#include "rasterize_splats/on_gpu.h"

namespace avatar {

using namespace AVATAR_ISA;

GpuSplatSizes gpu_splat_sizes(const RasterizeSplatsInput& in, int64_t capacity) {
    const int padded = padded_channels(in.channels());
    const std::size_t sorting = Gpu::scratch_size(in.splats > capacity ? in.splats : capacity);
    return {GpuSplatState().lay_out(nullptr, in.splats, Tiles(in).count(), capacity, padded),
            GpuSplatScratch().lay_out(nullptr, in.splats, capacity, sorting),
            GpuGradientScratch().lay_out(nullptr, in.splats, capacity, padded), sorting};
}

const char* rasterize_splats_on_gpu(const RasterizeSplatsInput& in,
                                    const RasterizeSplatsOutput& out, void* state, void* scratch,
                                    int64_t capacity, void* stream) {
    Gpu gpu(static_cast<cudaStream_t>(stream));
    GpuSplatState kept;
    GpuSplatScratch passing;
    kept.lay_out(state, in.splats, Tiles(in).count(), capacity, padded_channels(in.channels()));
    passing.lay_out(scratch, in.splats, capacity, gpu_splat_sizes(in, capacity).sorting);
    draw_splats(gpu, in, out, kept, passing, capacity);
    return gpu.error() == cudaSuccess ? nullptr : cudaGetErrorString(gpu.error());
}

const char* rasterize_splats_backward_on_gpu(const RasterizeSplatsInput& in,
                                             const RasterizeSplatsGradientInput& from,
                                             const RasterizeSplatsGradients& out, void* state,
                                             void* scratch, int64_t capacity, void* stream) {
    Gpu gpu(static_cast<cudaStream_t>(stream));
    const int padded = padded_channels(in.channels());
    GpuSplatState kept;
    GpuGradientScratch passing;
    kept.lay_out(state, in.splats, Tiles(in).count(), capacity, padded);
    passing.lay_out(scratch, in.splats, capacity, padded);
    splat_gradients(gpu, in, from, kept, passing, out, capacity);
    return gpu.error() == cudaSuccess ? nullptr : cudaGetErrorString(gpu.error());
}

}  // namespace avatar
