package main

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process used between two moments, or since its start.
type usage struct {
	CPU, Wall time.Duration
	Mallocs   uint64
}

// percent returns the CPU time as a percentage of one core.
func (u usage) percent() float64 {
	if u.Wall <= 0 {
		return 0
	}
	return 100 * u.CPU.Seconds() / u.Wall.Seconds()
}

// meter measures a process's usage.
type meter struct {
	start time.Time
	cpu   time.Duration
	heap  uint64
}

// newMeter starts to measure.
func newMeter() (*meter, error) {
	cpu, err := cpuTime()
	if err != nil {
		return nil, err
	}
	return &meter{start: time.Now(), cpu: cpu, heap: mallocs()}, nil
}

// read returns the usage so far.
func (m *meter) read() (usage, error) {
	wall := time.Since(m.start)
	cpu, err := cpuTime()
	if err != nil {
		return usage{}, err
	}
	return usage{CPU: cpu - m.cpu, Wall: wall, Mallocs: mallocs() - m.heap}, nil
}

// cpuTime returns the user and system time of this process, all threads.
func cpuTime() (time.Duration, error) {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return 0, fmt.Errorf("peers: getrusage: %w", err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// mallocs returns the number of objects ever allocated on the Go heap. It stops
// the world for some microseconds: never within what is measured.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
