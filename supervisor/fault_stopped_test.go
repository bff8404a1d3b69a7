package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// stoppedEnv names the file that appears when the supervisor has been stopped;
// with a further ending, one that appears when the workers are done. No part
// of ringmaster carries these signs.
const (
	stoppedEnv = "RINGMASTER_FAULT_STOPPED"
	doneEnding = ".done"
)

// exchanges is how many messages pass through while the supervisor is stopped,
// with a copy for listeners, a look-up and a reply for every thousandth.
const (
	exchanges = 1_000_000
	thousand  = 1000
)

// The messages of the two: a number, a number for listeners, a reply.
type (
	faultNumber struct{ N, Square int64 }
	faultCopy   struct{ N int64 }
	faultReply  struct{ N int64 }
)

var faultEcho = faultKind("fault-echo", func(ctx context.Context, w *worker.Worker) error {
	numbers, copies := int64(0), int64(0)
	stop := func() error {
		if numbers == exchanges && copies == exchanges/thousand {
			return worker.Stop
		}
		return nil
	}
	err := worker.Listen(w, func(_ context.Context, c faultCopy) error {
		if copies++; c.N != copies {
			return fmt.Errorf("copy %d came as number %d", c.N, copies)
		}
		return stop()
	})
	if err != nil {
		return err
	}
	worker.On(w, func(ctx context.Context, m faultNumber) error {
		if m.N != numbers || m.Square != m.N*m.N {
			return fmt.Errorf("%+v came as number %d", m, numbers)
		}
		if numbers++; numbers%thousand == 0 {
			if _, err := worker.Send(ctx, w, w.Current().From, faultReply{numbers}); err != nil {
				return err
			}
		}
		return stop()
	})
	w.Print("pid", os.Getpid())
	return w.Serve(ctx)
})

var faultCaller = faultKind("fault-caller", func(ctx context.Context, w *worker.Worker) error {
	if _, err := w.Await(ctx, "fault-echo"); err != nil {
		return err
	}
	w.Print("pid", os.Getpid())
	if err := fileAppears(ctx, os.Getenv(stoppedEnv)); err != nil {
		return err
	}
	start := time.Now()
	replies := int64(0)
	worker.On(w, func(_ context.Context, r faultReply) error {
		if replies++; r.N != replies*thousand {
			return fmt.Errorf("reply %d came as number %d", r.N, replies)
		}
		if r.N == exchanges {
			return worker.Stop
		}
		return nil
	})
	// The first use of everything comes after the stop as well.
	handle, err := worker.SenderTo[faultNumber](w, worker.Name("fault-echo"))
	if err != nil {
		return err
	}
	for n := range int64(exchanges) {
		if err := handle.Send(ctx, faultNumber{n, n * n}); err != nil {
			return err
		}
		if n%thousand != 0 {
			continue
		}
		if heard, err := worker.Send(ctx, w, worker.Listeners, faultCopy{n/thousand + 1}); err != nil || heard != 1 {
			return fmt.Errorf("%d listeners: %w", heard, err)
		}
		if ids := w.Lookup("fault-echo"); len(ids) != 1 {
			return fmt.Errorf("a look-up found %v", ids)
		}
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	sign := os.Getenv(stoppedEnv)
	if err := os.WriteFile(sign+".new", []byte(time.Since(start).String()), 0o600); err != nil {
		return err
	}
	return os.Rename(sign+".new", sign+doneEnding)
})

// fileAppears waits for a file.
func fileAppears(ctx context.Context, path string) error {
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func TestAMillionMessagesPassWhileTheSupervisorIsStopped(t *testing.T) {
	sign := filepath.Join(t.TempDir(), "stopped")
	t.Setenv(stoppedEnv, sign)
	h := startHelper(t, "stopped", 2)
	h.signal(t, syscall.SIGSTOP)
	supervisor := h.command.Process.Pid
	stopped := func() bool {
		p, ok := processOf(supervisor)
		return ok && p.state == 'T'
	}
	eventually(t, faultLimit, "the supervisor is stopped", stopped)
	if err := os.WriteFile(sign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), faultLimit)
	defer cancel()
	if err := fileAppears(ctx, sign+doneEnding); err != nil {
		t.Fatalf("the workers did not come to their end: %v; %s", err, h.stderr.String())
	}
	if !stopped() {
		t.Error("the supervisor went on meanwhile")
	}
	if took, err := os.ReadFile(sign + doneEnding); err == nil {
		t.Logf("%d messages took %s", exchanges, took)
	}
	h.signal(t, syscall.SIGCONT)
	if code, rest := h.end(); code != 0 || rest != "rescued 0\n" {
		t.Errorf("the run ended with status %d, printed %q and %q", code, rest, h.stderr.String())
	}
}
