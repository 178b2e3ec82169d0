// The picture loss's interface; avatar/ops/image_loss.py says what it computes.
#pragma once

#include <cstdint>

namespace avatar {

struct ImageLossInput {
    const float* picture;  // channels x height x width
    const float* target;   // the same
    int channels, height, width;
    float ssim_weight;
    int threads;
};

// Returns the loss; fills `gradient`, its slope by the picture, unless that is null.
using ImageLoss = double (*)(const ImageLossInput&, float* gradient);

}  // namespace avatar
