// The GPU's splat rasteriser on an emulated GPU, behind the interface of the CPU's: every test of
// the op is a test of its kernels. In builds with AVATAR_EMULATED_GPU only.
#include "common/emulated_gpu.h"
#include "rasterize_splats/gpu_backward.h"
#include "rasterize_splats/gpu_forward.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int64_t kFirstCapacity = 64;  // small, so that tests see it grow

// Begins the memory kept for the backward pass.
struct alignas(256) Header {
    int64_t capacity;
};

}  // namespace

SplatStatus rasterize_splats(const RasterizeSplatsInput& in, const RasterizeSplatsOutput& out,
                             const Allocator& allocator) {
    EmulatedGpu gpu;
    const int64_t tiles = Tiles(in).count();
    const int padded = padded_channels(in.channels());
    int64_t capacity = kFirstCapacity;
    for (;;) {
        GpuSplatState state;
        GpuSplatScratch scratch;
        std::vector<char> memory(state.lay_out(nullptr, in.splats, tiles, capacity, padded));
        std::vector<char> more(scratch.lay_out(nullptr, in.splats, capacity, 0));
        state.lay_out(memory.data(), in.splats, tiles, capacity, padded);
        scratch.lay_out(more.data(), in.splats, capacity, 0);
        draw_splats(gpu, in, out, state, scratch, capacity);
        const uint64_t pairs = *state.pair_count;
        if (pairs > INT32_MAX) return SplatStatus::kTooManyPairs;
        if (pairs > static_cast<uint64_t>(capacity)) {
            capacity = static_cast<int64_t>(pairs);
            continue;
        }
        char* kept = static_cast<char*>(
            allocator.allocate(allocator.context, sizeof(Header) + memory.size()));
        if (!kept || !allocator.allocate(allocator.context, 0)) return SplatStatus::kOutOfMemory;
        const Header header{capacity};
        std::memcpy(kept, &header, sizeof header);
        std::memcpy(kept + sizeof header, memory.data(), memory.size());
        return SplatStatus::kDone;
    }
}

SplatStatus rasterize_splats_backward(const RasterizeSplatsInput& in,
                                      const RasterizeSplatsGradientInput& from,
                                      const RasterizeSplatsGradients& out) {
    EmulatedGpu gpu;
    const int padded = padded_channels(in.channels());
    Header header;
    std::memcpy(&header, from.visible, sizeof header);
    GpuSplatState state;
    char* kept = static_cast<char*>(const_cast<void*>(from.visible)) + sizeof header;
    state.lay_out(kept, in.splats, Tiles(in).count(), header.capacity, padded);
    GpuGradientScratch scratch;
    std::vector<char> memory(scratch.lay_out(nullptr, in.splats, header.capacity, padded));
    scratch.lay_out(memory.data(), in.splats, header.capacity, padded);
    splat_gradients(gpu, in, from, state, scratch, out, header.capacity);
    return SplatStatus::kDone;
}

}  // namespace avatar::AVATAR_ISA
