// Morphs and linear blend skinning, and the way back.
//
// Vertices are taken in small blocks, through all poses: a block's morphs are read from memory
// once, and morphs without weight not at all. Sums over vertices are added up by parts of a fixed
// size, in order: the same bits whatever the threads do.
#include <cstring>

#include "common/kernel.h"
#include "common/wide.h"
#include "skin/blend.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kVertices = 32;  // of a block
constexpr int kValues = 3 * kVertices;
constexpr int kWides = kValues / kLanes;
constexpr int kBlocks = 32;  // of a part
static_assert(kValues % kLanes == 0);

// A block's vertices: where they begin among the values of all, and how many values they have.
struct Block {
    int64_t begin;
    int size;
    int count() const { return size / 3; }
    int64_t first() const { return begin / 3; }
};

Block block_at(const SkinInput& in, int64_t index) {
    const int64_t begin = index * kValues;
    return {begin, static_cast<int>(min<int64_t>(kValues, 3 * in.vertex_count - begin))};
}

// Load a block's values, with zeros beyond the last vertex.
AVATAR_INLINE void load_block(const float* from, int size, Wide* to) {
    alignas(64) float rest[kValues];
    if (size < kValues) {
        std::memset(rest, 0, sizeof rest);
        std::memcpy(rest, from, size * sizeof(float));
        from = rest;
    }
    for (int i = 0; i < kWides; ++i) to[i] = load(from + i * kLanes);
}

AVATAR_INLINE void store_block(const Wide* from, int size, float* to) {
    if (size == kValues) {
        for (int i = 0; i < kWides; ++i) store(to + i * kLanes, from[i]);
        return;
    }
    alignas(64) float rest[kValues];
    for (int i = 0; i < kWides; ++i) store(rest + i * kLanes, from[i]);
    std::memcpy(to, rest, size * sizeof(float));
}

const float* morph_at(const SkinInput& in, int morph, const Block& block) {
    return in.morphs + 3 * in.vertex_count * morph + block.begin;
}

// A block's vertices in one pose, before the joints move them.
void shape(const SkinInput& in, int pose, const Block& block, float* shaped) {
    Wide sum[kWides], values[kWides];
    load_block(in.vertices + block.begin, block.size, sum);
    for (int morph = 0; morph < in.morph_count; ++morph) {
        const float weight = in.morph_weights[static_cast<int64_t>(pose) * in.morph_count + morph];
        if (weight == 0) continue;
        load_block(morph_at(in, morph, block), block.size, values);
        for (int i = 0; i < kWides; ++i) sum[i] = fma(values[i], weight, sum[i]);
    }
    for (int i = 0; i < kWides; ++i) store(shaped + i * kLanes, sum[i]);
}

// Sums over vertices of one part.
struct PartSums {
    double* morph_weights;  // poses x morphs
    double* matrices;       // poses x joints x 12
};

// What a block's vertices in one pose add to the slopes of matrices and skin weights.
void joints_backward(const SkinInput& in, int pose, const Block& block, const float* shaped,
                     const float* slope, const SkinGradients& out, const PartSums& sums) {
    for (int i = 0; i < block.count(); ++i) {
        const int64_t vertex = block.first() + i;
        const float* point = shaped + 3 * i;
        const float* here = slope + 3 * i;
        for (int joint = 0; joint < in.joint_count; ++joint) {
            const int64_t place = vertex * in.joint_count + joint;
            if (out.skin_weights) {
                const float* matrix = matrix_at(in, pose, joint);
                float along = 0;
                for (int row = 0; row < 3; ++row) {
                    along += here[row] * row_times(matrix + 4 * row, point);
                }
                out.skin_weights[place] += along;
            }
            const float weight = in.skin_weights[place];
            if (!out.matrices || weight == 0) continue;
            double* to =
                sums.matrices + (static_cast<int64_t>(pose) * in.joint_count + joint) * kMatrix;
            for (int row = 0; row < 3; ++row) {
                const float weighted = weight * here[row];
                for (int column = 0; column < 3; ++column) {
                    to[4 * row + column] += weighted * point[column];
                }
                to[4 * row + 3] += weighted;
            }
        }
    }
}

