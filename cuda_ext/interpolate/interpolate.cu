// Vertex attributes at pixels on a GPU, and the way back.
#include <cmath>

#include "common/group.h"
#include "common/machine.h"
#include "interpolate/interpolate.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kTogether = 4;  // channels whose sums for three corners are added up at once

// Whether a pixel's triangle and its corners exist.
AVATAR_DEVICE bool is_valid(const InterpolateInput& in, int64_t triangle) {
    bool valid = triangle >= 0 && triangle < in.face_count;
    for (int i = 0; valid && i < 3; ++i) {
        const int64_t value = in.faces[3 * triangle + i];
        valid = value >= 0 && value < in.value_count;
    }
    return valid;
}

struct FillPixel {
    InterpolateInput in;
    float* picture;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float* out = picture + pixel * in.channels;
        const int64_t triangle = in.triangles[pixel];
        if (triangle < 0 || !is_valid(in, triangle)) {
            // Nothing waits for the GPU to report an index: no number is better than a wrong one.
            const float nothing = triangle < 0 ? 0.0f : NAN;
            for (int i = 0; i < in.channels; ++i) out[i] = nothing;
            return;
        }
        const int64_t* face = in.faces + 3 * triangle;
        const float* weights = in.barycentrics + 3 * pixel;
        const float* a = in.attributes + face[0] * in.channels;
        const float* b = in.attributes + face[1] * in.channels;
        const float* c = in.attributes + face[2] * in.channels;
        for (int i = 0; i < in.channels; ++i) {
            out[i] = weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i];
        }
    }
};

struct BarycentricSlopes {
    InterpolateInput in;
    const float* picture_gradient;
    float* barycentric_gradient;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        const int64_t triangle = in.triangles[pixel];
        const bool valid = is_valid(in, triangle);
        const float* slope = picture_gradient + pixel * in.channels;
        for (int corner = 0; corner < 3; ++corner) {
            float sum = 0;
            if (valid) {
                const float* value = in.attributes + in.faces[3 * triangle + corner] * in.channels;
                for (int i = 0; i < in.channels; ++i) sum += slope[i] * value[i];
            }
            barycentric_gradient[3 * pixel + corner] = sum;
        }
    }
};

struct AttributeSlopes {
    InterpolateInput in;
    const float* picture_gradient;
    float* attribute_gradient;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        const int64_t first = 32 * index;
        const auto triangle_of = [&](int lane) {
            if (first + lane >= in.pixel_count) return int64_t{-1};
            const int64_t triangle = in.triangles[first + lane];
            return is_valid(in, triangle) ? triangle : -1;
        };
        for (int channel = 0; channel < in.channels; channel += kTogether) {
            typename Warp::Float slopes[3 * kTogether];
            Warp::template many<3 * kTogether>(slopes, [&](int lane, float* to) {
                const bool valid = triangle_of(lane) >= 0;
                const float* weights = in.barycentrics + 3 * (first + lane);
                const float* slope = picture_gradient + (first + lane) * in.channels;
                for (int k = 0; k < kTogether; ++k) {
                    const bool used = valid && channel + k < in.channels;
                    for (int corner = 0; corner < 3; ++corner) {
                        to[corner * kTogether + k] =
                            used ? weights[corner] * slope[channel + k] : 0.0f;
                    }
                }
            });
            add_by_name<3 * kTogether>(Warp(), triangle_of, slopes, [&](int64_t triangle, int i) {
                const int to = channel + i % kTogether;
                const int64_t value = in.faces[3 * triangle + i / kTogether];
                return to < in.channels ? attribute_gradient + value * in.channels + to : nullptr;
            });
        }
    }
};

}  // namespace

bool interpolate(const InterpolateInput& in, float* picture) {
    Machine machine(in.place);
    machine.each(in.pixel_count, FillPixel{in, picture});
    machine.check();
    return true;
}

void interpolate_backward(const InterpolateInput& in, const float* picture_gradient,
                          float* barycentric_gradient, float* attribute_gradient) {
    Machine machine(in.place);
    if (barycentric_gradient) {
        machine.each(in.pixel_count, BarycentricSlopes{in, picture_gradient, barycentric_gradient});
    }
    if (attribute_gradient) {
        machine.fill(attribute_gradient, 0, in.value_count * in.channels * sizeof(float));
        machine.each_warp((in.pixel_count + 31) / 32,
                          AttributeSlopes{in, picture_gradient, attribute_gradient});
    }
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
