package ring

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a program needs that measures the machine without the engine, to have
// something to compare the engine with. Nothing in this package uses it.

// BareWait sleeps on a futex word while it holds value, for limit at most, and
// may return early. The word may lie in memory shared between processes.
//
// It is the bare system call, without the notice to Go's scheduler: a garbage
// collection of this process waits until it returns. So it is for loops that do
// not allocate, with a limit of milliseconds. Any goroutine may call it; it
// allocates nothing.
func BareWait(word *atomic.Uint32, value uint32, limit time.Duration) {
	ts := unix.NsecToTimespec(deadlineAfter(limit))
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)),
		futexWaitBitsetOp, uintptr(value), uintptr(unsafe.Pointer(&ts)), 0, futexAnyBit)
}

// BareWake wakes up to n sleepers of a futex word, of any process, and returns
// how many there were. It does not block. Any goroutine may call it.
func BareWake(word *atomic.Uint32, n int) int { return futexWake(word, n) }

// BareYield lets another thread of this core run, if one wants to.
func BareYield() { osYield() }
