package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// affinity returns the cores of the thread tid, ascending; a process id means
// its main thread.
func affinity(tid int) ([]int, error) {
	set := unix.NewCPUSet(maxCores)
	if err := unix.SchedGetaffinityDynamic(tid, set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	cores := make([]int, 0, set.Count())
	for core := 0; len(cores) < cap(cores); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// pinThread confines the calling thread to cores. The kernel leaves out those
// it does not have: check them first.
func pinThread(cores []int) error {
	set := unix.NewCPUSet(maxCores)
	for _, core := range cores {
		set.Set(core)
	}
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinityDynamic(0, set))
}

// onMainThread reports whether the calling goroutine runs on the main thread.
func onMainThread() bool { return unix.Gettid() == os.Getpid() }
