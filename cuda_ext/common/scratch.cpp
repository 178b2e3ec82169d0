#include "common/scratch.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

namespace avatar {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr std::size_t kSmall = std::size_t{1} << 16;  // is left to the system
constexpr std::size_t kMostKept = std::size_t{1} << 28;

// Sizes are rounded up to a sixteenth of a power of two, so that scenes that grow find what they
// left behind.
std::size_t rounded(std::size_t size) {
    std::size_t step = kSmall / 16;
    while (step * 32 < size) step *= 2;
    return (size + step - 1) / step * step;
}

class Pool {
  public:
    void* take(std::size_t size) {
        {
            const std::lock_guard<std::mutex> locked(mutex_);
            const auto found = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                            [&](const Block& block) { return block.size == size; });
            if (found != blocks_.rend()) {
                void* memory = found->memory;
                kept_ -= size;
                blocks_.erase(std::next(found).base());
                return memory;
            }
        }
        return ::operator new(size, kAlignment);
    }

    void give_back(void* memory, std::size_t size) {
        const std::lock_guard<std::mutex> locked(mutex_);
        blocks_.push_back({memory, size});
        kept_ += size;
        while (kept_ > kMostKept) {  // what was not asked for the longest goes first
            kept_ -= blocks_.front().size;
            ::operator delete(blocks_.front().memory, kAlignment);
            blocks_.erase(blocks_.begin());
        }
    }

  private:
    struct Block {
        void* memory;
        std::size_t size;
    };
    std::mutex mutex_;
    std::vector<Block> blocks_;
    std::size_t kept_ = 0;
};

Pool& pool() {
    static Pool* const kept = new Pool;  // outlives every thread
    return *kept;
}

// Where mistakes with memory are looked for, it has to come from the system.
bool pooled(std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
    (void)size;
    return false;
#else
    return size >= kSmall;
#endif
}

}  // namespace

void* take_scratch(std::size_t size) {
    return pooled(size) ? pool().take(rounded(size)) : ::operator new(size, kAlignment);
}

void return_scratch(void* memory, std::size_t size) {
    if (pooled(size)) {
        pool().give_back(memory, rounded(size));
    } else {
        ::operator delete(memory, kAlignment);
    }
}

}  // namespace avatar
