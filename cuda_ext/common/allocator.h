// Memory of the caller's, for results whose size a kernel finds out.
#pragma once

#include <cstddef>

namespace avatar {

// `allocate` returns 64-byte aligned memory, or null.
struct Allocator {
    void* (*allocate)(void* context, std::size_t bytes);
    void* context;
};

}  // namespace avatar
