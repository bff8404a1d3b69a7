package supervisor

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Failures: MT47 to MT49.

var (
	failing   = worker.Define("failing", failWithAnError)
	panicking = worker.Define("panicking", failWithAPanic)
)

func failWithAnError(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, ""); err != nil {
		return err
	}
	if err := awaitAll(ctx, w, "bystander"); err != nil {
		return err
	}
	return errors.New("this went wrong")
}

func failWithAPanic(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, ""); err != nil {
		return err
	}
	if err := awaitAll(ctx, w, "bystander"); err != nil {
		return err
	}
	return goDeeper(nil)
}

func goDeeper(m map[string]int) error {
	m["here"] = 1
	return nil
}

func TestMT47TheParentGetsTheErrorWithTheWorkersOwnStack(t *testing.T) {
	for _, c := range []struct {
		kind         worker.Kind[worker.None]
		reason, text string
		functions    []string // that the stack is to name
	}{
		{failing, "error", "this went wrong", []string{"supervisor.failWithAnError"}},
		{panicking, "panic", "assignment to entry in nil map", []string{"supervisor.goDeeper", "supervisor.failWithAPanic"}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			st := newStage(t)
			for range 2 {
				st.add(bystander.Spec(worker.None{}))
			}
			st.add(c.kind.Spec(worker.None{}))
			failure := wantFailure(t, st.run(), c.kind.Name(), c.reason)
			wantText(t, "the error", failure.Err.Error(), c.text)
			for _, function := range append(c.functions, "behaviour_failures_test.go:") {
				if !strings.Contains(failure.Stack, function) {
					t.Errorf("the stack does not name %s:\n%s", function, failure.Stack)
				}
			}
			if st.only(c.kind.Name()); len(st.from("bystander")) == 0 {
				t.Error("no bystander ran")
			}
			wantText(t, "standard output", st.stdout.String(), "")
			wantText(t, "the error writer", st.stderr.String(), "")
		})
	}
}

// channelError is an error that no codec can carry.
type channelError struct {
	events chan int
	cause  error
}

func (e *channelError) Error() string { return "an error with a channel: " + e.cause.Error() }
func (e *channelError) Unwrap() error { return e.cause }

var unserialisable = worker.Define("unserialisable", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, ""); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("nobody"), worker.EmptyMessage{})
	return &channelError{make(chan int), err}
})

func TestMT48AnErrorThatCannotBeSerialisedArrivesAsAnError(t *testing.T) {
	st := newStage(t)
	st.add(unserialisable.Spec(worker.None{}))
	err := st.run()
	st.only("unserialisable")
	failure := wantFailure(t, err, "unserialisable", "error")
	wantText(t, "the error", failure.Err.Error(), "an error with a channel: worker: no target: "+
		"type github.com/ringmaster-ipc/ringmaster/worker.EmptyMessage was sent to the name \"nobody\", which no worker has")
	if !errors.Is(err, worker.ErrNoTarget) {
		t.Errorf("Run: %v; want the known error behind it, %v", err, worker.ErrNoTarget)
	}
}

// playInterrupted is a run of workers that would not end by themselves: one that
// serves, one that waits for input, one that takes no notice of its context, and a
// resident.
func playInterrupted() {
	stdin, _, err := os.Pipe()
	if err != nil {
		Exit(err)
	}
	s := New(WithStdin(stdin), WithStopLimit(100*time.Millisecond))
	for _, spec := range []worker.Spec{
		idle.Spec(worker.None{}), idle.Spec(worker.None{}).Resident(), waiting.Spec(worker.None{}), deaf.Spec(worker.None{}),
	} {
		if _, err := s.Add(spec); err != nil {
			Exit(err)
		}
	}
	Exit(s.Run(context.Background()))
}

var (
	idle = worker.Define("idle", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		w.Print(os.Getpid())
		return w.Serve(ctx)
	})
	waiting = worker.Define("waiting", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		w.Print(os.Getpid())
		_, err := w.Input(ctx, "")
		return err
	})
	deaf = worker.Define("deaf", func(_ context.Context, w *worker.Worker, _ worker.None) error {
		w.Print(os.Getpid())
		select {}
	})
)

func TestMT49AnInterruptEndsAllWithoutAStack(t *testing.T) {
	h := startScene(t, "interrupted")
	var pids []int
	for range 4 {
		pid, err := strconv.Atoi(h.line(t))
		if err != nil || slices.Contains(pids, pid) || pid == h.Process.Pid || pid == os.Getpid() || !lives(pid) {
			t.Fatalf("process %d after %v: %v; want a new worker that lives", pid, pids, err)
		}
		pids = append(pids, pid)
	}
	if err := h.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	lines, code := h.rest()
	if code != 130 || len(lines) != 0 || h.stderr.Len() != 0 {
		t.Errorf("exit code %d, further output %q, standard error %q; want 130 and not a word", code, lines, h.stderr.String())
	}
	for _, pid := range pids {
		if lives(pid) {
			t.Errorf("process %d outlives the run", pid)
		}
	}
}
