package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// maxCores bounds the core numbers that are looked at.
const maxCores = 1024

// allowedCores returns the cores this process may run on, ascending.
func allowedCores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("peers: sched_getaffinity: %w", err)
	}
	var cores []int
	for core := range maxCores {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// checkCores checks the cores for the two ends.
func checkCores(cores []int) error {
	allowed, err := allowedCores()
	if err != nil {
		return err
	}
	for _, core := range cores {
		if !slices.Contains(allowed, core) {
			return fmt.Errorf("%w: core %d is not one of %v, which this process may use", errUsage, core, allowed)
		}
	}
	if len(cores) != 2 || cores[0] == cores[1] {
		return fmt.Errorf("%w: cores %v: two different ones are needed, one for each end", errUsage, cores)
	}
	return nil
}

// startPinned starts a process on one core. A process inherits the affinity of
// the thread that starts it, so every thread it will have is confined, and the
// Go runtime in it takes the core for all there are (GOMAXPROCS is 1).
func startPinned(c *exec.Cmd, core int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, pinned unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("peers: sched_getaffinity: %w", err)
	}
	pinned.Set(core)
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		return fmt.Errorf("peers: pin to core %d: %w", core, err)
	}
	startErr := c.Start()
	if err := unix.SchedSetaffinity(0, &before); err != nil {
		return fmt.Errorf("peers: undo the pinning: %w", err)
	}
	return startErr
}
