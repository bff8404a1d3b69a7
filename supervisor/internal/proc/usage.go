package proc

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
)

// clockTick is the unit of CPU time in /proc: 1/100 s on every architecture.
const clockTick = 10 * time.Millisecond

// Usage is what a process has used so far.
type Usage struct {
	UserTime, SystemTime time.Duration // CPU time of all its threads; in steps of 10 ms while it lives
	RSS                  int64         // resident memory in bytes; 0 after its end
	MaxRSS               int64         // the most resident memory in bytes; see Exit.MaxRSS for after its end
}

// Usage reads what the process has used from /proc, or from its exit status
// once it has been reaped. It takes some tens of microseconds and allocates.
func (p *Process) Usage() (Usage, error) {
	var usage Usage
	err := p.addressed(func() (err error) {
		usage, err = liveUsage(p.pid)
		return err
	})
	if errors.Is(err, os.ErrProcessDone) {
		exit := p.Exit()
		return Usage{UserTime: exit.UserTime, SystemTime: exit.SystemTime, MaxRSS: exit.MaxRSS}, nil
	}
	return usage, p.procError(err)
}

func liveUsage(pid int) (Usage, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return Usage{}, err
	}
	stat, err := proc.Stat()
	if err != nil {
		return Usage{}, err
	}
	status, err := proc.NewStatus()
	if err != nil {
		return Usage{}, err
	}
	return Usage{
		UserTime:   time.Duration(stat.UTime) * clockTick,
		SystemTime: time.Duration(stat.STime) * clockTick,
		RSS:        int64(status.VmRSS),
		MaxRSS:     int64(status.VmHWM),
	}, nil
}

// Cores reads back the cores of the process, those of its main thread, in
// ascending order. It returns an error that wraps [os.ErrProcessDone] after the
// process's end.
func (p *Process) Cores() ([]int, error) {
	var cores []int
	err := p.addressed(func() (err error) {
		cores, err = affinity(p.pid)
		return err
	})
	return cores, p.procError(err)
}

// LastCore returns the core that the main thread of the process has run on
// last. It returns an error that wraps [os.ErrProcessDone] after the process's
// end.
func (p *Process) LastCore() (int, error) {
	var core int
	err := p.addressed(func() error {
		proc, err := procfs.NewProc(p.pid)
		if err != nil {
			return err
		}
		stat, err := proc.Stat()
		core = int(stat.Processor)
		return err
	})
	return core, p.procError(err)
}

func (p *Process) procError(err error) error {
	if err != nil {
		return fmt.Errorf("proc: process %d: %w", p.pid, err)
	}
	return nil
}
