//go:build !(amd64 || arm64) || purego || race

package ring

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
)

// storeRelease is Go's atomic store, which is stronger than needed. The race
// detector builds use it too: it sees atomics and cannot see assembly.
func storeRelease(addr *atomic.Uint64, v uint64) { addr.Store(v) }

// storePlain is Go's atomic store here, see storeRelease.
func storePlain(addr *atomic.Uint64, v uint64) { addr.Store(v) }

// pause spends about the time of n spin hints; the loop is what is left where
// there is no such instruction to be had.
func pause(n uint32) {
	for range n * 8 {
		spun.Load()
	}
}

var spun atomic.Uint32

// goroutine returns a number that tells the calling goroutine from all others
// alive. Without assembly the only place that has one is the stack's text.
func goroutine() uintptr {
	var buf [64]byte
	text := buf[:runtime.Stack(buf[:], false)]
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	if i := bytes.IndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		panic("ring: no goroutine number in a stack's text")
	}
	return uintptr(n)
}
