// Morphs and linear blend skinning on a GPU, and the way back. Parts of sums over vertices are
// added in any order: those gradients differ in the last bits from run to run.
#include "common/machine.h"
#include "skin/blend.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int64_t kPart = 1024;  // vertices that one warp sums over

AVATAR_DEVICE int64_t values(const SkinInput& in) {
    return 3 * in.vertex_count;
}

AVATAR_DEVICE float weight_of(const SkinInput& in, int64_t pose, int morph) {
    return in.morph_weights[pose * in.morph_count + morph];
}

// A vertex in a pose, before the joints move it.
AVATAR_DEVICE void shape(const SkinInput& in, int64_t pose, int64_t vertex, float* shaped) {
    for (int k = 0; k < 3; ++k) shaped[k] = in.vertices[3 * vertex + k];
    for (int morph = 0; morph < in.morph_count; ++morph) {
        const float weight = weight_of(in, pose, morph);
        if (weight == 0) continue;
        const float* from = in.morphs + values(in) * morph + 3 * vertex;
        for (int k = 0; k < 3; ++k) shaped[k] += weight * from[k];
    }
}

struct PoseVertex {
    SkinInput in;
    float* posed;

    AVATAR_DEVICE void operator()(int64_t index) const {
        const int64_t pose = index / in.vertex_count, vertex = index % in.vertex_count;
        float shaped[3], matrix[kMatrix];
        shape(in, pose, vertex, shaped);
        blend(in, static_cast<int>(pose), vertex, matrix);
        for (int k = 0; k < 3; ++k) posed[3 * index + k] = row_times(matrix + 4 * k, shaped);
    }
};

// What the later kernels read: poses x verts x 3.
struct SkinScratch {
    float* slopes;  // of the shaped vertices
    float* shaped;  // those, if anybody asks
};

struct TurnBack {
    SkinInput in;
    const float* posed_gradient;
    SkinScratch scratch;

    AVATAR_DEVICE void operator()(int64_t index) const {
        const int64_t pose = index / in.vertex_count, vertex = index % in.vertex_count;
        float matrix[kMatrix];
        blend(in, static_cast<int>(pose), vertex, matrix);
        turn_back(matrix, posed_gradient + 3 * index, scratch.slopes + 3 * index);
        if (scratch.shaped) shape(in, pose, vertex, scratch.shaped + 3 * index);
    }
};

// The slopes of the vertices and, with weights, of the morphs (morph -1 is the vertices).
struct ShapeSlopes {
    SkinInput in;
    SkinScratch scratch;
    float* vertices;
    float* morphs;

    AVATAR_DEVICE void operator()(int64_t value) const {
        for (int morph = vertices ? -1 : 0; morph < (morphs ? in.morph_count : 0); ++morph) {
            float sum = 0;
            for (int64_t pose = 0; pose < in.pose_count; ++pose) {
                const float weight = morph < 0 ? 1.0f : weight_of(in, pose, morph);
                sum += weight * scratch.slopes[values(in) * pose + value];
            }
            (morph < 0 ? vertices : morphs + values(in) * morph)[value] = sum;
        }
    }
};

struct SkinWeightSlope {
    SkinInput in;
    const float* posed_gradient;
    SkinScratch scratch;
    float* skin_weights;

    AVATAR_DEVICE void operator()(int64_t place) const {
        const int64_t vertex = place / in.joint_count;
        const int joint = static_cast<int>(place % in.joint_count);
        float sum = 0;
        for (int pose = 0; pose < in.pose_count; ++pose) {
            const int64_t at = values(in) * pose + 3 * vertex;
            for (int k = 0; k < 3; ++k) {
                const float* row = matrix_at(in, pose, joint) + 4 * k;
                sum += posed_gradient[at + k] * row_times(row, scratch.shaped + at);
            }
        }
        skin_weights[place] = sum;
    }
};

AVATAR_INLINE int64_t part_count(const SkinInput& in) {
    return (in.vertex_count + kPart - 1) / kPart;
}

