//go:build !(amd64 || arm64) || purego || race

package floor

import (
	"sync/atomic"
	"time"
)

// publish is Go's atomic store, which is stronger than needed.
func publish(addr *atomic.Uint64, v uint64) { addr.Store(v) }

// pause does nothing where there is no such instruction to be had.
func pause() {}

var ticksBase = time.Now()

// ticks reads the clock of the runtime.
func ticks() int64 { return int64(time.Since(ticksBase)) }
