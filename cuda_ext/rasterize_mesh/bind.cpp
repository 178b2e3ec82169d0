#include <nanobind/stl/array.h>

#include <array>

#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// Addresses of the vertices' pixels and depths and of the faces; views, vertices, faces, height and
// width.
using MeshAddresses = std::array<uintptr_t, 3>;
using MeshSizes = std::array<int64_t, 5>;

RasterizeMeshInput mesh_input(const MeshAddresses& addresses, const MeshSizes& sizes,
                              const PlaceArguments& place) {
    RasterizeMeshInput in{};
    in.pixels = pointer<const float>(addresses[0]);
    in.depths = pointer<const float>(addresses[1]);
    in.faces = pointer<const int64_t>(addresses[2]);
    in.views = static_cast<int>(sizes[0]);
    in.vertex_count = sizes[1];
    in.face_count = sizes[2];
    in.height = static_cast<int>(sizes[3]);
    in.width = static_cast<int>(sizes[4]);
    in.place = place_of(place);
    return in;
}

void rasterize_mesh(const MeshAddresses& addresses, const MeshSizes& sizes,
                    const PlaceArguments& place, bool cull_back, float near,
                    std::array<uintptr_t, 3> outputs) {
    RasterizeMeshInput in = mesh_input(addresses, sizes, place);
    in.cull_back = cull_back;
    in.near = near;
    const RasterizeMeshOutput out{pointer<int64_t>(outputs[0]), pointer<float>(outputs[1]),
                                  pointer<float>(outputs[2])};
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).rasterize_mesh(in, out);
}

void perspective_barycentrics(const MeshAddresses& addresses, const MeshSizes& sizes,
                              const PlaceArguments& place, uintptr_t triangles,
                              uintptr_t out_barycentrics, uintptr_t out_depths) {
    const RasterizeMeshInput in = mesh_input(addresses, sizes, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).perspective_barycentrics(in, pointer<const int64_t>(triangles),
                                                  pointer<float>(out_barycentrics),
                                                  pointer<float>(out_depths));
}

void perspective_barycentrics_backward(const MeshAddresses& addresses, const MeshSizes& sizes,
                                       const PlaceArguments& place, uintptr_t triangles,
                                       uintptr_t barycentric_gradient, uintptr_t depth_gradient,
                                       uintptr_t out_pixels, uintptr_t out_depths) {
    const RasterizeMeshInput in = mesh_input(addresses, sizes, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).perspective_barycentrics_backward(
        in, pointer<const int64_t>(triangles), pointer<const float>(barycentric_gradient),
        pointer<const float>(depth_gradient), pointer<float>(out_pixels),
        pointer<float>(out_depths));
}

}  // namespace

void bind_rasterize_mesh(nb::module_& module) {
    module.def("rasterize_mesh", &rasterize_mesh);
    module.def("perspective_barycentrics", &perspective_barycentrics);
    module.def("perspective_barycentrics_backward", &perspective_barycentrics_backward);
}

}  // namespace avatar