// Turn the slopes of a block's shaped vertices, of all poses, into those of vertices and morphs.
void shape_backward(const SkinInput& in, const Block& block, const float* slopes,
                    const SkinGradients& out, const PartSums& sums) {
    Wide sum[kWides], values[kWides];
    const auto add = [&](int pose, float weight) {
        const float* from = slopes + static_cast<int64_t>(pose) * kValues;
        for (int i = 0; i < kWides; ++i) sum[i] = fma(load(from + i * kLanes), weight, sum[i]);
    };
    if (out.vertices) {
        for (int i = 0; i < kWides; ++i) sum[i] = 0.0f;
        for (int pose = 0; pose < in.pose_count; ++pose) add(pose, 1.0f);
        store_block(sum, block.size, out.vertices + block.begin);
    }
    for (int morph = 0; morph < in.morph_count; ++morph) {
        if (out.morphs) {
            for (int i = 0; i < kWides; ++i) sum[i] = 0.0f;
            for (int pose = 0; pose < in.pose_count; ++pose) {
                add(pose, in.morph_weights[static_cast<int64_t>(pose) * in.morph_count + morph]);
            }
            store_block(sum, block.size, out.morphs + 3 * in.vertex_count * morph + block.begin);
        }
        if (!out.morph_weights) continue;
        load_block(morph_at(in, morph, block), block.size, values);
        for (int pose = 0; pose < in.pose_count; ++pose) {
            const float* from = slopes + static_cast<int64_t>(pose) * kValues;
            Wide along = 0.0f;
            for (int i = 0; i < kWides; ++i) along = fma(load(from + i * kLanes), values[i], along);
            alignas(64) float lanes[kLanes];
            store(lanes, along);
            double total = 0;
            for (int i = 0; i < kLanes; ++i) total += lanes[i];
            sums.morph_weights[static_cast<int64_t>(pose) * in.morph_count + morph] += total;
        }
    }
}

void part_backward(const SkinInput& in, int64_t part, const float* posed_gradient,
                   const SkinGradients& out, const PartSums& sums) {
    Buffer<float> slopes(static_cast<std::size_t>(in.pose_count) * kValues + 1);
    alignas(64) float shaped[kValues];
    const int64_t blocks = (in.vertex_count + kVertices - 1) / kVertices;
    for (int64_t index = part * kBlocks; index < min(blocks, (part + 1) * kBlocks); ++index) {
        const Block block = block_at(in, index);
        if (out.skin_weights) {
            std::memset(out.skin_weights + block.first() * in.joint_count, 0,
                        sizeof(float) * block.count() * in.joint_count);
        }
        std::memset(slopes.data(), 0, sizeof(float) * in.pose_count * kValues);
        for (int pose = 0; pose < in.pose_count; ++pose) {
            const float* slope = posed_gradient + 3 * in.vertex_count * pose + block.begin;
            float* to = &slopes[static_cast<std::size_t>(pose) * kValues];
            for (int i = 0; i < block.count(); ++i) {
                float matrix[kMatrix];
                blend(in, pose, block.first() + i, matrix);
                turn_back(matrix, slope + 3 * i, to + 3 * i);
            }
            if (!out.skin_weights && !out.matrices) continue;
            shape(in, pose, block, shaped);
            joints_backward(in, pose, block, shaped, slope, out, sums);
        }
        shape_backward(in, block, slopes.data(), out, sums);
    }
}

// Add up what the parts found, in their order.
void add_parts(const double* from, int64_t size, int64_t stride, int64_t parts, float* to) {
    if (!to) return;
    for (int64_t i = 0; i < size; ++i) {
        double sum = 0;
        for (int64_t part = 0; part < parts; ++part) sum += from[part * stride + i];
        to[i] = static_cast<float>(sum);
    }
}

}  // namespace

void skin(const SkinInput& in, float* posed) {
    const int64_t blocks = (in.vertex_count + kVertices - 1) / kVertices;
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
    for (int64_t index = 0; index < blocks; ++index) {
        const Block block = block_at(in, index);
        alignas(64) float shaped[kValues];
        for (int pose = 0; pose < in.pose_count; ++pose) {
            shape(in, pose, block, shaped);
            float* out = posed + 3 * in.vertex_count * pose + block.begin;
            for (int i = 0; i < block.count(); ++i) {
                float matrix[kMatrix];
                blend(in, pose, block.first() + i, matrix);
                for (int row = 0; row < 3; ++row) {
                    out[3 * i + row] = row_times(matrix + 4 * row, shaped + 3 * i);
                }
            }
        }
    }
}

void skin_backward(const SkinInput& in, const float* posed_gradient, const SkinGradients& out) {
    const int64_t blocks = (in.vertex_count + kVertices - 1) / kVertices;
    const int64_t parts = (blocks + kBlocks - 1) / kBlocks;
    const int64_t weights = static_cast<int64_t>(in.pose_count) * in.morph_count;
    const int64_t matrices = static_cast<int64_t>(in.pose_count) * in.joint_count * kMatrix;
    const int64_t stride = weights + matrices;
    Buffer<double> sums(parts * stride + 1);
    std::memset(sums.data(), 0, parts * stride * sizeof(double));
#pragma omp parallel for num_threads(in.place.threads) schedule(dynamic, 1)
    for (int64_t part = 0; part < parts; ++part) {
        double* here = sums.data() + part * stride;
        part_backward(in, part, posed_gradient, out, {here, here + weights});
    }
    add_parts(sums.data(), weights, stride, parts, out.morph_weights);
    add_parts(sums.data() + weights, matrices, stride, parts, out.matrices);
}

}  // namespace avatar::AVATAR_ISA
