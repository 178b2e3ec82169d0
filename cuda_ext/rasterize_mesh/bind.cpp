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

RasterizeMeshInput known_triangles(uintptr_t pixels, uintptr_t depths, uintptr_t faces, int height,
                                   int width, int threads) {
    RasterizeMeshInput in{};
    in.pixels = pointer<const float>(pixels);
    in.depths = pointer<const float>(depths);
    in.faces = pointer<const int64_t>(faces);
    in.height = height;
    in.width = width;
    in.threads = threads;
    return in;
}

void perspective_barycentrics(uintptr_t pixels, uintptr_t depths, uintptr_t faces, int height,
                              int width, int threads, uintptr_t triangles,
                              uintptr_t out_barycentrics, uintptr_t out_depths) {
    const RasterizeMeshInput in = known_triangles(pixels, depths, faces, height, width, threads);
    nb::gil_scoped_release unlocked;
    active_kernels().perspective_barycentrics(in, pointer<const int64_t>(triangles),
                                              pointer<float>(out_barycentrics),
                                              pointer<float>(out_depths));
}

void perspective_barycentrics_backward(uintptr_t pixels, uintptr_t depths, uintptr_t faces,
                                       int height, int width, int threads, uintptr_t triangles,
                                       int64_t vertex_count, uintptr_t barycentric_gradient,
                                       uintptr_t depth_gradient, uintptr_t out_pixels,
                                       uintptr_t out_depths) {
    const RasterizeMeshInput in = known_triangles(pixels, depths, faces, height, width, threads);
    nb::gil_scoped_release unlocked;
    active_kernels().perspective_barycentrics_backward(
        in, vertex_count, pointer<const int64_t>(triangles),
        pointer<const float>(barycentric_gradient), pointer<const float>(depth_gradient),
        pointer<float>(out_pixels), pointer<float>(out_depths));
}

}  // namespace

void bind_rasterize_mesh(nb::module_& module) {
    module.def("rasterize_mesh", &rasterize_mesh, nb::arg("pixels"), nb::arg("depths"),
               nb::arg("faces"), nb::arg("face_count"), nb::arg("height"), nb::arg("width"),
               nb::arg("cull_back"), nb::arg("near"), nb::arg("threads"), nb::arg("out_triangles"),
               nb::arg("out_barycentrics"), nb::arg("out_depths"));
    module.def("perspective_barycentrics", &perspective_barycentrics);
    module.def("perspective_barycentrics_backward", &perspective_barycentrics_backward);
}

}  // namespace avatar
