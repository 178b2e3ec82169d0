// The native module `avatar._native`: raw addresses in, nothing out.
//
// Only `avatar/ops` calls it. Shapes, dtypes, devices and contiguity are checked there, once, and
// the tensors are kept alive there for the length of the call.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "common/dispatch.h"

namespace nb = nanobind;

namespace {

using avatar::Kernels;

// What this CPU can run, best last.
std::vector<const Kernels*> supported_kernels() {
    std::vector<const Kernels*> found{&avatar::baseline::kernels};
#ifdef AVATAR_X86_DISPATCH
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        found.push_back(&avatar::avx2::kernels);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            found.push_back(&avatar::avx512::kernels);
        }
    }
#endif
    return found;
}

const Kernels*& active() {
    static const Kernels* kernels = supported_kernels().back();
    return kernels;
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Kernels* kernels : supported_kernels()) {
        names.emplace_back(kernels->instruction_set);
    }
    return names;
}

void use_instruction_set(const std::string& name) {
    for (const Kernels* kernels : supported_kernels()) {
        if (name == kernels->instruction_set) {
            active() = kernels;
            return;
        }
    }
    throw std::invalid_argument("this CPU has no instruction set " + name);
}

template <typename T>
T* pointer(uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

void rasterize_mesh(uintptr_t pixels, uintptr_t depths, uintptr_t faces, int64_t face_count,
                    int height, int width, bool cull_back, float near, int threads,
                    uintptr_t out_triangles, uintptr_t out_barycentrics, uintptr_t out_depths) {
    const avatar::RasterizeMeshInput in{pointer<const float>(pixels),
                                        pointer<const float>(depths),
                                        pointer<const int64_t>(faces),
                                        face_count,
                                        height,
                                        width,
                                        cull_back,
                                        near,
                                        threads};
    const avatar::RasterizeMeshOutput out{pointer<int64_t>(out_triangles),
                                          pointer<float>(out_barycentrics),
                                          pointer<float>(out_depths)};
    nb::gil_scoped_release unlocked;
    active()->rasterize_mesh(in, out);
}

}  // namespace

NB_MODULE(_native, module) {
    module.def("instruction_sets", &instruction_sets);
    module.def("instruction_set", [] { return std::string(active()->instruction_set); });
    module.def("use_instruction_set", &use_instruction_set, nb::arg("name"));
    module.def("rasterize_mesh", &rasterize_mesh, nb::arg("pixels"), nb::arg("depths"),
               nb::arg("faces"), nb::arg("face_count"), nb::arg("height"), nb::arg("width"),
               nb::arg("cull_back"), nb::arg("near"), nb::arg("threads"), nb::arg("out_triangles"),
               nb::arg("out_barycentrics"), nb::arg("out_depths"));
}