// The vertices of a part: call visit(vertex) with every lane's.
template <typename Warp, typename Visit>
AVATAR_DEVICE void each_of_part(Warp, const SkinInput& in, int64_t part, int lane, Visit visit) {
    const int64_t end = min(in.vertex_count, (part + 1) * kPart);
    for (int64_t vertex = part * kPart + lane; vertex < end; vertex += 32) visit(vertex);
}

struct MorphWeightSlopes {
    SkinInput in;
    SkinScratch scratch;
    float* morph_weights;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        const int64_t part = index % part_count(in), place = index / part_count(in);
        const int64_t pose = place / in.morph_count, morph = place % in.morph_count;
        const float* slopes = scratch.slopes + values(in) * pose;
        const float* from = in.morphs + values(in) * morph;
        typename Warp::Float sum[1];
        Warp::template many<1>(sum, [&](int lane, float* to) {
            *to = 0;
            each_of_part(Warp(), in, part, lane, [&](int64_t vertex) {
                for (int k = 0; k < 3; ++k) {
                    *to += slopes[3 * vertex + k] * from[3 * vertex + k];
                }
            });
        });
        Warp::template add_sums<1>(sum, morph_weights + place);
    }
};

struct MatrixSlopes {
    SkinInput in;
    const float* posed_gradient;
    SkinScratch scratch;
    float* matrices;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        const int64_t part = index % part_count(in), place = index / part_count(in);
        const int64_t pose = place / in.joint_count, joint = place % in.joint_count;
        typename Warp::Float sums[kMatrix];
        Warp::template many<kMatrix>(sums, [&](int lane, float* to) {
            for (int k = 0; k < kMatrix; ++k) to[k] = 0;
            each_of_part(Warp(), in, part, lane, [&](int64_t vertex) {
                const float weight = in.skin_weights[vertex * in.joint_count + joint];
                if (weight == 0) return;
                const int64_t at = values(in) * pose + 3 * vertex;
                for (int row = 0; row < 3; ++row) {
                    const float weighted = weight * posed_gradient[at + row];
                    for (int column = 0; column < 3; ++column) {
                        to[4 * row + column] += weighted * scratch.shaped[at + column];
                    }
                    to[4 * row + 3] += weighted;
                }
            });
        });
        Warp::template add_sums<kMatrix>(sums, matrices + place * kMatrix);
    }
};

}  // namespace

void skin(const SkinInput& in, float* posed) {
    Machine machine(in.place);
    machine.each(in.pose_count * in.vertex_count, PoseVertex{in, posed});
    machine.check();
}

void skin_backward(const SkinInput& in, const float* posed_gradient, const SkinGradients& out) {
    Machine machine(in.place);
    const int64_t all = in.pose_count * in.vertex_count;
    SkinScratch scratch{machine.take<float>(3 * all), nullptr};
    if (out.skin_weights || out.matrices) scratch.shaped = machine.take<float>(3 * all);
    machine.each(all, TurnBack{in, posed_gradient, scratch});
    if (out.vertices || out.morphs) {
        machine.each(3 * in.vertex_count, ShapeSlopes{in, scratch, out.vertices, out.morphs});
    }
    if (out.skin_weights) {
        machine.each(in.vertex_count * in.joint_count,
                     SkinWeightSlope{in, posed_gradient, scratch, out.skin_weights});
    }
    if (out.morph_weights) {
        const int64_t places = static_cast<int64_t>(in.pose_count) * in.morph_count;
        machine.fill(out.morph_weights, 0, places * sizeof(float));
        machine.each_warp(places * part_count(in),
                          MorphWeightSlopes{in, scratch, out.morph_weights});
    }
    if (out.matrices) {
        const int64_t places = static_cast<int64_t>(in.pose_count) * in.joint_count;
        machine.fill(out.matrices, 0, places * kMatrix * sizeof(float));
        machine.each_warp(places * part_count(in),
                          MatrixSlopes{in, posed_gradient, scratch, out.matrices});
    }
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
