package worker

import (
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// maxName is the longest name of a worker or a kind, in bytes.
const maxName = ring.MaxName

// Spec describes one worker. It is a plain value: the methods return changed
// copies, and nothing happens until it is added to a supervisor.
type Spec struct {
	Kind string // what to run; may be empty for a binary that defines one kind
	Name string // by which others find it; empty: they cannot
	Args []byte // encoded start arguments

	Path string   // binary to start; empty: this program again
	Argv []string // further command-line arguments for it
	Env  []string // further environment, as KEY=value
	Dir  string   // working folder; empty: the supervisor's

	Pin       Pinning
	Cores     []int // cores to run on, with PinCores
	Exclusive bool  // nobody else may be pinned to these cores

	IsResident bool          // ends after all others and does not keep the run alive
	Wait       ring.Strategy // how it waits for mail
	MaxProcs   int           // GOMAXPROCS of the process; 0: 2

	err error
}

// Pinning says which cores a worker's process may run on.
type Pinning uint8

// The ways of pinning. The zero value is PinTurn.
const (
	PinTurn  Pinning = iota // one core, given out in turn over those allowed
	PinCores                // the cores in Spec.Cores
	PinNone                 // all cores
)

// Named returns a copy with another name; the empty name makes a worker that
// can send and print and cannot be found.
func (s Spec) Named(name string) Spec {
	s.Name = name
	return s
}

// OfKind returns a copy that runs another kind, with encoded arguments kept.
func (s Spec) OfKind(kind string) Spec {
	s.Kind = kind
	if s.Name == "" {
		s.Name = kind
	}
	return s
}

// OnCore returns a copy pinned to one core.
func (s Spec) OnCore(core int) Spec { return s.OnCores(core) }

// OnCores returns a copy whose process may run on these cores only.
func (s Spec) OnCores(cores ...int) Spec {
	s.Cores = slices.Clone(cores)
	s.Pin = PinCores
	return s
}

// Unpinned returns a copy whose process may run on every core.
func (s Spec) Unpinned() Spec {
	s.Cores, s.Pin = nil, PinNone
	return s
}

// ExclusiveCores returns a copy whose cores nobody else may be pinned to.
func (s Spec) ExclusiveCores() Spec {
	s.Exclusive = true
	return s
}

// Resident returns a copy that does not keep the run alive and ends after all
// others, when it has handled everything sent to it.
func (s Spec) Resident() Spec {
	s.IsResident = true
	return s
}

// Waiting returns a copy that waits for mail with another strategy.
func (s Spec) Waiting(strategy ring.Strategy) Spec {
	s.Wait = strategy
	return s
}

// WithArgs returns a copy with other start arguments: for a binary of its own,
// where no Kind is at hand to make the Spec.
func (s Spec) WithArgs(args any) Spec {
	s.Args, s.err = codec.Marshal(args)
	return s
}

// WithMaxProcs returns a copy whose process has another GOMAXPROCS than 2.
func (s Spec) WithMaxProcs(n int) Spec {
	s.MaxProcs = n
	return s
}

// WithEnv returns a copy with further environment, as KEY=value.
func (s Spec) WithEnv(env ...string) Spec {
	s.Env = slices.Concat(s.Env, env)
	return s
}

// Check reports what is wrong with the spec by itself.
func (s Spec) Check() error {
	switch {
	case s.err != nil:
		return s.err
	case s.Kind == "" && s.Path == "":
		return fmt.Errorf("%w: the spec names neither a kind nor a binary; make it with Kind.Spec or supervisor.Exec", ErrUnknownKind)
	case len(s.Name) > maxName || len(s.Kind) > maxName:
		return fmt.Errorf("worker: name %q or kind %q is longer than %d bytes", s.Name, s.Kind, maxName)
	case s.Pin == PinCores && len(s.Cores) == 0, s.Pin != PinCores && len(s.Cores) > 0, s.Pin > PinNone:
		return fmt.Errorf("worker: pinning %d of %q does not go with cores %v", s.Pin, s.Name, s.Cores)
	case s.MaxProcs < 0:
		return fmt.Errorf("worker: GOMAXPROCS of %q is %d", s.Name, s.MaxProcs)
	}
	if s.Path == "" {
		if _, err := find(s.Kind); err != nil {
			return err
		}
	}
	return nil
}
