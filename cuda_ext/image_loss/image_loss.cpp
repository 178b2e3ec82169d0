// L1 and structural similarity (Wang et al. 2004) in one go, with their slope by the picture.
//
// Bands of rows of one channel are the tasks: the four blurred quantities of a band stay in cache
// between the horizontal and the vertical pass. Bands are the same whatever the number of threads,
// and their sums are added in order.
#include <cmath>
#include <cstring>

#include "common/kernel.h"
#include "common/wide.h"
#include "image_loss/similarity.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kBand = 64;
constexpr int kRows = kBand + 2 * kRadius;
constexpr int kAtOnce = 4;  // rows blurred together, so that what they share is loaded once
constexpr int kColumns = 4 * kLanes;  // of a band that stay in the first cache while it is blurred
static_assert(kBand % kAtOnce == 0);

int filled_width(int width) {
    return (width + kLanes - 1) / kLanes * kLanes;
}
// Rows begin on a cache line, with kLanes zeros on the left and at least as many on the right.
int padded_width(int width) {
    return filled_width(width) + 2 * kLanes;
}

// Blur one padded row.
void blur_row(const Window& window, const float* row, int width, float* out) {
    Wide before = 0.0f, here = load(row);
    for (int x = 0; x < width; x += kLanes) {
        const float* at = row + x;
        const Wide after = load(at + kLanes);
        const Wide one = load_beside<-1>(before, here, at) + load_beside<1>(here, after, at);
        const Wide two = load_beside<-2>(before, here, at) + load_beside<2>(here, after, at);
        const Wide three = load_beside<-3>(before, here, at) + load_beside<3>(here, after, at);
        const Wide four = load_beside<-4>(before, here, at) + load_beside<4>(here, after, at);
        const Wide five = load_beside<-5>(before, here, at) + load_beside<5>(here, after, at);
        const Wide inner =
            fma(one, window.weights[1], fma(two, window.weights[2], here * window.weights[0]));
        const Wide outer = fma(three, window.weights[3],
                               fma(four, window.weights[4], five * Wide(window.weights[5])));
        store(out + x, inner + outer);
        before = here;
        here = after;
    }
}

// Blur kAtOnce rows across; `rows` is kRadius above the first of them.
AVATAR_INLINE void blur_columns(const Window& window, const float* rows, int stride, Wide* out) {
    Wide taps[kAtOnce + 2 * kRadius];
    for (int i = 0; i < kAtOnce + 2 * kRadius; ++i) taps[i] = load(rows + i * stride);
    for (int y = 0; y < kAtOnce; ++y) {
        Wide sum = taps[y + kRadius] * window.weights[0];
        for (int i = 1; i <= kRadius; ++i) {
            sum = fma(taps[y + kRadius - i] + taps[y + kRadius + i], window.weights[i], sum);
        }
        out[y] = sum;
    }
}

// What a thread needs for a band: a padded row, and the blurred rows of several quantities.
class Scratch {
  public:
    explicit Scratch(int width)
        : stride_(padded_width(width)),
          rows_(static_cast<std::size_t>(kMoments) * stride_),
          blurred_(static_cast<std::size_t>(kMoments) * kRows * stride_) {
        std::memset(rows_.data(), 0, sizeof(float) * kMoments * stride_);
    }
    int stride() const { return stride_; }
    float* row(int quantity) { return &rows_[quantity * stride_ + kLanes]; }
    float* blurred(int quantity, int row) {
        return &blurred_[(static_cast<std::size_t>(quantity) * kRows + row) * stride_];
    }
    void clear(int quantity, int row) {
        std::memset(blurred(quantity, row), 0, stride_ * sizeof(float));
    }

  private:
    int stride_;
    Buffer<float> rows_, blurred_;
};

// The part of a channel a task works on: `rows` rows from `top` on.
struct Band {
    const float* picture;
    const float* target;
    int top, rows, height, width;

    const float* picture_row(int y) const { return picture + static_cast<int64_t>(y) * width; }
    const float* target_row(int y) const { return target + static_cast<int64_t>(y) * width; }
    bool outside(int y) const { return y < 0 || y >= height; }
};

