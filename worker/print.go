package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"
)

// Print prints its arguments, joined by single spaces, as one line from the
// supervisor's process; without a supervisor, to this process's standard
// output. Lines of one goroutine keep their order, and no line is torn. It waits
// for room like Send.
func (w *Worker) Print(args ...any) {
	line := fmt.Sprintln(args...)
	w.printLine(line[:len(line)-1])
}

// Printf is Print with a format, as fmt.Printf has it; a newline at the end is
// dropped, since a line has one anyway.
func (w *Worker) Printf(format string, args ...any) {
	w.printLine(strings.TrimSuffix(fmt.Sprintf(format, args...), "\n"))
}

func (w *Worker) printLine(line string) {
	if w.port == nil {
		fmt.Fprintln(os.Stdout, line)
		return
	}
	// It fails only if the supervisor has ended, and this process with it.
	_ = sendSystem(context.Background(), w, PrintLine(line))
}

// Input prints a prompt at the supervisor, waits for a line of input there, and
// returns it without its newline. Only the calling goroutine waits; at the end
// of the input it returns io.EOF. Without a supervisor it reports
// [ErrNotSupervised].
func (w *Worker) Input(ctx context.Context, prompt string) (string, error) {
	if err := w.supervised("Input"); err != nil {
		return "", err
	}
	line, err := Call[InputLine](ctx, w, SupervisorID, InputRequest{Prompt: prompt})
	if err == nil && line.EOF {
		err = io.EOF
	}
	return line.Text, err
}

// Emit hands a value of any type that can be a message to the supervisor, whose
// handlers for objects get it (supervisor.OnObject).
func Emit[T any](ctx context.Context, w *Worker, v T) error {
	if err := w.supervised("Emit"); err != nil {
		return err
	}
	return sendSystem(ctx, w, v)
}

// Logger returns a logger whose records go to the supervisor's, with the
// worker's name added there. It waits for room like Send.
func (w *Worker) Logger() *slog.Logger { return slog.New(&logHandler{w: w}) }

// logHandler ships records to the supervisor, where level and format are
// decided. Groups become dots in the keys.
type logHandler struct {
	w      *Worker
	prefix string
	attrs  []LogAttr
}

// Enabled implements slog.Handler: the supervisor's logger decides.
func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	record := LogRecord{Level: int(r.Level), Message: r.Message, Attrs: h.attrs[:len(h.attrs):len(h.attrs)]}
	if !r.Time.IsZero() {
		record.Time = r.Time.UnixNano()
	}
	r.Attrs(func(a slog.Attr) bool {
		record.Attrs = appendAttr(record.Attrs, h.prefix, a)
		return true
	})
	if h.w.port == nil {
		return slog.Default().Handler().Handle(ctx, r)
	}
	return sendSystem(context.WithoutCancel(ctx), h.w, record)
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = h.attrs[:len(h.attrs):len(h.attrs)]
	for _, a := range attrs {
		next.attrs = appendAttr(next.attrs, h.prefix, a)
	}
	return &next
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.prefix += name + "."
	return &next
}

func appendAttr(list []LogAttr, prefix string, a slog.Attr) []LogAttr {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return list
	}
	out := LogAttr{Key: prefix + a.Key, Kind: int(v.Kind())}
	switch v.Kind() {
	case slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			list = appendAttr(list, prefix, member)
		}
		return list
	case slog.KindInt64:
		out.Bits = uint64(v.Int64())
	case slog.KindUint64:
		out.Bits = v.Uint64()
	case slog.KindFloat64:
		out.Bits = math.Float64bits(v.Float64())
	case slog.KindBool:
		if v.Bool() {
			out.Bits = 1
		}
	case slog.KindDuration:
		out.Bits = uint64(v.Duration())
	case slog.KindTime:
		out.Bits = uint64(v.Time().UnixNano())
	default:
		out.Kind, out.Text = int(slog.KindString), v.String()
	}
	return append(list, out)
}

// Attr returns the attribute as slog has it. It is used by package supervisor.
func (a LogAttr) Attr() slog.Attr {
	switch slog.Kind(a.Kind) {
	case slog.KindInt64:
		return slog.Int64(a.Key, int64(a.Bits))
	case slog.KindUint64:
		return slog.Uint64(a.Key, a.Bits)
	case slog.KindFloat64:
		return slog.Float64(a.Key, math.Float64frombits(a.Bits))
	case slog.KindBool:
		return slog.Bool(a.Key, a.Bits != 0)
	case slog.KindDuration:
		return slog.Duration(a.Key, durationOf(a.Bits))
	case slog.KindTime:
		return slog.Time(a.Key, timeOf(a.Bits))
	}
	return slog.String(a.Key, a.Text)
}

func ignoreEnded(err error) error {
	if errors.Is(err, ErrTerminated) || errors.Is(err, ErrNoTarget) {
		return nil
	}
	return err
}

func durationOf(bits uint64) time.Duration { return time.Duration(bits) }

func timeOf(bits uint64) time.Time { return time.Unix(0, int64(bits)) }
