// Where an op runs: on the CPU's threads, or in a stream of a GPU.
#pragma once

#include "common/allocator.h"

namespace avatar {

struct Place {
    int threads;        // of the CPU; 0 on a GPU
    void* stream;       // of the GPU: everything happens in its order, nothing waits for it
    Allocator scratch;  // memory of the GPU, free to be taken again when the call returns
};

}  // namespace avatar
