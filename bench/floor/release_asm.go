//go:build (amd64 || arm64) && !purego && !race

package floor

import "sync/atomic"

// publish stores v with release order and nothing more.
//
//go:noescape
func publish(addr *atomic.Uint64, v uint64)

// pause tells the core that this is a spin loop.
func pause()

// ticks reads the core's counter of time. It costs a few nanoseconds, a third
// of what the kernel's clock does.
func ticks() int64
