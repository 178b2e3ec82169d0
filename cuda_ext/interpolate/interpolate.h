// Interpolation's interface; avatar/ops/interpolate.py says what it computes.
#pragma once

#include <cstdint>

#include "common/place.h"

namespace avatar {

struct InterpolateInput {
    const int64_t* triangles;   // pixels, -1 where there is none
    const float* barycentrics;  // pixels x 3
    const int64_t* faces;       // faces x 3
    const float* attributes;    // values x channels
    int64_t pixel_count, face_count, value_count;
    int channels;
    Place place;
};

// Fill `picture`, pixels x channels; false if a triangle or a face is out of range.
using Interpolate = bool (*)(const InterpolateInput&, float* picture);

// Fill the gradients of barycentrics and attributes (either may be null) from that of the picture.
using InterpolateBackward = void (*)(const InterpolateInput&, const float* picture_gradient,
                                     float* barycentric_gradient, float* attribute_gradient);

}  // namespace avatar
