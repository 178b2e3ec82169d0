#include "common/bind.h"
#include "common/instruction_sets.h"

namespace nb = nanobind;

namespace avatar {
namespace {

double image_loss(uintptr_t picture, uintptr_t target, int channels, int height, int width,
                  float ssim_weight, int threads, uintptr_t gradient) {
    const ImageLossInput in{pointer<const float>(picture),
                            pointer<const float>(target),
                            channels,
                            height,
                            width,
                            ssim_weight,
                            threads};
    nb::gil_scoped_release unlocked;
    return active_kernels().image_loss(in, pointer<float>(gradient));
}

}  // namespace

void bind_image_loss(nb::module_& module) {
    module.def("image_loss", &image_loss);
}

}  // namespace avatar
