#include "common/bind.h"
#include "common/instruction_sets.h"

namespace nb = nanobind;

namespace avatar {
namespace {

void rasterize_mesh(uintptr_t pixels, uintptr_t depths, uintptr_t faces, int64_t face_count,
                    int height, int width, bool cull_back, float near, int threads,
                    uintptr_t out_triangles, uintptr_t out_barycentrics, uintptr_t out_depths) {
    const RasterizeMeshInput in{pointer<const float>(pixels),
                                pointer<const float>(depths),
                                pointer<const int64_t>(faces),
                                face_count,
                                height,
                                width,
                                cull_back,
                                near,
                                threads};
    const RasterizeMeshOutput out{pointer<int64_t>(out_triangles), pointer<float>(out_barycentrics),
                                  pointer<float>(out_depths)};
    nb::gil_scoped_release unlocked;
    active_kernels().rasterize_mesh(in, out);
}

}  // namespace

void bind_rasterize_mesh(nb::module_& module) {
    module.def("rasterize_mesh", &rasterize_mesh, nb::arg("pixels"), nb::arg("depths"),
               nb::arg("faces"), nb::arg("face_count"), nb::arg("height"), nb::arg("width"),
               nb::arg("cull_back"), nb::arg("near"), nb::arg("threads"), nb::arg("out_triangles"),
               nb::arg("out_barycentrics"), nb::arg("out_depths"));
}

}  // namespace avatar
