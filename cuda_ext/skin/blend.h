// A vertex under its joints: the maths that the CPU's kernels and the GPU's share.
#pragma once

#include "common/portable.h"
#include "skin/skin.h"

namespace avatar::AVATAR_ISA {

constexpr int kMatrix = 12;

AVATAR_INLINE const float* matrix_at(const SkinInput& in, int pose, int joint) {
    return in.matrices + (static_cast<int64_t>(pose) * in.joint_count + joint) * kMatrix;
}

// The joints' matrices blended for one vertex.
AVATAR_INLINE void blend(const SkinInput& in, int pose, int64_t vertex, float* matrix) {
    for (int i = 0; i < kMatrix; ++i) matrix[i] = 0;
    const float* weights = in.skin_weights + vertex * in.joint_count;
    for (int joint = 0; joint < in.joint_count; ++joint) {
        if (weights[joint] == 0) continue;
        const float* from = matrix_at(in, pose, joint);
        for (int i = 0; i < kMatrix; ++i) matrix[i] += weights[joint] * from[i];
    }
}

AVATAR_INLINE float row_times(const float* row, const float* point) {
    return row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + row[3];
}

// Turn a posed vertex's slope into that of the vertex before.
AVATAR_INLINE void turn_back(const float* matrix, const float* slope, float* to) {
    for (int k = 0; k < 3; ++k) {
        to[k] = matrix[k] * slope[0] + matrix[4 + k] * slope[1] + matrix[8 + k] * slope[2];
    }
}

}  // namespace avatar::AVATAR_ISA
