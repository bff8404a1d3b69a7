package ring

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Futex operations on shared words: never PRIVATE, since waiter and waker are
// different processes. The constants are the kernel's (linux/futex.h); x/sys
// has none for them.
const (
	futexWakeOp       = 1
	futexWaitBitsetOp = 9
	futexAnyBit       = 0xffffffff
)

// futexWait sleeps while *addr is value, until the monotonic time deadline (0:
// for ever). It may return early for any reason: the caller looks at its words
// again. The deadline is absolute, so looping costs no clock reading.
//
// Syscall6 and not RawSyscall6: the runtime must know that this thread sleeps,
// or garbage collection would wait for it.
func futexWait(addr *atomic.Uint32, value uint32, deadline int64) {
	var at unsafe.Pointer
	if deadline > 0 {
		ts := unix.NsecToTimespec(deadline)
		at = unsafe.Pointer(&ts)
	}
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(addr)),
		futexWaitBitsetOp, uintptr(value), uintptr(at), 0, futexAnyBit)
}

// futexWake wakes up to n sleepers and returns how many there were. It does not
// sleep itself, so the runtime need not know of it.
func futexWake(addr *atomic.Uint32, n int) int {
	woken, _, errno := unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(addr)),
		futexWakeOp, uintptr(n), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(woken)
}

// monotonic returns CLOCK_MONOTONIC in nanoseconds, the clock of futexWait's
// deadlines.
func monotonic() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		panic("ring: no monotonic clock")
	}
	return ts.Nano()
}

func deadlineAfter(d time.Duration) int64 { return monotonic() + int64(d) }
