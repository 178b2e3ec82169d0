// The picture loss's interface; avatar/ops/image_loss.py says what it computes.
#pragma once

#include <cstdint>

#include "common/place.h"

namespace avatar {

struct ImageLossInput {
    const float* picture;  // channels x height x width
    const float* target;   // the same
    int channels, height, width;
    float ssim_weight;
    Place place;
};

// Fill `loss`, and `gradient`, its slope by the picture, unless that is null.
using ImageLoss = void (*)(const ImageLossInput&, float* loss, float* gradient);

}  // namespace avatar
