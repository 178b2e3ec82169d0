// The mesh rasteriser's interface; avatar/ops/rasterize_mesh.py says what it computes.
#pragma once

#include <cstdint>

#include "common/host_device.h"
#include "common/place.h"

namespace avatar {

struct RasterizeMeshInput {
    const float* pixels;   // views x verts x 2
    const float* depths;   // views x verts
    const int64_t* faces;  // faces x 3, every index valid
    int64_t vertex_count, face_count;
    int views, height, width;
    bool cull_back;
    float near;
    Place place;

    // Pixels of one view.
    AVATAR_HOST_DEVICE int64_t area() const { return static_cast<int64_t>(height) * width; }
    // The vertices of one view.
    AVATAR_HOST_DEVICE RasterizeMeshInput view(int64_t index) const {
        RasterizeMeshInput one = *this;
        one.pixels += 2 * vertex_count * index;
        one.depths += vertex_count * index;
        return one;
    }
};

struct RasterizeMeshOutput {
    int64_t* triangles;   // views x height x width
    float* barycentrics;  // views x height x width x 3
    float* depths;        // views x height x width
};

// The same for pixels whose triangles are known: fill barycentrics and depths.
using PerspectiveBarycentrics = void (*)(const RasterizeMeshInput&, const int64_t* triangles,
                                         float* barycentrics, float* depths);

// Fill the gradients of the vertices' pixels and depths from those of barycentrics and depths.
using PerspectiveBarycentricsBackward = void (*)(const RasterizeMeshInput&,
                                                 const int64_t* triangles,
                                                 const float* barycentric_gradient,
                                                 const float* depth_gradient, float* pixel_gradient,
                                                 float* vertex_depth_gradient);

using RasterizeMesh = void (*)(const RasterizeMeshInput&, const RasterizeMeshOutput&);

}  // namespace avatar