// The moments of a band's rows, horizontally blurred; rows outside the picture are zeros.
void blur_moments(const Band& band, const Window& window, Scratch& scratch) {
    const int width = band.width;
    for (int i = 0; i < band.rows + 2 * kRadius; ++i) {
        const int y = band.top - kRadius + i;
        if (band.outside(y)) {
            for (int m = 0; m < kMoments; ++m) scratch.clear(m, i);
            continue;
        }
        const float* x_row = band.picture_row(y);
        const float* y_row = band.target_row(y);
        float* means = scratch.row(0);
        float* target_means = scratch.row(1);
        float* squares = scratch.row(2);
        float* products = scratch.row(3);
        int column = 0;
        for (; column + kLanes <= width; column += kLanes) {
            const Wide x = load(x_row + column), t = load(y_row + column);
            store(means + column, x);
            store(target_means + column, t);
            store(squares + column, fma(x, x, t * t));
            store(products + column, x * t);
        }
        for (; column < width; ++column) {
            const float x = x_row[column], t = y_row[column];
            means[column] = x;
            target_means[column] = t;
            squares[column] = x * x + t * t;
            products[column] = x * t;
        }
        for (int m = 0; m < kMoments; ++m) {
            blur_row(window, scratch.row(m), width, scratch.blurred(m, i));
        }
    }
}

// Store the first `count` lanes.
AVATAR_INLINE void store_some(float* to, Wide x, int count) {
    if (count == kLanes) {
        store(to, x);
        return;
    }
    alignas(64) float lanes[kLanes];
    store(lanes, x);
    std::memcpy(to, lanes, count * sizeof(float));
}

double sum_of_lanes(Wide x, int count) {
    alignas(64) float lanes[kLanes];
    store(lanes, x);
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += lanes[i];
    return sum;
}

// Call visit(x, y, how many lanes, blurred values by row) for the band's blocks of kAtOnce rows.
template <int kQuantities, typename Visit>
AVATAR_INLINE void each_block(const Band& band, const Window& window, Scratch& scratch,
                              Visit visit) {
    for (int from = 0; from < band.width; from += kColumns) {
        const int until = min(from + kColumns, band.width);
        for (int y = 0; y < band.rows; y += kAtOnce) {
            for (int x = from; x < until; x += kLanes) {
                Wide values[kQuantities][kAtOnce];
                for (int q = 0; q < kQuantities; ++q) {
                    blur_columns(window, scratch.blurred(q, y) + x, scratch.stride(), values[q]);
                }
                visit(x, y, min(kLanes, band.width - x), values);
            }
        }
    }
}

// Sum the similarity over a band and leave its slopes in `slopes`, if asked for.
double band_similarity(const Band& band, const Window& window, Scratch& scratch,
                       float* const* slopes) {
    double sum = 0;
    each_block<kMoments>(band, window, scratch, [&](int x, int y, int count, const auto& m) {
        Wide block = 0.0f;
        for (int i = 0; i < min(kAtOnce, band.rows - y); ++i) {
            const Similarity<Wide> s = similarity(m[0][i], m[1][i], m[2][i], m[3][i]);
            block = block + s.value;
            if (!slopes) continue;
            const int64_t place = static_cast<int64_t>(band.top + y + i) * band.width + x;
            store_some(slopes[0] + place, s.by_mean, count);
            store_some(slopes[1] + place, s.by_square, count);
            store_some(slopes[2] + place, s.by_product, count);
        }
        sum += sum_of_lanes(block, count);
    });
    return sum;
}

