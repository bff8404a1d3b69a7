package ring

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Core returns the core that the calling thread runs on at this moment, -1 if
// the kernel does not say.
func Core() int {
	var core uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&core)), 0, 0); errno != 0 {
		return -1
	}
	return int(core)
}
