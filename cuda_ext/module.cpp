// The native module `avatar._native`: raw addresses in, nothing out.
//
// Only `avatar/ops` calls it. Shapes, dtypes, devices and contiguity are checked there, once, and
// the tensors are kept alive there for the length of the call.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "common/bind.h"
#include "common/instruction_sets.h"

namespace nb = nanobind;

NB_MODULE(_native, module) {
    module.def("instruction_sets", &avatar::instruction_sets);
    module.def("instruction_set",
               [] { return std::string(avatar::active_kernels().instruction_set); });
    module.def("use_instruction_set", &avatar::use_instruction_set, nb::arg("name"));
    avatar::bind_antialias(module);
    avatar::bind_image_loss(module);
    avatar::bind_interpolate(module);
    avatar::bind_sample_texture(module);
    avatar::bind_rasterize_mesh(module);
    avatar::bind_rasterize_splats(module);
    avatar::bind_skin(module);
#ifdef AVATAR_WITH_CUDA
    avatar::bind_rasterize_splats_on_gpu(module);
#endif
}
