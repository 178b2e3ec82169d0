#include <nanobind/stl/tuple.h>

#include <stdexcept>
#include <tuple>

#include "rasterize_splats/bind_input.h"
#include "rasterize_splats/on_gpu.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// What Python says of the splats and the picture: addresses, among them the camera's; splats,
// features, harmonics, height, width; near and blur.
RasterizeSplatsInput gpu_input(const SplatAddresses& addresses, uintptr_t camera,
                               const std::array<int64_t, 5>& sizes,
                               std::array<float, 2> near_and_blur, bool antialiased) {
    RasterizeSplatsInput in = splats_input(
        addresses, sizes[0], static_cast<int>(sizes[1]), static_cast<int>(sizes[2]), {},
        {static_cast<int>(sizes[3]), static_cast<int>(sizes[4])}, near_and_blur, antialiased, 1);
    in.camera = pointer<const float>(camera);
    return in;
}

void check(const char* error) {
    if (error) throw std::runtime_error(error);
}

}  // namespace

void bind_rasterize_splats_on_gpu(nb::module_& module) {
    module.def("gpu_splat_sizes", [](const std::array<int64_t, 5>& sizes, int64_t capacity) {
        const GpuSplatSizes bytes = gpu_splat_sizes(gpu_input({}, 0, sizes, {}, false), capacity);
        return std::make_tuple(bytes.state, bytes.forward_scratch, bytes.backward_scratch);
    });
    module.def(
        "rasterize_splats_on_gpu",
        [](const SplatAddresses& addresses, uintptr_t camera, const std::array<int64_t, 5>& sizes,
           std::array<float, 2> near_and_blur, bool antialiased, std::array<uintptr_t, 4> outputs,
           uintptr_t state, uintptr_t scratch, int64_t capacity, uintptr_t stream) {
            const RasterizeSplatsOutput out{pointer<float>(outputs[0]), pointer<float>(outputs[1]),
                                            pointer<float>(outputs[2]),
                                            pointer<int32_t>(outputs[3])};
            check(rasterize_splats_on_gpu(
                gpu_input(addresses, camera, sizes, near_and_blur, antialiased), out,
                pointer<void>(state), pointer<void>(scratch), capacity, pointer<void>(stream)));
        });
    module.def(
        "rasterize_splats_backward_on_gpu",
        [](const SplatAddresses& addresses, uintptr_t camera, const std::array<int64_t, 5>& sizes,
           std::array<float, 2> near_and_blur, bool antialiased, std::array<uintptr_t, 6> given,
           std::array<uintptr_t, 8> outputs, uintptr_t state, uintptr_t scratch, int64_t capacity,
           uintptr_t stream) {
            const RasterizeSplatsGradientInput from{nullptr,
                                                    nullptr,
                                                    pointer<const float>(given[0]),
                                                    pointer<const float>(given[1]),
                                                    pointer<const float>(given[2]),
                                                    pointer<const float>(given[3]),
                                                    pointer<const float>(given[4]),
                                                    pointer<const float>(given[5])};
            const RasterizeSplatsGradients out{
                pointer<float>(outputs[0]), pointer<float>(outputs[1]), pointer<float>(outputs[2]),
                pointer<float>(outputs[3]), pointer<float>(outputs[4]), pointer<float>(outputs[5]),
                pointer<float>(outputs[6]), pointer<float>(outputs[7])};
            check(rasterize_splats_backward_on_gpu(
                gpu_input(addresses, camera, sizes, near_and_blur, antialiased), from, out,
                pointer<void>(state), pointer<void>(scratch), capacity, pointer<void>(stream)));
        });
}

}  // namespace avatar
