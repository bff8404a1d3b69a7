package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// faultSleeper waits for the end of the run.
var faultSleeper = faultKind("fault-sleeper", func(ctx context.Context, w *worker.Worker) error {
	<-ctx.Done()
	return context.Cause(ctx)
})

// blow is what a worker dies of.
type blow struct{ Of string }

func strike(of string) error {
	switch of {
	case "panic":
		panic("it hurts")
	case "nil map":
		var m map[string]int
		//lint:ignore SA5000 that is the blow
		m["x"] = 1
	case "goroutine":
		go panic("nobody catches this")
		select {}
	case "exit":
		os.Exit(3)
	case "exit 0":
		os.Exit(0)
	case "kill", "segv", "term":
		signal := map[string]os.Signal{"kill": syscall.SIGKILL, "segv": syscall.SIGSEGV, "term": syscall.SIGTERM}[of]
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := self.Signal(signal); err != nil {
			return err
		}
		select {}
	case "words":
		fmt.Fprint(os.Stdout, "last words")
		fmt.Fprint(os.Stderr, "last complaint")
		os.Exit(4)
	case "long":
		return errors.New(strings.Repeat("long ", 1<<18))
	case "bytes":
		return errors.New("bytes \xff\x00\x1b[31m here")
	}
	return nil
}

var faultMortal = faultKind("fault-mortal", func(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(_ context.Context, b blow) error { return strike(b.Of) })
	return w.Serve(ctx)
})

var faultStriker = worker.Define("fault-striker", func(ctx context.Context, w *worker.Worker, of string) error {
	to, err := w.Await(ctx, "fault-mortal")
	if err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, to, blow{of}); err != nil {
		return err
	}
	<-ctx.Done()
	return context.Cause(ctx)
})

func runBlow(t *testing.T, of string) *faultOutcome {
	t.Helper()
	return runFault(t, nil, faultMortal, faultStriker.Spec(of), faultSleeper)
}

func TestPanicInAHandlerComesWithItsStack(t *testing.T) {
	o := runBlow(t, "panic")
	failure := o.failsWith(t, "fault-mortal", "panic", nil, "it hurts")
	says(t, failure.Stack, "strike", "fault_deaths_test.go")
	o = runBlow(t, "nil map")
	failure = o.failsWith(t, "fault-mortal", "panic", nil, "assignment to entry in nil map")
	says(t, failure.Stack, "strike")
	if o.stderr.String() != "" {
		t.Errorf("a panic that is returned was also printed: %q", o.stderr.String())
	}
}

func TestPanicInAnotherGoroutinePassesTheCrashOn(t *testing.T) {
	o := runBlow(t, "goroutine")
	o.failsWith(t, "fault-mortal", "exit", nil, "exit code 2", "panic in another goroutine")
	says(t, o.stderr.String(), "fault-mortal: panic: nobody catches this", "goroutine ")
}

func TestWorkerThatExitsByItselfFails(t *testing.T) {
	runBlow(t, "exit").failsWith(t, "fault-mortal", "exit", nil, "exit code 3", "os.Exit")
	runBlow(t, "exit 0").failsWith(t, "fault-mortal", "exit", nil, "exited normally", "os.Exit")
	o := runBlow(t, "words")
	o.failsWith(t, "fault-mortal", "exit", nil, "exit code 4")
	says(t, o.stdout.String(), "fault-mortal: last words\n")
	says(t, o.stderr.String(), "fault-mortal: last complaint\n")
}

func TestWorkerKilledBySignalFailsWithItsName(t *testing.T) {
	runBlow(t, "kill").failsWith(t, "fault-mortal", "signal", nil, "signal 9", "killed")
	runBlow(t, "term").failsWith(t, "fault-mortal", "signal", nil, "signal 15", "terminated")
	o := runBlow(t, "segv") // the Go runtime makes a crash of it
	o.failsWith(t, "fault-mortal", "exit", nil, "exit code 2")
	says(t, o.stderr.String(), "SIGSEGV")
}

func TestErrorsArriveHoweverLongOrStrange(t *testing.T) {
	o := runBlow(t, "long")
	o.failsWith(t, "fault-mortal", "error", nil, "long long", "bytes cut")
	if size := len(o.err.Error()); size < 1000 || size > 64<<10 {
		t.Errorf("a text of 1.25 MiB arrived as %d bytes", size)
	}
	runBlow(t, "bytes").failsWith(t, "fault-mortal", "error", nil, "bytes ", " here")
}

// sentinels are the errors whose identity goes along.
var faultSentinels = []error{
	worker.ErrNoTarget, worker.ErrNoListener, worker.ErrTerminated, worker.ErrFull, worker.ErrTooLarge, worker.ErrDeadlock,
	worker.ErrUnhandled, worker.ErrUnregistered, worker.ErrLayout, worker.ErrNotSupervised, worker.ErrClosed, worker.ErrBusy,
	worker.ErrNoReply, worker.ErrRemote, worker.ErrVersion, worker.ErrUnknownKind, codec.ErrCorrupt,
}

var faultReturner = worker.Define("fault-returner", func(_ context.Context, _ *worker.Worker, i int) error {
	return fmt.Errorf("number %d: %w", i, faultSentinels[i])
})

func TestSentinelsKeepTheirIdentityOnTheWayToTheSupervisor(t *testing.T) {
	for i, sentinel := range faultSentinels {
		o := runFault(t, nil, faultReturner.Spec(i))
		reason := "error"
		if sentinel == worker.ErrUnhandled {
			reason = "unhandled"
		}
		failure := o.failsWith(t, "fault-returner", reason, sentinel, fmt.Sprint("number ", i))
		says(t, failure.Stack, "fault-returner")
		for _, other := range faultSentinels {
			if other != sentinel && errors.Is(o.err, other) {
				t.Errorf("%v is also %v", o.err, other)
			}
		}
	}
}

// faultStubborn ignores that the run is over.
var faultStubborn = faultKind("fault-stubborn", func(context.Context, *worker.Worker) error { select {} })

func TestWorkerThatIgnoresTheEndIsKilledAfterTheStopLimit(t *testing.T) {
	o := runFault(t, []supervisor.Option{supervisor.WithStopLimit(50 * time.Millisecond)}, faultStubborn, faultMortal, faultStriker.Spec("panic"))
	o.failsWith(t, "fault-mortal", "panic", nil, "it hurts")
}

func TestRunEndsWithTheCauseOfItsContext(t *testing.T) {
	cause := errors.New("enough of this")
	for _, when := range []time.Duration{0, 50 * time.Millisecond} {
		s := supervisor.New()
		for _, spec := range []worker.Spec{faultSleeper, faultSleeper.Resident()} {
			if _, err := s.Add(spec); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		if when == 0 {
			cancel(cause)
		} else {
			time.AfterFunc(when, func() { cancel(cause) })
		}
		if err := s.Run(ctx); !errors.Is(err, cause) {
			t.Errorf("cancelled after %v, Run returned %v, want the cause", when, err)
		}
		if children := childrenOf(t, os.Getpid()); len(children) > 0 {
			t.Errorf("after the run there are the processes %v", children)
		}
		if rescued := s.Stats().Rescued; rescued != 0 {
			t.Errorf("%d workers slept with mail", rescued)
		}
	}
}
