package proc

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// A Spawner starts processes from one OS thread of its own. Its methods may be
// called from any goroutine; starts are done one after the other.
type Spawner struct {
	jobs    chan func() // run on the thread
	closing chan struct{}
	closed  chan struct{} // the goroutine that owns the thread has returned
	once    sync.Once
}

// NewSpawner returns a Spawner with its thread running. The caller must Close
// it.
func NewSpawner() *Spawner {
	s := &Spawner{
		jobs:    make(chan func()),
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	locked := make(chan struct{})
	go s.run(locked)
	<-locked
	return s
}

// Close ends the Spawner and its thread; Start returns ErrClosed from then on.
// The end of the thread kills every process started here that still runs, so
// the usual time to call it is when all are Done. It waits for a Start under
// way, not for processes. Closing twice does nothing.
func (s *Spawner) Close() {
	s.once.Do(func() { close(s.closing) })
	<-s.closed
}

// run owns the thread. It returns without unlocking it, which ends the thread.
func (s *Spawner) run(locked chan<- struct{}) {
	runtime.LockOSThread()
	if onMainThread() {
		// The runtime never ends the main thread, so Close could not kill what
		// is left; and the main thread's affinity is what AllowedCores reads.
		// Hold it until a successor has another one.
		elsewhere := make(chan struct{})
		go s.run(elsewhere)
		<-elsewhere
		runtime.UnlockOSThread()
		close(locked)
		return
	}
	close(locked)
	defer close(s.closed)
	for {
		select {
		case job := <-s.jobs:
			job()
		case <-s.closing:
			return
		}
	}
}

// do runs f on the thread and waits for it.
func (s *Spawner) do(f func()) error {
	finished := make(chan struct{})
	job := func() {
		defer close(finished)
		f()
	}
	select {
	case s.jobs <- job:
		<-finished
		return nil
	case <-s.closing:
		return ErrClosed
	}
}

// Start starts the process that c describes, in a process group of its own, to
// be killed when this process dies. It returns once the program has been
// executed, or with ErrStart, ErrNoCore or ErrClosed; nothing is left behind
// then. It blocks as long as the operating system takes to load the program.
//
// The process has to be waited for by Done or Reaped if its end matters; it is
// reaped in any case.
func (s *Spawner) Start(c Command) (*Process, error) {
	if c.Path == "" {
		return nil, startError(&c, syscall.ENOENT)
	}
	stdio, err := openStdio(&c)
	if err != nil {
		return nil, startError(&c, err)
	}
	defer stdio.closeChild()

	attr := &os.ProcAttr{
		Dir:   c.Dir,
		Env:   c.environ(),
		Files: append(stdio.child(), c.Files...),
		Sys: &syscall.SysProcAttr{
			Pdeathsig: syscall.SIGKILL,
			Setpgid:   true,
		},
	}
	var started *os.Process
	doErr := s.do(func() { started, err = startPinned(&c, attr) })
	if doErr != nil {
		err = doErr
	}
	if err != nil {
		stdio.closeParent()
		return nil, err
	}
	return newProcess(started, &c, stdio), nil
}

// startPinned starts the process with its cores, on the calling thread.
func startPinned(c *Command, attr *os.ProcAttr) (*os.Process, error) {
	free, err := AllowedCores()
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrStart, c.Path, err)
	}
	cores := free
	if len(c.Cores) > 0 {
		if err := checkCores(c.Cores, free); err != nil {
			return nil, err
		}
		cores = c.Cores
	}
	if err := pinThread(cores); err != nil {
		// They were allowed a moment ago.
		return nil, fmt.Errorf("%w: %s: the allowed cores are just being changed: %w", ErrNoCore, FormatCoreList(cores), err)
	}
	p, err := os.StartProcess(c.Path, c.args(), attr)
	if err != nil {
		err = startError(c, err)
	}
	// Should this fail, because the allowed cores have just changed, only an
	// idle thread is in the wrong place: each start sets its cores anew.
	_ = pinThread(free)
	return p, err
}
