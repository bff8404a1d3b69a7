package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/codec"
)

// What workers and their supervisor say to each other travels as messages too,
// to and from slot 0, and never reaches listeners. The types are exported for
// package supervisor alone.

// PrintLine is what Print sends.
type PrintLine []byte

// LogRecord is what the worker's slog.Logger sends.
type LogRecord struct {
	Time    int64 // Unix nanoseconds
	Level   int
	Message string
	Attrs   []LogAttr
}

// LogAttr is one attribute of a LogRecord; Key holds the groups, with dots.
type LogAttr struct {
	Key  string
	Kind int // slog.Kind
	Text string
	Bits uint64 // of numbers, bools, durations and times
}

// InputRequest is what Input calls the supervisor with; the reply is an
// InputLine.
type InputRequest struct{ Prompt string }

// InputLine is one line of input.
type InputLine struct {
	Text string
	EOF  bool
}

// InvalidMessage tells the supervisor of a message whose target had ended or
// never was, so that it is seen by people too.
type InvalidMessage struct{ Message, Reason string }

// Trouble is what a worker reports of itself that does not end it.
type Trouble struct{ Text string }

// Leftover counts the messages that a worker accepted and nobody there wanted:
// what is left when it has ranged over Messages and ended.
type Leftover struct{ Messages int64 }

// systemError is the text of an error in a reply.
type systemError []byte

// callType stands in where a type is needed and none matters: the payload of
// errors in replies.
var callType = codec.Register[systemError](codec.WithName("ringmaster.error"))

func init() {
	codec.Register[PrintLine](codec.WithName("ringmaster.print"))
	codec.Register[LogRecord](codec.WithName("ringmaster.log"))
	codec.Register[InputRequest](codec.WithName("ringmaster.input"))
	codec.Register[InputLine](codec.WithName("ringmaster.line"))
	codec.Register[InvalidMessage](codec.WithName("ringmaster.invalid"))
	codec.Register[Trouble](codec.WithName("ringmaster.trouble"))
	codec.Register[Leftover](codec.WithName("ringmaster.leftover"))
}

// isSystem reports whether a type is one of ringmaster's own.
func isSystem(t *codec.Type) bool {
	switch t.Go() {
	case callType.Go():
		return true
	}
	return systemTypes[t.Name()]
}

var systemTypes = map[string]bool{
	"ringmaster.print": true, "ringmaster.log": true, "ringmaster.input": true,
	"ringmaster.line": true, "ringmaster.invalid": true, "ringmaster.error": true,
	"ringmaster.trouble": true, "ringmaster.leftover": true,
}

// sendSystem sends to the supervisor.
func sendSystem[T any](ctx context.Context, w *Worker, v T) error {
	_, err := sendValue(ctx, w, SupervisorID, v, sendMode{system: true})
	return err
}

// reportInvalid makes a message to nobody known to the supervisor. The sender
// gets its error in any case; this adds no waiting and no error of its own.
func (w *Worker) reportInvalid(to Target, t *codec.Type, err error, mode sendMode) {
	id, ok := to.(ID)
	if !ok || mode.system || id == SupervisorID || isSystem(t) ||
		!errors.Is(err, ErrTerminated) && !errors.Is(err, ErrNoTarget) {
		return
	}
	report := InvalidMessage{
		Message: fmt.Sprintf("%s to %v", shortName(t.Name()), id),
		Reason:  fmt.Sprintf("All processes with id '%v' have terminated, or were not valid", id),
	}
	_, _ = sendValue(context.Background(), w, SupervisorID, report, sendMode{system: true, try: true})
}
