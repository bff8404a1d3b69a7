//go:build (amd64 || arm64) && !purego && !race

package ring

import "sync/atomic"

// storeRelease stores v with release order and nothing more: a plain MOV on
// amd64, STLR on arm64. Go's own atomic store is an XCHG on amd64, which costs
// as much as everything else in sending a small record.
//
// On amd64 the store may still wait in the store buffer when later loads run;
// docs/wire-format.md says why that is sound here (the receiver's membarrier).
//
//go:noescape
func storeRelease(addr *atomic.Uint64, v uint64)

// pause tells the core n times that this is a spin loop: PAUSE on amd64, YIELD
// on arm64. It cannot be preempted; n stays below a few dozen.
func pause(n uint32)

// goroutine returns a number that tells the calling goroutine from all others
// alive, and nothing else: the address of the runtime's record of it.
func goroutine() uintptr
