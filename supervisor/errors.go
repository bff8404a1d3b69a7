package supervisor

import (
	"errors"

	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
)

// Errors that callers are expected to tell apart; what a worker failed with
// comes as a *worker.Error.
var (
	// ErrInterrupted reports a run that was ended by SIGINT or SIGTERM.
	ErrInterrupted = errors.New("supervisor: interrupted")

	// ErrSlots reports more workers than the run has slots for.
	ErrSlots = errors.New("supervisor: no slot left")

	// ErrCoreTaken reports a core that two workers want and one of them for
	// itself.
	ErrCoreTaken = errors.New("supervisor: core is taken")

	// ErrNoCore reports a core that does not exist or that this process may not
	// use.
	ErrNoCore = proc.ErrNoCore

	// ErrStartLimit reports a worker that did not connect within the limit.
	ErrStartLimit = errors.New("supervisor: worker did not connect in time")

	// ErrState reports a method called when it cannot be: a second Run, an Add
	// after the end.
	ErrState = errors.New("supervisor: not now")

	// ErrOption reports an option outside its bounds.
	ErrOption = errors.New("supervisor: bad option")

	// ErrNoMemory reports a run that needs more memory than it may use.
	ErrNoMemory = errors.New("supervisor: not enough memory")
)
