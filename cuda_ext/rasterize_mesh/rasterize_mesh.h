// The mesh rasteriser's interface; avatar/ops/rasterize_mesh.py says what it computes.
#pragma once

#include <cstdint>

namespace avatar {

struct RasterizeMeshInput {
    const float* pixels;   // verts x 2
    const float* depths;   // verts
    const int64_t* faces;  // faces x 3, every index valid
    int64_t face_count;
    int height, width;
    bool cull_back;
    float near;
    int threads;
};

struct RasterizeMeshOutput {
    int64_t* triangles;   // height x width
    float* barycentrics;  // height x width x 3
    float* depths;        // height x width
};

// The same for pixels whose triangles are known: fill barycentrics and depths.
using PerspectiveBarycentrics = void (*)(const RasterizeMeshInput&, const int64_t* triangles,
                                         float* barycentrics, float* depths);

// Fill the gradients of the vertices' pixels and depths from those of barycentrics and depths.
using PerspectiveBarycentricsBackward = void (*)(const RasterizeMeshInput&, int64_t vertex_count,
                                                 const int64_t* triangles,
                                                 const float* barycentric_gradient,
                                                 const float* depth_gradient, float* pixel_gradient,
                                                 float* vertex_depth_gradient);

using RasterizeMesh = void (*)(const RasterizeMeshInput&, const RasterizeMeshOutput&);

}  // namespace avatar
