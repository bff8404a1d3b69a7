package ring

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Commands of membarrier(2), from linux/membarrier.h.
const (
	membarrierGlobalExpedited         = 1 << 1
	membarrierRegisterGlobalExpedited = 1 << 2
)

// RegisterBarrier declares that this process takes part in barriers. It must
// succeed before the process publishes its first record, in every process of a
// run, or all of them must use fences. It reports [ErrNotSupported] where the
// kernel or a filter refuses.
func RegisterBarrier() error { return registerOnce() }

var registerOnce = sync.OnceValue(func() error {
	if storesOrdered {
		return nil // nobody needs a barrier
	}
	if err := membarrier(membarrierRegisterGlobalExpedited); err != nil {
		return err
	}
	return membarrier(membarrierGlobalExpedited)
})

// barrier makes every running thread of every registered process execute a full
// barrier before it returns, and is one itself. It costs a fraction of a
// microsecond, some ten where it must interrupt a running peer.
func barrier() error {
	if storesOrdered {
		return nil
	}
	return membarrier(membarrierGlobalExpedited)
}

func membarrier(command uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, command, 0, 0); errno != 0 {
		return fmt.Errorf("%w: membarrier: %w", ErrNotSupported, errno)
	}
	return nil
}
