package worker

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Worker is this process as a member of a run. Its methods and the functions
// that take it may be called from any goroutine unless they say otherwise.
type Worker struct {
	config    Config
	port      *ring.Port // nil without a supervisor
	memory    *memory
	directory *ring.Directory
	encoder   *codec.Encoder

	outs    []out // by slot
	catalog atomic.Pointer[catalog]
	hearing sync.Map // *codec.Type → *audience
	turn    atomic.Uint32
	ready   sync.Once

	receiver
	calls

	ending atomic.Bool // told to finish, see Finish
}

// Config is what a worker is made of. Programs have no use for it: Main makes
// theirs, and package supervisor its own.
type Config struct {
	ID          ID
	Name        string
	Kind        string
	Build       uint64 // identifies the binary
	Incarnation uint32
	Cores       []int
	Resident    bool

	Port       ring.Config // Slot, Geometry, memory, …; Memory is set by Attach
	Directory  *ring.Directory
	Open       func(descriptor uint32) (*os.File, error) // a descriptor of the supervisor, read-only
	Files      Files
	MaxMessage int

	// Unhandled is called for an addressed message without a handler; nil
	// makes it a failure of the worker.
	Unhandled func(Envelope, string)

	// Corrupt is called with every lane that is quarantined; nil makes it a
	// failure of the worker.
	Corrupt func(error)
}

// Files passes descriptors through the supervisor, which holds them meanwhile.
type Files interface {
	ring.Blobs

	// Pass hands over a descriptor for the worker in a slot.
	Pass(file *os.File, slot int) (handle uint64, err error)

	// Take returns a passed descriptor, once.
	Take(handle uint64) (*os.File, error)
}

// Attach makes this process a member of a run. It is used by Main and by
// package supervisor.
func Attach(c Config) (*Worker, error) {
	mem := &memory{
		directory: c.Directory, open: c.Open,
		builds: make([]atomic.Uint64, c.Port.Geometry.Slots), mapped: map[place]*shm.Segment{},
	}
	c.Port.Memory = mem
	if c.Files != nil {
		c.Port.Blobs = c.Files
	}
	port, err := ring.NewPort(c.Port)
	if err != nil {
		return nil, err
	}
	w := &Worker{config: c, port: port, memory: mem, directory: c.Directory, outs: make([]out, c.Port.Geometry.Slots)}
	w.encoder = codec.NewEncoder(dictionary{port})
	w.receiver.init()
	w.calls.init()
	return w, nil
}

// alone returns a worker without a supervisor.
func alone(c Config) *Worker {
	w := &Worker{config: c}
	w.receiver.init()
	w.calls.init()
	return w
}

// dictionary lets the encoder write its descriptions into the outbox. The
// encoder's lock keeps its calls apart.
type dictionary struct{ port *ring.Port }

func (d dictionary) Append(entry []byte) (uint32, error) { return d.port.AppendDictionary(entry) }

// ID returns the worker's id.
func (w *Worker) ID() ID { return w.config.ID }

// Name returns the name by which others find this worker, empty for none.
func (w *Worker) Name() string { return w.config.Name }

// Kind returns the kind that this process runs.
func (w *Worker) Kind() string { return w.config.Kind }

// Core returns the core this worker is pinned to, or the one that it runs on at
// this moment where it may run on several.
func (w *Worker) Core() int {
	if len(w.config.Cores) == 1 {
		return w.config.Cores[0]
	}
	return ring.Core()
}

// Cores returns the cores this worker is pinned to, nil for all.
func (w *Worker) Cores() []int { return w.config.Cores }

// Supervised reports whether the worker is part of a run; without one it can
// only print and compute.
func (w *Worker) Supervised() bool { return w.port != nil }

// Port returns the worker's raw lanes, for code that wants to send bytes
// without types. It is nil without a supervisor.
func (w *Worker) Port() *ring.Port { return w.port }

// Ready tells everybody who waits for this worker, in Await, that its handlers
// are registered. The first Serve, Poll, Messages, Await, Send or Call does so
// too.
func (w *Worker) Ready() {
	w.ready.Do(func() {
		if w.port != nil {
			w.port.SetState(ring.StateReady)
		}
	})
}

// Finish tells the worker to return from Serve once it has handled what is
// there. It is how a resident ends.
func (w *Worker) Finish() {
	w.ending.Store(true)
	if w.port != nil {
		w.port.Interrupt()
	}
}

// Shut ends the taking of messages, handles those that were accepted before,
// and returns the first failure of a handler. Handlers run with ctx; when it is
// cancelled the rest stays unhandled and is counted by the supervisor. Main
// calls it after the body has returned.
func (w *Worker) Shut(ctx context.Context) error {
	if w.port == nil {
		return nil
	}
	w.Ready()
	if err := w.enter(); err != nil {
		return err
	}
	defer w.leave()
	if err := w.port.Shut(); err != nil {
		return fmt.Errorf("worker: end: %w", err)
	}
	w.shutting = true
	for !w.port.Drained() {
		if ctx.Err() != nil {
			return nil
		}
		if _, err := w.pass(ctx, nil); err != nil && err != Stop {
			return err
		}
	}
	if w.leftover > 0 {
		return sendSystem(ctx, w, Leftover{w.leftover})
	}
	return nil
}

// Close ends every wait of this worker and unmaps the memory of all others, of
// which nothing may be in use. Package supervisor calls it at the end of a run.
func (w *Worker) Close() {
	if w.port != nil {
		w.port.Close()
		w.memory.close()
	}
}

func (w *Worker) supervised(what string) error {
	if w.port == nil {
		return fmt.Errorf("%w: %s needs a supervisor", ErrNotSupervised, what)
	}
	return nil
}
