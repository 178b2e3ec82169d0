// Several arrays in one block of memory.
#pragma once

#include <cstddef>

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

// Hands out aligned pieces of a block of memory, which has to be aligned itself; with null, only
// adds them up.
class Carver {
  public:
    explicit Carver(void* memory, std::size_t alignment = 64)
        : memory_(static_cast<char*>(memory)), alignment_(alignment) {}
    template <typename T>
    T* take(std::size_t count) {
        T* piece = reinterpret_cast<T*>(memory_ + used_);
        used_ += (count * sizeof(T) + alignment_ - 1) / alignment_ * alignment_;
        return piece;
    }
    std::size_t used() const { return used_; }

  private:
    char* memory_;
    std::size_t alignment_;
    std::size_t used_ = 0;
};

}  // namespace avatar::AVATAR_ISA
