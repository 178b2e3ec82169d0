// Skinning's interface; avatar/ops/skin.py says what it computes.
#pragma once

#include <cstdint>

#include "common/place.h"

namespace avatar {

struct SkinInput {
    const float* vertices;       // verts x 3
    const float* morphs;         // morphs x verts x 3
    const float* skin_weights;   // verts x joints
    const float* morph_weights;  // poses x morphs
    const float* matrices;       // poses x joints x 3 x 4: rotation and translation
    int64_t vertex_count;
    int morph_count, joint_count, pose_count;
    Place place;
};

// Gradients to be filled; null leaves one out.
struct SkinGradients {
    float* vertices;
    float* morphs;
    float* skin_weights;
    float* morph_weights;
    float* matrices;
};

// Fill `posed`, poses x verts x 3.
using Skin = void (*)(const SkinInput&, float* posed);
using SkinBackward = void (*)(const SkinInput&, const float* posed_gradient, const SkinGradients&);

}  // namespace avatar
