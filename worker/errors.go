package worker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker/control"
)

// Errors that callers are expected to tell apart. They come wrapped with the
// type, the target and the numbers that matter.
var (
	// ErrNoTarget reports an empty set of targets, an id that was never given
	// in this run, or a name that no worker has, or has any more.
	ErrNoTarget = errors.New("worker: no target")

	// ErrNoListener reports a message to Listeners that nobody listens to.
	ErrNoListener = errors.New("worker: no listener")

	// ErrTerminated reports a target that has ended and did not take the
	// message.
	ErrTerminated = ring.ErrTerminated

	// ErrFull reports, from TrySend, that there is no room now.
	ErrFull = ring.ErrFull

	// ErrTooLarge reports a message above the limit of the run.
	ErrTooLarge = ring.ErrTooLarge

	// ErrDeadlock reports a send that could wait only for itself.
	ErrDeadlock = errors.New("worker: deadlock")

	// ErrUnhandled reports a message that the worker it was sent to has no
	// handler for. It ends that worker.
	ErrUnhandled = errors.New("worker: unhandled message")

	// ErrUnregistered reports a message of a type that the receiving program
	// does not know.
	ErrUnregistered = codec.ErrUnregistered

	// ErrLayout reports a type that two programs lay out differently.
	ErrLayout = codec.ErrLayout

	// ErrNotSupervised reports a use of the run by a worker without one.
	ErrNotSupervised = errors.New("worker: not supervised")

	// ErrClosed reports a handle or a worker that has been closed.
	ErrClosed = ring.ErrClosed

	// ErrBusy reports that another goroutine of this worker already receives.
	ErrBusy = errors.New("worker: another goroutine receives")

	// ErrNoReply reports that the called worker's handler returned without a
	// reply.
	ErrNoReply = errors.New("worker: no reply")

	// ErrRemote reports that the called worker's handler returned an error;
	// that worker goes on. See [RemoteError] for the handler's text.
	ErrRemote = errors.New("worker: the called worker answered with an error")

	// ErrVersion reports processes built with different versions of
	// ringmaster.
	ErrVersion = control.ErrVersion

	// ErrUnknownKind reports a kind of worker that the started binary does
	// not define.
	ErrUnknownKind = errors.New("worker: unknown kind")
)

// Stop, returned by a handler, makes Serve return nil: the worker ends in
// order and nobody else does. It is not a failure.
//
//lint:ignore ST1012 it is no error, as io.EOF and fs.SkipAll are none
var Stop = errors.New("worker: stop")

// Error is how a worker's failure reaches the supervisor's caller.
type Error struct {
	Name   string // the worker's name, or its kind where it has none
	Kind   string
	ID     ID
	Reason string // "error", "panic", "unhandled", "signal", "exit", "start"
	Stack  string // of the worker: where it panicked, or which function returned the error
	Err    error
}

// Error returns who failed, how and why, without the stack.
func (e *Error) Error() string {
	return fmt.Sprintf("worker %s (id %v): %s: %v", e.Name, e.ID, e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// RemoteError is what a Call returns when the called worker's handler returned
// an error. It is an ErrRemote, and also whatever errors of this package the handler's error
// was.
type RemoteError struct {
	Text  string // of the handler's error
	cause error
}

// Error returns the handler's text, and that it is one.
func (e *RemoteError) Error() string { return ErrRemote.Error() + ": " + e.Text }

// Unwrap returns ErrRemote and the handler's error.
func (e *RemoteError) Unwrap() []error { return []error{ErrRemote, e.cause} }

// sentinels are the errors that keep their identity on the way to the
// supervisor's process.
var sentinels = []error{
	ErrNoTarget, ErrNoListener, ErrTerminated, ErrFull, ErrTooLarge, ErrDeadlock, ErrUnhandled,
	ErrUnregistered, ErrLayout, ErrNotSupervised, ErrClosed, ErrBusy, ErrNoReply, ErrRemote,
	ErrVersion, ErrUnknownKind, ring.ErrCorrupt, codec.ErrCorrupt,
}

// sentinelTexts lists the known errors that err wraps.
func sentinelTexts(err error) []string {
	var texts []string
	for _, s := range sentinels {
		if errors.Is(err, s) {
			texts = append(texts, s.Error())
		}
	}
	return texts
}

// remoteError is an error that another process had: its text, and the known
// errors it wrapped there.
type remoteError struct {
	text string
	is   []error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Is(target error) bool {
	for _, s := range e.is {
		if s == target {
			return true
		}
	}
	return false
}

// FailureError rebuilds the error behind a failure that a worker reported. It
// is used by package supervisor.
func FailureError(f *control.Failure) error { return rebuild(f.Text, f.Sentinels) }

func rebuild(text string, known []string) error {
	e := &remoteError{text: text}
	for _, s := range sentinels {
		for _, k := range known {
			if s.Error() == k {
				e.is = append(e.is, s)
			}
		}
	}
	return e
}

// encodeError and decodeError carry an error in a reply.
func encodeError(err error) []byte {
	return []byte(strings.Join(append([]string{err.Error()}, sentinelTexts(err)...), "\x00"))
}

func decodeError(payload []byte) error {
	parts := strings.Split(string(payload), "\x00")
	return &RemoteError{Text: parts[0], cause: rebuild(parts[0], parts[1:])}
}
