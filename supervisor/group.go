package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// Group is a list of processes: workers started, waited for and ended as a
// unit, without shared memory, messages or names. Their Print goes to standard
// output and their Input reports worker.ErrNotSupervised. The zero value is an
// empty list. Its methods may be called from any goroutine.
type Group struct {
	// Stdout and Stderr take what the processes write. Nil means os.Stdout and
	// os.Stderr. They are set before Start.
	Stdout, Stderr io.Writer

	mu      sync.Mutex
	specs   []worker.Spec
	members []*groupMember
	spawner *proc.Spawner
	ended   chan struct{} // closed when all have ended
	writing sync.Mutex
}

// groupMember is one started process.
type groupMember struct {
	label   string
	kind    string
	id      worker.ID
	process *proc.Process
	err     error // how it failed; valid after done
	done    chan struct{}
}

// Add adds a worker to the list. Nothing is started.
func (g *Group) Add(specs ...worker.Spec) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		return fmt.Errorf("%w: add to a list that has been started", ErrState)
	}
	for _, spec := range specs {
		if err := spec.Check(); err != nil {
			return fmt.Errorf("supervisor: add process %q: %w", label(spec), err)
		}
	}
	g.specs = append(g.specs, specs...)
	return nil
}

// Len returns the number of workers in the list.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.specs)
}

// PIDs returns the process ids, empty before Start.
func (g *Group) PIDs() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var pids []int
	for _, m := range g.members {
		pids = append(pids, m.process.Pid())
	}
	return pids
}

// ExitCodes returns the exit codes of the processes in the order of the list,
// empty before Start: -1 for one that has not ended, and for one that a signal
// has ended.
func (g *Group) ExitCodes() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var codes []int
	for _, m := range g.members {
		code := -1
		if !m.process.Alive() {
			code = m.process.Exit().Code
		}
		codes = append(codes, code)
	}
	return codes
}

// Start starts all processes, in the order they were added. If one cannot be
// started, those before it are ended.
func (g *Group) Start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		return fmt.Errorf("%w: the list has been started", ErrState)
	}
	cores, err := newCoreTable()
	if err != nil {
		return err
	}
	g.ended = make(chan struct{})
	g.spawner = proc.NewSpawner()
	for i, spec := range g.specs {
		m, err := g.start(i, spec, cores)
		if err != nil {
			g.kill()
			go g.sweep()
			return err
		}
		g.members = append(g.members, m)
	}
	go g.sweep()
	return nil
}

func (g *Group) start(i int, spec worker.Spec, cores *coreTable) (*groupMember, error) {
	chosen, err := cores.choose(spec, label(spec))
	if err != nil {
		return nil, err
	}
	l := launch{spawner: g.spawner, stdout: g.lines(g.Stdout, os.Stdout), stderr: g.lines(g.Stderr, os.Stderr)}
	m := &groupMember{label: label(spec), kind: spec.Kind, id: worker.MakeID(i+1, 1), done: make(chan struct{})}
	var conn *control.Conn
	if m.process, conn, err = l.start(spec, i+1, chosen); err != nil {
		return nil, err
	}
	go m.follow(conn, control.Welcome{
		Version: control.Version, Layout: shm.Version, Slot: i + 1, ID: uint64(m.id), Name: spec.Name,
		Worker: spec.Kind, Cores: chosen, SupervisorPID: os.Getpid(), ArgsSize: int64(len(spec.Args)),
	})
	return m, nil
}

// lines passes whole lines on.
func (g *Group) lines(to, standard io.Writer) proc.LineFunc {
	if to == nil {
		to = standard
	}
	return func(line string) {
		g.writing.Lock()
		defer g.writing.Unlock()
		_, _ = io.WriteString(to, line+"\n")
	}
}

// follow shakes hands with a process and notes how it ends.
func (m *groupMember) follow(conn *control.Conn, welcome control.Welcome) {
	defer close(m.done)
	defer conn.Close()
	var failure *control.Failure
	orderly := false
	_, err := greet(conn, m.label)
	if err == nil {
		err = conn.Send(control.Frame{Kind: control.KindWelcome, Welcome: &welcome}, nil)
	} else {
		_ = m.process.KillGroup()
	}
	for received := error(nil); err == nil && received == nil; {
		var frame control.Frame
		frame, _, received = conn.Receive()
		orderly = orderly || frame.Kind == control.KindEnded
		if frame.Kind == control.KindFailed {
			failure = frame.Failure
		}
	}
	<-m.process.Done()
	reason, stack := "exit", ""
	switch exit := m.process.Exit(); {
	case failure != nil:
		reason, stack, err = failure.Reason, failure.Stack, worker.FailureError(failure)
	case err != nil:
		reason = "start"
	case orderly && exit.Success():
		return
	default:
		err = fmt.Errorf("process %d: %v", m.process.Pid(), exit)
	}
	m.err = &worker.Error{Name: m.label, Kind: m.kind, ID: m.id, Reason: reason, Stack: stack, Err: err}
}

// sweep waits for all processes and lets go of the spawner.
func (g *Group) sweep() {
	g.mu.Lock()
	members := g.members
	g.mu.Unlock()
	for _, m := range members {
		<-m.done
	}
	g.spawner.Close()
	close(g.ended)
}

// Wait waits until all processes have ended and returns how they failed, joined;
// nil if none did. When ctx ends first it returns the cause, and the processes
// live on.
func (g *Group) Wait(ctx context.Context) error {
	g.mu.Lock()
	ended := g.ended
	g.mu.Unlock()
	if ended == nil {
		return fmt.Errorf("%w: the list has not been started", ErrState)
	}
	select {
	case <-ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var problems []error
	for _, m := range g.members {
		problems = append(problems, m.err)
	}
	return errors.Join(problems...)
}

// Alive reports whether any process of the list lives.
func (g *Group) Alive() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.members {
		if m.process.Alive() {
			return true
		}
	}
	return false
}

// Terminate kills all processes of the list, with the processes they started.
// Wait then returns when they are gone.
func (g *Group) Terminate() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kill()
}

func (g *Group) kill() {
	for _, m := range g.members {
		_ = m.process.KillGroup() // it may have ended by itself
	}
}
