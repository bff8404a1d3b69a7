package proc

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// A Process is a process that was started. Its methods may be called from any
// goroutine.
type Process struct {
	os         *os.Process
	pid        int
	sweepGroup bool
	stdio      *stdio
	readers    sync.WaitGroup

	reaped chan struct{}
	done   chan struct{}
	exit   Exit // written before reaped is closed

	// reaping is held for reading while the process is addressed by its id,
	// which may mean another process as soon as it has been reaped.
	reaping sync.RWMutex
}

func newProcess(started *os.Process, c *Command, stdio *stdio) *Process {
	p := &Process{
		os:         started,
		pid:        started.Pid,
		sweepGroup: c.SweepGroup,
		stdio:      stdio,
		reaped:     make(chan struct{}),
		done:       make(chan struct{}),
	}
	stdio.pass(&p.readers)
	go p.watch()
	return p
}

// watch sees the process to its end.
func (p *Process) watch() {
	awaitDeath(p.pid)
	p.reap()
	p.stdio.expire()
	p.readers.Wait()
	close(p.done)
}

func (p *Process) reap() {
	p.reaping.Lock()
	defer p.reaping.Unlock()
	if p.sweepGroup {
		// It fails if the process has left the group it led, or if what is left
		// of it runs as another user: neither is in our hands.
		_ = killGroup(p.pid)
	}
	p.exit = newExit(p.os.Wait())
	close(p.reaped)
}

// Pid returns the process id. Another process may bear it once this one has
// been reaped.
func (p *Process) Pid() int { return p.pid }

// Reaped returns a channel that is closed as soon as the process is dead and
// its status known. None of its threads runs any more: it can no longer store
// to any memory.
func (p *Process) Reaped() <-chan struct{} { return p.reaped }

// Done returns a channel that is closed when the process has been reaped and
// everything it wrote has been passed on. It is closed at most 100 ms after the
// death, plus the time that the LineFuncs take, even if a descendant holds the
// output open; its descriptors in this process are closed then, and such a
// descendant gets SIGPIPE for what it writes.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive reports whether the process has not been reaped yet.
func (p *Process) Alive() bool {
	select {
	case <-p.reaped:
		return false
	default:
		return true
	}
}

// Exit returns how the process ended. It blocks until the process is reaped.
func (p *Process) Exit() Exit {
	<-p.reaped
	return p.exit
}

// Signal sends sig to the process alone. It returns an error that wraps
// [os.ErrProcessDone] if it has been reaped.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.os.Signal(sig); err != nil {
		return fmt.Errorf("proc: signal %d (%v) to process %d: %w", int(sig), sig, p.pid, err)
	}
	return nil
}

// KillGroup sends SIGKILL to the process, and to all its descendants that have
// not left its group. It returns an error that wraps [os.ErrProcessDone] if the
// process has been reaped: its group's id is not safe to use any more, however
// many descendants live on. Command.SweepGroup ends those in time.
func (p *Process) KillGroup() error {
	err := p.addressed(func() error {
		err := killGroup(p.pid)
		if errors.Is(err, syscall.ESRCH) {
			err = nil // all have left the group
		}
		// The process itself may be in another group.
		return errors.Join(err, p.os.Kill())
	})
	if err != nil {
		return fmt.Errorf("proc: killing the group of process %d: %w", p.pid, err)
	}
	return nil
}

// addressed calls f while the process's id is certain to mean this process. It
// returns os.ErrProcessDone if that time is over.
func (p *Process) addressed(f func() error) error {
	p.reaping.RLock()
	defer p.reaping.RUnlock()
	if !p.Alive() {
		return os.ErrProcessDone
	}
	return f()
}
