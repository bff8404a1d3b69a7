package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// runLimit bounds every run of these tests; none should come near it.
const runLimit = 60 * time.Second

// define defines a kind of worker without arguments and returns its spec.
func define(kind string, body func(ctx context.Context, w *worker.Worker) error) worker.Spec {
	return worker.Define(kind, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		return body(ctx, w)
	}).Spec(worker.None{})
}

// output collects what a run writes; a supervisor writes whole lines from
// several goroutines.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines returns the lines in order of the alphabet: the order between workers
// is not defined.
func (o *output) lines() []string {
	text := strings.TrimRight(o.String(), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return lines
}

// outcome is what became of a run.
type outcome struct {
	err            error
	stdout, stderr output
	stats          supervisor.Stats
}

// attempt runs workers to the end, whatever that is, and makes sure that no
// bell had to be rung for anyone.
func attempt(t testing.TB, opts []supervisor.Option, specs ...worker.Spec) *outcome {
	t.Helper()
	o := new(outcome)
	opts = append([]supervisor.Option{supervisor.WithStdout(&o.stdout), supervisor.WithStderr(&o.stderr)}, opts...)
	s := supervisor.New(opts...)
	for _, spec := range specs {
		if _, err := s.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	o.err = s.Run(ctx)
	o.stats = s.Stats()
	if o.stats.Rescued != 0 {
		t.Errorf("%d workers slept with mail; stats %+v", o.stats.Rescued, o.stats)
	}
	return o
}

// run is attempt for runs that must end well. It returns the lines printed,
// sorted.
func run(t testing.TB, opts []supervisor.Option, specs ...worker.Spec) []string {
	t.Helper()
	o := attempt(t, opts, specs...)
	if o.err != nil {
		t.Fatalf("run failed: %v\n%s%s%s", o.err, stackOf(o.err), o.stdout.String(), o.stderr.String())
	}
	return o.stdout.lines()
}

func stackOf(err error) string {
	if failure, ok := errors.AsType[*worker.Error](err); ok {
		return failure.Stack
	}
	return ""
}

// printed fails the test unless a run printed these lines, in any order.
func printed(t testing.TB, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the workers printed\n  %q\nwant\n  %q", got, want)
	}
}

// What follows is for the bodies of workers: an expectation that does not hold
// is a panic, which the run reports with its line.

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}

func same[T comparable](what string, got, want T) {
	if got != want {
		panic(fmt.Sprintf("%s: got %v, want %v", what, got, want))
	}
}

// fails checks that err wraps a sentinel, and says every one of the words.
func fails(err, sentinel error, words ...string) {
	if !errors.Is(err, sentinel) {
		panic(fmt.Sprintf("got error %v, want %v", err, sentinel))
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			panic(fmt.Sprintf("error %q does not say %q", err, word))
		}
	}
}

// until waits for a condition that no event tells of.
func until(ctx context.Context, what string, condition func() bool) {
	for !condition() {
		if ctx.Err() != nil {
			panic("waiting until " + what + ": " + context.Cause(ctx).Error())
		}
		time.Sleep(time.Millisecond)
	}
}

// await returns the one worker of a name, as soon as it is ready.
func await(ctx context.Context, w *worker.Worker, name string) worker.ID {
	ids := must1(w.Await(ctx, name))
	return must1(ids.One())
}

// send sends to one worker, which must take it.
func send[T any](ctx context.Context, w *worker.Worker, to worker.Target, v T) {
	same("deliveries", must1(worker.Send(ctx, w, to, v)), 1)
}

// goodbye is what ends a worker that serves.
type goodbye struct{}

// servesUntilGoodbye handles messages until a goodbye comes.
func servesUntilGoodbye(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(context.Context, goodbye) error { return worker.Stop })
	return w.Serve(ctx)
}
