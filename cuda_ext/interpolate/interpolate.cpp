// Vertex attributes at pixels, and the way back.
//
// On the way back every thread owns a run of vertices and looks at all pixels: nothing is added up
// by two threads, and sums come in the order of the pixels whatever the number of threads.
#include "interpolate/interpolate.h"

#include <cstring>

#include "common/kernel.h"

namespace avatar::AVATAR_ISA {
namespace {

template <typename Channels>
bool fill(const InterpolateInput& in, Channels count, float* AVATAR_RESTRICT picture) {
    const int channels = count.value;
    bool valid = true;
#pragma omp parallel for num_threads(in.place.threads) schedule(static) reduction(&& : valid)
    for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
        float* out = picture + pixel * channels;
        const int64_t triangle = in.triangles[pixel];
        if (triangle < 0) {
            for (int i = 0; i < channels; ++i) out[i] = 0;
            continue;
        }
        const int64_t* face = in.faces + 3 * triangle;
        if (triangle >= in.face_count || face[0] < 0 || face[1] < 0 || face[2] < 0 ||
            max(face[0], max(face[1], face[2])) >= in.value_count) {
            valid = false;
            continue;
        }
        const float* weights = in.barycentrics + 3 * pixel;
        const float* a = in.attributes + face[0] * channels;
        const float* b = in.attributes + face[1] * channels;
        const float* c = in.attributes + face[2] * channels;
        for (int i = 0; i < channels; ++i) {
            out[i] = weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i];
        }
    }
    return valid;
}

template <typename Channels>
void fill_gradients(const InterpolateInput& in, Channels count, const float* picture_gradient,
                    float* barycentric_gradient, float* attribute_gradient) {
    const int channels = count.value;
    if (barycentric_gradient) {
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
        for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
            const int64_t triangle = in.triangles[pixel];
            const float* slope = picture_gradient + pixel * channels;
            for (int corner = 0; corner < 3; ++corner) {
                float sum = 0;
                if (triangle >= 0) {
                    const float* value = in.attributes + in.faces[3 * triangle + corner] * channels;
                    for (int i = 0; i < channels; ++i) sum += slope[i] * value[i];
                }
                barycentric_gradient[3 * pixel + corner] = sum;
            }
        }
    }
    if (!attribute_gradient) return;
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
    for (int run = 0; run < in.place.threads; ++run) {
        const int64_t begin = in.value_count * run / in.place.threads;
        const int64_t end = in.value_count * (run + 1) / in.place.threads;
        std::memset(attribute_gradient + begin * channels, 0,
                    (end - begin) * channels * sizeof(float));
        for (int64_t pixel = 0; pixel < in.pixel_count; ++pixel) {
            const int64_t triangle = in.triangles[pixel];
            if (triangle < 0) continue;
            const float* slope = picture_gradient + pixel * channels;
            for (int corner = 0; corner < 3; ++corner) {
                const int64_t value = in.faces[3 * triangle + corner];
                if (value < begin || value >= end) continue;
                const float weight = in.barycentrics[3 * pixel + corner];
                float* out = attribute_gradient + value * channels;
                for (int i = 0; i < channels; ++i) out[i] += weight * slope[i];
            }
        }
    }
}

}  // namespace

bool interpolate(const InterpolateInput& in, float* picture) {
    return with_channels(in.channels, [&](auto count) { return fill(in, count, picture); });
}

void interpolate_backward(const InterpolateInput& in, const float* picture_gradient,
                          float* barycentric_gradient, float* attribute_gradient) {
    with_channels(in.channels, [&](auto count) {
        fill_gradients(in, count, picture_gradient, barycentric_gradient, attribute_gradient);
    });
}

}  // namespace avatar::AVATAR_ISA
