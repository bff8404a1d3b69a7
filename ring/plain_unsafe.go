//go:build (amd64 || arm64) && !purego && !race

package ring

import (
	"sync/atomic"
	"unsafe"
)

// storePlain stores v without any order: for a word that others look at when
// something else has told them that they may. It is inlined, which a function in
// assembly never is.
func storePlain(addr *atomic.Uint64, v uint64) { *(*uint64)(unsafe.Pointer(addr)) = v }
