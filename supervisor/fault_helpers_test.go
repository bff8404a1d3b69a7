package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/supervisor/internal/proc"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// faultLimit bounds every run with a fault; none should come near it.
const faultLimit = 60 * time.Second

// faultKind defines a kind of worker without arguments and returns its spec.
func faultKind(kind string, body func(ctx context.Context, w *worker.Worker) error) worker.Spec {
	return worker.Define(kind, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		return body(ctx, w)
	}).Spec(worker.None{})
}

// faultOutput collects what a run writes.
type faultOutput struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *faultOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *faultOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// faultOutcome is what became of a run.
type faultOutcome struct {
	err            error
	stdout, stderr faultOutput
	stats          supervisor.Stats
}

// runFault runs workers to the end and makes sure that it leaves no process
// behind and that no bell had to be rung for anyone.
func runFault(t *testing.T, opts []supervisor.Option, specs ...worker.Spec) *faultOutcome {
	t.Helper()
	o := new(faultOutcome)
	opts = append([]supervisor.Option{supervisor.WithStdout(&o.stdout), supervisor.WithStderr(&o.stderr)}, opts...)
	s := supervisor.New(opts...)
	for _, spec := range specs {
		if _, err := s.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), faultLimit)
	defer cancel()
	o.err = s.Run(ctx)
	o.stats = s.Stats()
	if errors.Is(o.err, context.DeadlineExceeded) {
		t.Fatalf("the run hung\n%s%s", o.stdout.String(), o.stderr.String())
	}
	if o.stats.Rescued != 0 {
		t.Errorf("%d workers slept with mail", o.stats.Rescued)
	}
	if children := childrenOf(t, os.Getpid()); len(children) > 0 {
		t.Errorf("after the run there are the processes %v", children)
	}
	return o
}

// failsWith checks the error of a run: who failed, how, by which sentinel, and
// what the text says.
func (o *faultOutcome) failsWith(t *testing.T, name, reason string, sentinel error, words ...string) *worker.Error {
	t.Helper()
	failure, ok := errors.AsType[*worker.Error](o.err)
	if !ok {
		t.Fatalf("run returned %v, want a *worker.Error", o.err)
	}
	if failure.Name != name || failure.Reason != reason {
		t.Errorf("run returned %q with reason %q, want worker %q with %q", o.err, failure.Reason, name, reason)
	}
	if sentinel != nil && !errors.Is(o.err, sentinel) {
		t.Errorf("run returned %q, want %q in it", o.err, sentinel)
	}
	says(t, o.err.Error(), words...)
	return failure
}

func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("got %q, which does not say %q", text, word)
		}
	}
}

// childrenOf returns the live children of a process.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	var pids []int
	for _, pid := range processes(t) {
		if p, ok := processOf(pid); ok && p.parent == parent && p.alive() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func processes(t *testing.T) []int {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, entry := range entries {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(entry), "%d", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// process is what /proc says of a process.
type process struct {
	state  byte
	parent int
}

// alive reports whether the process is more than an entry that its parent has
// not taken notice of.
func (p process) alive() bool { return p.state != 'Z' && p.state != 'X' }

func processOf(pid int) (process, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, false
	}
	var p process
	text := string(stat)
	_, err = fmt.Sscanf(text[strings.LastIndexByte(text, ')')+1:], " %c %d", &p.state, &p.parent)
	return p, err == nil
}

// eventually waits for a condition that no event tells of.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", limit, what)
		}
	}
}

// allowedCores returns the cores that this process may run on.
func allowedCores(t *testing.T) []int {
	t.Helper()
	cores, err := proc.AllowedCores()
	if err != nil {
		t.Fatal(err)
	}
	return cores
}
