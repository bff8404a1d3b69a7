package supervisor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Option changes how a supervisor runs. A value out of bounds is reported by
// Run, before anything is started.
type Option func(*options)

// InputFunc answers a worker's Input: it is given the worker's name and the
// prompt, and returns a line. io.EOF ends the input for the worker.
type InputFunc func(ctx context.Context, from, prompt string) (string, error)

type options struct {
	slots      int
	laneSize   int
	slabSize   int
	maxMessage int
	memory     int64
	startLimit time.Duration
	stopLimit  time.Duration
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
	print      func(from worker.ID, line string)
	input      InputFunc
	logger     *slog.Logger
	signals    bool
	fenced     bool
	objects    []func(*worker.Worker)
	problem    error
}

// Defaults and bounds of the options.
const (
	defaultMaxMessage = 256 << 20
	maxMaxMessage     = 1 << 30
	defaultStartLimit = 10 * time.Second
	defaultStopLimit  = time.Second
	spareSlots        = 16
)

func defaultOptions() options {
	return options{
		maxMessage: defaultMaxMessage, startLimit: defaultStartLimit, stopLimit: defaultStopLimit,
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, signals: true,
	}
}

func (o *options) fail(format string, args ...any) {
	if o.problem == nil {
		o.problem = fmt.Errorf("%w: %s", ErrOption, fmt.Sprintf(format, args...))
	}
}

// WithMaxWorkers sets how many workers a run can have in all, from 1 to 959. The
// default is the number added before Run, and 16 more.
func WithMaxWorkers(n int) Option {
	return func(o *options) {
		if n < 1 || n >= ring.MaxSlots {
			o.fail("WithMaxWorkers(%d): want 1 … %d", n, ring.MaxSlots-1)
			return // Add goes by the default until Run tells
		}
		o.slots = n + 1
	}
}

// WithLaneSize sets the bytes of a lane, a power of two from 4 KiB to 1 GiB. The
// default is 64 KiB, less in a run of more than 128 slots (its workers, 16 more
// by default, and the supervisor). A quarter of it
// is the largest message that travels in the lane itself.
func WithLaneSize(bytes int) Option {
	return func(o *options) {
		if bytes < 1 { // the upper bounds are those of package ring, see newMemory
			o.fail("WithLaneSize(%d): want at least 4 KiB", bytes)
		}
		o.laneSize = bytes
	}
}

// WithSlabSize sets the bytes of each worker's slab for larger messages, a
// multiple of 4 KiB from 64 KiB to 4 GiB. The default is 16 MiB. A message
// above a quarter of it gets a segment of its own, for a round trip to the
// supervisor.
func WithSlabSize(bytes int) Option {
	return func(o *options) {
		if bytes < 1 { // the upper bounds are those of package ring, see newMemory
			o.fail("WithSlabSize(%d): want at least 64 KiB", bytes)
		}
		o.slabSize = bytes
	}
}

// WithMaxMessage sets the largest message in bytes, up to 1 GiB. The default is
// 256 MiB.
func WithMaxMessage(bytes int) Option {
	return func(o *options) {
		if bytes < 1 || bytes > maxMaxMessage {
			o.fail("WithMaxMessage(%d): want 1 … %d", bytes, maxMaxMessage)
		}
		o.maxMessage = bytes
	}
}

// WithMemoryLimit sets how many bytes the lanes of a run may take if all workers
// talk to all. The default is what the machine has available at the start.
func WithMemoryLimit(bytes int64) Option {
	return func(o *options) {
		if bytes < 1 {
			o.fail("WithMemoryLimit(%d): want at least 1", bytes)
		}
		o.memory = bytes
	}
}

// WithStartLimit sets how long a worker's process may take to connect. The
// default is 10 seconds.
func WithStartLimit(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.fail("WithStartLimit(%v): want more than 0", d)
		}
		o.startLimit = d
	}
}

// WithStopLimit sets how long a worker may take to end once the run is over,
// before it is killed. The default is one second.
func WithStopLimit(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.fail("WithStopLimit(%v): want more than 0", d)
		}
		o.stopLimit = d
	}
}

// WithStdin sets where workers' input comes from. The default is os.Stdin.
func WithStdin(r io.Reader) Option { return func(o *options) { o.stdin = r } }

// WithStdout sets where workers' lines go. The default is os.Stdout.
func WithStdout(w io.Writer) Option { return func(o *options) { o.stdout = w } }

// WithStderr sets where reports go, and what workers write to their own standard
// error. The default is os.Stderr.
func WithStderr(w io.Writer) Option { return func(o *options) { o.stderr = w } }

// WithPrint sets the handler for workers' Print, called once per line, one at a
// time; nothing is printed then unless it does so.
func WithPrint(f func(from worker.ID, line string)) Option {
	return func(o *options) { o.print = f }
}

// WithInput sets the handler for workers' Input. It is called for one worker at
// a time, on a goroutine of its own.
func WithInput(f InputFunc) Option { return func(o *options) { o.input = f } }

// WithLogger sets where records of workers' Logger go. The default is
// slog.Default at the time of the record.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithoutSignals leaves SIGINT and SIGTERM to the program. By default the first
// ends the run in order, and a second one kills.
func WithoutSignals() Option { return func(o *options) { o.signals = false } }

// WithFences makes every publish a full barrier, as on machines where
// membarrier(2) is refused: slower, and good for tests.
func WithFences() Option { return func(o *options) { o.fenced = true } }

// OnObject registers the handler for objects of type T that workers Emit; any
// takes all without a handler of their own. Handlers run one at a time.
func OnObject[T any](f func(from worker.ID, object T)) Option {
	return func(o *options) {
		o.objects = append(o.objects, func(desk *worker.Worker) {
			worker.On(desk, func(_ context.Context, object T) error {
				f(desk.Current().From, object)
				return nil
			})
		})
	}
}
