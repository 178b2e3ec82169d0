#include "common/instruction_sets.h"

#include <stdexcept>

namespace avatar {
namespace {

// What this CPU can run, best last.
std::vector<const Kernels*> supported_kernels() {
    std::vector<const Kernels*> found;
#ifdef AVATAR_EMULATED_GPU
    found.push_back(&emulated_gpu::kernels);
#endif
    found.push_back(&baseline::kernels);
#ifdef AVATAR_X86_DISPATCH
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        found.push_back(&avx2::kernels);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            found.push_back(&avx512::kernels);
        }
    }
#endif
    return found;
}

const Kernels*& active() {
    static const Kernels* kernels = supported_kernels().back();
    return kernels;
}

}  // namespace

const Kernels& active_kernels() {
    return *active();
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

}  // namespace avatar
