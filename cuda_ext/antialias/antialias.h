// Antialiasing's interface; avatar/ops/antialias.py says what it computes.
#pragma once

#include <cstdint>

#include "common/allocator.h"
#include "common/place.h"

namespace avatar {

struct AntialiasInput {
    const float* picture;          // height x width x channels
    const float* seen;             // height x width: depths of what was rasterised
    const float* pixels;           // verts x 2
    const float* depths;           // verts
    const int64_t* faces;          // faces x 3
    const int64_t* edge_verts;     // edges x 2
    const int64_t* edge_faces;     // edges x 2, the second -1 on a rim
    const int64_t* edge_opposite;  // edges
    int64_t vertex_count, face_count, edge_count;
    int height, width, channels;
    Place place;
};

// Where an outline passes between two neighbouring pixels: `cover` is how much further than halfway
// to the outer one.
struct OutlineCrossing {
    int64_t inner, outer;  // pixels
    int64_t edge;
    float cover;
    int32_t along;  // axis the edge was walked along: 0 for x, 1 for y
};
static_assert(sizeof(OutlineCrossing) == 32);

// Fill `result` (like the picture) and leave `state` for the way back, in the memory asked for;
// false without memory.
using Antialias = bool (*)(const AntialiasInput&, float* result, const Allocator&);

// Fill the gradients of the picture and of `pixels` (verts x 2, null leaves it out).
using AntialiasBackward = void (*)(const AntialiasInput&, const void* state, int64_t state_size,
                                   const float* result_gradient, float* picture_gradient,
                                   float* pixel_gradient);

}  // namespace avatar