// Turn a band's slopes by moments into slopes by the picture, and add the L1 term's.
void band_gradient(const ImageLossInput& in, const Band& band, const Window& window,
                   float* const* slopes, Scratch& scratch, float* gradient) {
    const int width = band.width;
    for (int i = 0; i < band.rows + 2 * kRadius; ++i) {
        const int y = band.top - kRadius + i;
        for (int k = 0; k < kSlopes; ++k) {
            if (band.outside(y)) {
                scratch.clear(k, i);
                continue;
            }
            float* row = scratch.row(k);
            std::memcpy(row, slopes[k] + static_cast<int64_t>(y) * width, width * sizeof(float));
            blur_row(window, row, width, scratch.blurred(k, i));
        }
    }
    const double count = static_cast<double>(in.channels) * in.height * in.width;
    const Wide of_ssim = static_cast<float>(-in.ssim_weight / count);
    const Wide of_l1 = static_cast<float>((1.0 - in.ssim_weight) / count);
    const Wide zero = 0.0f, less = zero - of_l1;
    each_block<kSlopes>(band, window, scratch, [&](int x, int y, int count, const auto& slope) {
        for (int i = 0; i < min(kAtOnce, band.rows - y); ++i) {
            alignas(64) float rest[2][kLanes] = {};
            const float* from = band.picture_row(band.top + y + i) + x;
            const float* target = band.target_row(band.top + y + i) + x;
            if (count < kLanes) {
                std::memcpy(rest[0], from, count * sizeof(float));
                std::memcpy(rest[1], target, count * sizeof(float));
                from = rest[0];
                target = rest[1];
            }
            const Wide here = load(from), there = load(target);
            const Wide sign = select(here > there, of_l1, select(there > here, less, zero));
            const Wide by_moments =
                slope[0][i] + Wide(2.0f) * here * slope[1][i] + there * slope[2][i];
            store_some(gradient + static_cast<int64_t>(band.top + y + i) * width + x,
                       fma(of_ssim, by_moments, sign), count);
        }
    });
}

double band_l1(const Band& band) {
    double sum = 0;
    for (int y = band.top; y < band.top + band.rows; ++y) {
        const float* picture = band.picture_row(y);
        const float* target = band.target_row(y);
        Wide row = 0.0f;
        int x = 0;
        for (; x + kLanes <= band.width; x += kLanes) {
            const Wide difference = load(picture + x) - load(target + x);
            row = row + max(difference, Wide(0.0f) - difference);
        }
        for (; x < band.width; ++x) sum += std::fabs(picture[x] - target[x]);
        sum += sum_of_lanes(row, kLanes);
    }
    return sum;
}

}  // namespace

void image_loss(const ImageLossInput& in, float* loss, float* gradient) {
    const Window window;
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    const int bands = (in.height + kBand - 1) / kBand;
    const int64_t tasks = static_cast<int64_t>(bands) * in.channels;
    Buffer<double> l1(tasks + 1), ssim(tasks + 1);
    Buffer<float> slope_maps(gradient ? kSlopes * area * in.channels : 1);
#pragma omp parallel num_threads(in.place.threads)
    {
        Scratch scratch(in.width);
        const auto band_of = [&](int64_t task) {
            const int64_t channel = task / bands;
            const int top = static_cast<int>(task % bands) * kBand;
            return Band{in.picture + channel * area,
                        in.target + channel * area,
                        top,
                        min(kBand, in.height - top),
                        in.height,
                        in.width};
        };
        const auto slopes_of = [&](int64_t task, float** slopes) {
            for (int k = 0; k < kSlopes; ++k) {
                slopes[k] = slope_maps.data() + (kSlopes * (task / bands) + k) * area;
            }
        };
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < tasks; ++task) {
            const Band band = band_of(task);
            float* slopes[kSlopes];
            slopes_of(task, slopes);
            blur_moments(band, window, scratch);
            ssim[task] = band_similarity(band, window, scratch, gradient ? slopes : nullptr);
            l1[task] = band_l1(band);
        }
#pragma omp for schedule(dynamic, 1)
        for (int64_t task = 0; task < (gradient ? tasks : 0); ++task) {
            float* slopes[kSlopes];
            slopes_of(task, slopes);
            band_gradient(in, band_of(task), window, slopes, scratch,
                          gradient + task / bands * area);
        }
    }
    double l1_sum = 0, ssim_sum = 0;
    for (int64_t task = 0; task < tasks; ++task) {
        l1_sum += l1[task];
        ssim_sum += ssim[task];
    }
    const double count = static_cast<double>(area) * in.channels;
    *loss = static_cast<float>((1.0 - in.ssim_weight) * l1_sum / count +
                               in.ssim_weight * (1.0 - ssim_sum / count));
}

}  // namespace avatar::AVATAR_ISA
