// L1 and structural similarity (Wang et al. 2004) in one go, with their slope by the picture.
//
// Bands of rows of one channel are the tasks: the five blurred quantities of a band stay in cache
// between the horizontal and the vertical pass. Bands are the same whatever the number of threads,
// and their sums are added in order.
#include "image_loss/image_loss.h"

#include <cmath>
#include <cstring>

#include "common/kernel.h"
#include "common/wide.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kRadius = 5;
constexpr int kTaps = 2 * kRadius + 1;
constexpr int kBand = 32;
constexpr int kMoments = 5;  // means of x, y, x^2, y^2, xy
constexpr int kSlopes = 3;   // of the similarity by the means of x, x^2 and xy
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

struct Window {
    float weights[kTaps];
    Window() {
        double sum = 0, values[kTaps];
        for (int i = 0; i < kTaps; ++i) {
            const double x = i - kRadius;
            values[i] = std::exp(-x * x / (2 * 1.5 * 1.5));
            sum += values[i];
        }
        for (int i = 0; i < kTaps; ++i) weights[i] = static_cast<float>(values[i] / sum);
    }
};

// Rows with room: kRadius zeros on the left, at least as many on the right.
int padded_width(int width) {
    return (width + kLanes - 1) / kLanes * kLanes + 2 * kLanes;
}
int filled_width(int width) {
    return (width + kLanes - 1) / kLanes * kLanes;
}

// Blur one padded row.
void blur_row(const Window& window, const float* row, int width, float* out) {
    for (int x = 0; x < filled_width(width); x += kLanes) {
        Wide sum = 0.0f;
        for (int i = 0; i < kTaps; ++i) {
            sum = fma(load(row + x + i), window.weights[i], sum);
        }
        store(out + x, sum);
    }
}

// Blur across rows of a band at column x; row 0 of `rows` is kRadius above.
AVATAR_INLINE Wide blur_column(const Window& window, const float* rows, int stride) {
    Wide sum = 0.0f;
    for (int i = 0; i < kTaps; ++i) sum = fma(load(rows + i * stride), window.weights[i], sum);
    return sum;
}

// What a thread needs for a band: padded rows, and the blurred rows of several quantities.
struct Scratch {
    Buffer<float> rows, blurred;
    explicit Scratch(int width)
        : rows(static_cast<std::size_t>(kMoments) * padded_width(width)),
          blurred(static_cast<std::size_t>(kMoments) * (kBand + 2 * kRadius) *
                  padded_width(width)) {
        std::memset(rows.data(), 0, sizeof(float) * kMoments * padded_width(width));
    }
    float* row(int quantity, int width) { return &rows[quantity * padded_width(width)]; }
    float* blurred_row(int quantity, int row, int width) {
        return &blurred[(quantity * (kBand + 2 * kRadius) + row) *
                        static_cast<std::size_t>(padded_width(width))];
    }
};

// The moments of a band's rows, horizontally blurred; rows outside the picture are zeros.
void blur_moments(const ImageLossInput& in, const Window& window, const float* picture,
                  const float* target, int top, int rows, Scratch& scratch) {
    const int width = in.width;
    for (int i = 0; i < rows + 2 * kRadius; ++i) {
        const int y = top - kRadius + i;
        if (y < 0 || y >= in.height) {
            for (int m = 0; m < kMoments; ++m) {
                std::memset(scratch.blurred_row(m, i, width), 0,
                            filled_width(width) * sizeof(float));
            }
            continue;
        }
        const float* x_row = picture + static_cast<int64_t>(y) * width;
        const float* y_row = target + static_cast<int64_t>(y) * width;
        float* moments[kMoments];
        for (int m = 0; m < kMoments; ++m) moments[m] = scratch.row(m, width) + kRadius;
        for (int column = 0; column < width; ++column) {
            const float x = x_row[column], t = y_row[column];
            moments[0][column] = x;
            moments[1][column] = t;
            moments[2][column] = x * x;
            moments[3][column] = t * t;
            moments[4][column] = x * t;
        }
        for (int m = 0; m < kMoments; ++m) {
            blur_row(window, scratch.row(m, width), width, scratch.blurred_row(m, i, width));
        }
    }
}

struct Similarity {
    Wide value, by_mean, by_square, by_product;
};

AVATAR_INLINE Similarity similarity(const Wide* m) {
    const Wide two = 2.0f;
    const Wide mean_product = m[0] * m[1], x_mean = m[0] * m[0], y_mean = m[1] * m[1];
    const Wide a = two * mean_product + kC1, b = two * (m[4] - mean_product) + kC2;
    const Wide c = x_mean + y_mean + kC1, d = (m[2] - x_mean) + (m[3] - y_mean) + kC2;
    const Wide whole = Wide(1.0f) / (c * d);
    Similarity s;
    s.value = a * b * whole;
    s.by_product = two * a * whole;
    s.by_square = Wide(0.0f) - s.value / d;
    s.by_mean = two * m[1] * b * whole - two * m[0] * s.value / c - s.by_product * m[1] -
                two * m[0] * s.by_square;
    return s;
}

