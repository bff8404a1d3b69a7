package shm

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Uint64 returns the word at mem[offset:] for atomic access by any process that
// maps it. It panics when the word is outside mem or not 8-byte aligned, which
// is a mistake in a layout and never a matter of input.
func Uint64(mem []byte, offset int) *atomic.Uint64 {
	return (*atomic.Uint64)(word(mem, offset, 8))
}

// Uint32 is [Uint64] for a word of four bytes.
func Uint32(mem []byte, offset int) *atomic.Uint32 {
	return (*atomic.Uint32)(word(mem, offset, 4))
}

// Plain64 returns the word at mem[offset:] for plain loads and stores by its
// only writer. It panics like [Uint64].
func Plain64(mem []byte, offset int) *uint64 {
	return (*uint64)(word(mem, offset, 8))
}

func word(mem []byte, offset, size int) unsafe.Pointer {
	if offset < 0 || offset > len(mem)-size {
		panic(fmt.Sprintf("shm: word of %d bytes at %d is outside %d bytes", size, offset, len(mem)))
	}
	p := unsafe.Pointer(unsafe.SliceData(mem))
	p = unsafe.Add(p, offset)
	if uintptr(p)%uintptr(size) != 0 {
		panic(fmt.Sprintf("shm: word of %d bytes at %d is not aligned", size, offset))
	}
	return p
}

// Aligned returns size zero bytes of ordinary memory whose first byte is
// aligned like a segment's (to LineSize): what tests use in place of a segment
// where the race detector is to see every access.
func Aligned(size int) []byte {
	buf := make([]byte, size+LineSize)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))) & (LineSize - 1)
	return buf[skip : skip+size : skip+size]
}
