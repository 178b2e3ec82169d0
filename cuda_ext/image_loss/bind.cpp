#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

void image_loss(uintptr_t picture, uintptr_t target, int channels, int height, int width,
                float ssim_weight, const PlaceArguments& place, uintptr_t loss,
                uintptr_t gradient) {
    const ImageLossInput in{pointer<const float>(picture),
                            pointer<const float>(target),
                            channels,
                            height,
                            width,
                            ssim_weight,
                            place_of(place)};
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).image_loss(in, pointer<float>(loss), pointer<float>(gradient));
}

}  // namespace

void bind_image_loss(nb::module_& module) {
    module.def("image_loss", &image_loss);
}

}  // namespace avatar
