#include <array>
#include <stdexcept>

#include "common/bind.h"
#include "common/instruction_sets.h"
#include "rasterize_splats/bind_input.h"

namespace nb = nanobind;

namespace avatar {
namespace {

void check(SplatStatus status) {
    if (status == SplatStatus::kTooManyPairs) {
        throw std::length_error("too many pairs of a splat and a tile");
    }
    if (status == SplatStatus::kOutOfMemory) throw std::bad_alloc();
}

void rasterize_splats(const SplatAddresses& addresses, int64_t splats, int feature_count,
                      int harmonic_count, const CameraValues& camera, std::array<int, 2> size,
                      std::array<float, 2> near_and_blur, bool antialiased, int threads,
                      std::array<uintptr_t, 4> outputs, nb::callable allocate) {
    const RasterizeSplatsInput in = splats_input(addresses, splats, feature_count, harmonic_count,
                                                 camera, size, near_and_blur, antialiased, threads);
    const RasterizeSplatsOutput out{pointer<float>(outputs[0]), pointer<float>(outputs[1]),
                                    pointer<float>(outputs[2]), pointer<int32_t>(outputs[3])};
    SplatStatus status;
    {
        nb::gil_scoped_release unlocked;
        status = active_kernels().rasterize_splats(in, out, {allocate_in_python, &allocate});
    }
    check(status);
}

void rasterize_splats_backward(const SplatAddresses& addresses, int64_t splats, int feature_count,
                               int harmonic_count, const CameraValues& camera,
                               std::array<int, 2> size, std::array<float, 2> near_and_blur,
                               bool antialiased, int threads, std::array<uintptr_t, 8> given,
                               std::array<uintptr_t, 8> outputs) {
    const RasterizeSplatsInput in = splats_input(addresses, splats, feature_count, harmonic_count,
                                                 camera, size, near_and_blur, antialiased, threads);
    const RasterizeSplatsGradientInput from{
        pointer<const void>(given[0]),  pointer<const void>(given[1]),
        pointer<const float>(given[2]), pointer<const float>(given[3]),
        pointer<const float>(given[4]), pointer<const float>(given[5]),
        pointer<const float>(given[6]), pointer<const float>(given[7])};
    const RasterizeSplatsGradients out{pointer<float>(outputs[0]), pointer<float>(outputs[1]),
                                       pointer<float>(outputs[2]), pointer<float>(outputs[3]),
                                       pointer<float>(outputs[4]), pointer<float>(outputs[5]),
                                       pointer<float>(outputs[6]), pointer<float>(outputs[7])};
    SplatStatus status;
    {
        nb::gil_scoped_release unlocked;
        status = active_kernels().rasterize_splats_backward(in, from, out);
    }
    check(status);
}

}  // namespace

void bind_rasterize_splats(nb::module_& module) {
    module.def("rasterize_splats", &rasterize_splats, nb::arg("addresses"), nb::arg("splats"),
               nb::arg("feature_count"), nb::arg("harmonic_count"), nb::arg("camera"),
               nb::arg("size"), nb::arg("near_and_blur"), nb::arg("antialiased"),
               nb::arg("threads"), nb::arg("outputs"), nb::arg("allocate"));
    module.def("rasterize_splats_backward", &rasterize_splats_backward, nb::arg("addresses"),
               nb::arg("splats"), nb::arg("feature_count"), nb::arg("harmonic_count"),
               nb::arg("camera"), nb::arg("size"), nb::arg("near_and_blur"), nb::arg("antialiased"),
               nb::arg("threads"), nb::arg("given"), nb::arg("outputs"));
}

}  // namespace avatar