// Sum the similarity over a band and leave its slopes in `slopes`, if asked for.
double band_similarity(const ImageLossInput& in, const Window& window, int top, int rows,
                       Scratch& scratch, float* const* slopes) {
    const int width = in.width, stride = padded_width(width);
    double sum = 0;
    alignas(64) float lanes[kLanes];
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < width; x += kLanes) {
            Wide moments[kMoments];
            for (int m = 0; m < kMoments; ++m) {
                moments[m] = blur_column(window, scratch.blurred_row(m, y, width) + x, stride);
            }
            const Similarity s = similarity(moments);
            const int count = min(kLanes, width - x);
            store(lanes, s.value);
            for (int i = 0; i < count; ++i) sum += lanes[i];
            if (!slopes) continue;
            const Wide parts[kSlopes] = {s.by_mean, s.by_square, s.by_product};
            for (int k = 0; k < kSlopes; ++k) {
                store(lanes, parts[k]);
                std::memcpy(slopes[k] + static_cast<int64_t>(top + y) * width + x, lanes,
                            count * sizeof(float));
            }
        }
    }
    return sum;
}

// Turn a band's slopes by moments into slopes by the picture, and add the L1 term's.
void band_gradient(const ImageLossInput& in, const Window& window, const float* picture,
                   const float* target, int top, int rows, float* const* slopes, Scratch& scratch,
                   float* gradient) {
    const int width = in.width, stride = padded_width(width);
    for (int i = 0; i < rows + 2 * kRadius; ++i) {
        const int y = top - kRadius + i;
        for (int k = 0; k < kSlopes; ++k) {
            float* out = scratch.blurred_row(k, i, width);
            if (y < 0 || y >= in.height) {
                std::memset(out, 0, filled_width(width) * sizeof(float));
                continue;
            }
            float* row = scratch.row(k, width);
            std::memcpy(row + kRadius, slopes[k] + static_cast<int64_t>(y) * width,
                        width * sizeof(float));
            blur_row(window, row, width, out);
        }
    }
    const double count = static_cast<double>(in.channels) * in.height * in.width;
    const float of_ssim = static_cast<float>(-in.ssim_weight / count);
    const float of_l1 = static_cast<float>((1.0 - in.ssim_weight) / count);
    alignas(64) float means[kLanes], squares[kLanes], products[kLanes];
    for (int y = 0; y < rows; ++y) {
        const int64_t row = static_cast<int64_t>(top + y) * width;
        for (int x = 0; x < width; x += kLanes) {
            store(means, blur_column(window, scratch.blurred_row(0, y, width) + x, stride));
            store(squares, blur_column(window, scratch.blurred_row(1, y, width) + x, stride));
            store(products, blur_column(window, scratch.blurred_row(2, y, width) + x, stride));
            for (int i = 0; i < min(kLanes, width - x); ++i) {
                const float here = picture[row + x + i], there = target[row + x + i];
                const float sign = static_cast<float>(here > there) - (here < there);
                gradient[row + x + i] =
                    of_ssim * (means[i] + 2 * here * squares[i] + there * products[i]) +
                    of_l1 * sign;
            }
        }
    }
}

double band_l1(const ImageLossInput& in, const float* picture, const float* target, int top,
               int rows) {
    double sum = 0;
    for (int y = top; y < top + rows; ++y) {
        float row_sum = 0;
        const int64_t row = static_cast<int64_t>(y) * in.width;
        for (int x = 0; x < in.width; ++x) {
            row_sum += std::fabs(picture[row + x] - target[row + x]);
        }
        sum += row_sum;
    }
    return sum;
}

}  // namespace

double image_loss(const ImageLossInput& in, float* gradient) {
    const Window window;
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    const int bands = (in.height + kBand - 1) / kBand;
    const int64_t tasks = static_cast<int64_t>(bands) * in.channels;
    Buffer<double> l1(tasks + 1), ssim(tasks + 1);
    Buffer<float> slope_maps(gradient ? kSlopes * area * in.channels : 1);
#pragma omp parallel num_threads(in.threads)
    {
        Scratch scratch(in.width);
        const auto slopes_of = [&](int64_t channel, float** slopes) {
            for (int k = 0; k < kSlopes; ++k) {
                slopes[k] = slope_maps.data() + (kSlopes * channel + k) * area;
            }
        };
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < tasks; ++task) {
            const int64_t channel = task / bands;
            const int top = static_cast<int>(task % bands) * kBand;
            const int rows = min(kBand, in.height - top);
            const float* picture = in.picture + channel * area;
            const float* target = in.target + channel * area;
            float* slopes[kSlopes];
            slopes_of(channel, slopes);
            blur_moments(in, window, picture, target, top, rows, scratch);
            ssim[task] =
                band_similarity(in, window, top, rows, scratch, gradient ? slopes : nullptr);
            l1[task] = band_l1(in, picture, target, top, rows);
        }
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < (gradient ? tasks : 0); ++task) {
            const int64_t channel = task / bands;
            const int top = static_cast<int>(task % bands) * kBand;
            float* slopes[kSlopes];
            slopes_of(channel, slopes);
            band_gradient(in, window, in.picture + channel * area, in.target + channel * area, top,
                          min(kBand, in.height - top), slopes, scratch, gradient + channel * area);
        }
    }
    double l1_sum = 0, ssim_sum = 0;
    for (int64_t task = 0; task < tasks; ++task) {
        l1_sum += l1[task];
        ssim_sum += ssim[task];
    }
    const double count = static_cast<double>(area) * in.channels;
    return (1.0 - in.ssim_weight) * l1_sum / count + in.ssim_weight * (1.0 - ssim_sum / count);
}

}  // namespace avatar::AVATAR_ISA
