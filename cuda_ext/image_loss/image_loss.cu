// L1 and structural similarity on a GPU, with their slope by the picture: blurred along the rows,
// then along the columns, where the similarity is; its slopes go back the same way.
#include "common/machine.h"
#include "image_loss/similarity.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int64_t kTogether = 64;  // numbers that a thread sums

struct Picture {
    ImageLossInput in;
    Window window;

    AVATAR_INLINE int64_t area() const { return static_cast<int64_t>(in.height) * in.width; }
    AVATAR_INLINE int64_t count() const { return in.channels * area(); }

    // Call take(weight, neighbour) for the pixels around one in its row, or its column.
    template <typename Take>
    AVATAR_DEVICE void each_in_row(int64_t pixel, Take take) const {
        const int x = static_cast<int>(pixel % in.width);
        for (int i = -kRadius; i <= kRadius; ++i) {
            if (x + i >= 0 && x + i < in.width) take(window.weights[i < 0 ? -i : i], pixel + i);
        }
    }
    template <typename Take>
    AVATAR_DEVICE void each_in_column(int64_t pixel, Take take) const {
        const int y = static_cast<int>(pixel % area() / in.width);
        for (int i = -kRadius; i <= kRadius; ++i) {
            if (y + i >= 0 && y + i < in.height) {
                take(window.weights[i < 0 ? -i : i], pixel + static_cast<int64_t>(i) * in.width);
            }
        }
    }
};

struct BlurMoments {
    Picture p;
    float* moments;  // kMoments x pixels of all channels

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float sums[kMoments] = {};
        p.each_in_row(pixel, [&](float weight, int64_t at) {
            const float x = p.in.picture[at], t = p.in.target[at];
            sums[0] += weight * x;
            sums[1] += weight * t;
            sums[2] += weight * (x * x + t * t);
            sums[3] += weight * (x * t);
        });
        for (int m = 0; m < kMoments; ++m) moments[m * p.count() + pixel] = sums[m];
    }
};

struct ComparePixel {
    Picture p;
    const float* moments;
    double* losses;
    float* slopes;  // kSlopes x pixels of all channels, or null

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float m[kMoments] = {};
        p.each_in_column(pixel, [&](float weight, int64_t at) {
            for (int k = 0; k < kMoments; ++k) m[k] += weight * moments[k * p.count() + at];
        });
        const Similarity<float> s = similarity(m[0], m[1], m[2], m[3]);
        const float difference = p.in.picture[pixel] - p.in.target[pixel];
        losses[pixel] =
            (1.0 - p.in.ssim_weight) * ::fabsf(difference) + p.in.ssim_weight * (1.0 - s.value);
        if (!slopes) return;
        slopes[pixel] = s.by_mean;
        slopes[p.count() + pixel] = s.by_square;
        slopes[2 * p.count() + pixel] = s.by_product;
    }
};

struct BlurSlopes {
    Picture p;
    const float* slopes;
    float* blurred;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float sums[kSlopes] = {};
        p.each_in_row(pixel, [&](float weight, int64_t at) {
            for (int k = 0; k < kSlopes; ++k) sums[k] += weight * slopes[k * p.count() + at];
        });
        for (int k = 0; k < kSlopes; ++k) blurred[k * p.count() + pixel] = sums[k];
    }
};

struct PixelSlope {
    Picture p;
    const float* blurred;
    float* gradient;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float by[kSlopes] = {};
        p.each_in_column(pixel, [&](float weight, int64_t at) {
            for (int k = 0; k < kSlopes; ++k) by[k] += weight * blurred[k * p.count() + at];
        });
        const double count = static_cast<double>(p.count());
        const float of_ssim = static_cast<float>(-p.in.ssim_weight / count);
        const float of_l1 = static_cast<float>((1.0 - p.in.ssim_weight) / count);
        const float x = p.in.picture[pixel], t = p.in.target[pixel];
        const float sign = x > t ? of_l1 : t > x ? -of_l1 : 0.0f;
        gradient[pixel] = fma(of_ssim, by[0] + 2.0f * x * by[1] + t * by[2], sign);
    }
};

// Sums of kTogether numbers each; strided, so that neighbours read neighbours.
struct SumSome {
    const double* from;
    int64_t count, sums;
    double* to;

    AVATAR_DEVICE void operator()(int64_t index) const {
        double sum = 0;
        for (int64_t i = index; i < count; i += sums) sum += from[i];
        to[index] = sum;
    }
};

struct FinishLoss {
    const double* sum;
    double count;
    float* loss;
    AVATAR_DEVICE void operator()(int64_t) const { *loss = static_cast<float>(*sum / count); }
};

}  // namespace

void image_loss(const ImageLossInput& in, float* loss, float* gradient) {
    Machine machine(in.place);
    const Picture p{in, {}};
    const int64_t count = p.count();
    auto* moments = machine.take<float>(kMoments * count);
    auto* losses = machine.take<double>(count);
    float* slopes = gradient ? machine.take<float>(kSlopes * count) : nullptr;
    machine.each(count, BlurMoments{p, moments});
    machine.each(count, ComparePixel{p, moments, losses, slopes});
    if (gradient) {
        machine.each(count, BlurSlopes{p, slopes, moments});
        machine.each(count, PixelSlope{p, moments, gradient});
    }
    // Always in the same order, so that the loss is the same bits from run to run.
    for (int64_t left = count; left > 1;) {
        const int64_t sums = (left + kTogether - 1) / kTogether;
        auto* next = machine.take<double>(sums);
        machine.each(sums, SumSome{losses, left, sums, next});
        losses = next;
        left = sums;
    }
    machine.each(1, FinishLoss{losses, static_cast<double>(count), loss});
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
