package ring

import "golang.org/x/sys/unix"

// osYield lets another thread of this core run.
func osYield() {
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
}
