package supervisor_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// helperEnv says what a helper process runs: a supervisor that the test can
// send signals to.
const helperEnv = "RINGMASTER_FAULT_HELPER"

// helpers are the runs of helper processes.
var helpers = map[string]func() *supervisor.Supervisor{
	"chatter": func() *supervisor.Supervisor { return adding(supervisor.New(), faultChatter, faultChatter) },
	"stubborn": func() *supervisor.Supervisor {
		return adding(supervisor.New(supervisor.WithStopLimit(time.Hour)), faultAnnouncedStubborn)
	},
	"stopped": func() *supervisor.Supervisor { return adding(supervisor.New(), faultEcho, faultCaller) },
}

func adding(s *supervisor.Supervisor, specs ...worker.Spec) *supervisor.Supervisor {
	for _, spec := range specs {
		if _, err := s.Add(spec); err != nil {
			panic(err)
		}
	}
	return s
}

// TestFaultHelper is no test but the main function of helper processes.
func TestFaultHelper(*testing.T) {
	run, ok := helpers[os.Getenv(helperEnv)]
	if !ok {
		return
	}
	s := run()
	err := s.Run(context.Background())
	fmt.Println("rescued", s.Stats().Rescued)
	supervisor.Exit(err)
	os.Exit(0)
}

// helper is a running helper process.
type helper struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	stderr  faultOutput
	workers []int // process ids
}

// startHelper starts a helper and waits until so many workers have said "pid".
func startHelper(t *testing.T, name string, workers int) *helper {
	t.Helper()
	h := &helper{command: exec.Command(os.Args[0], "-test.run=^TestFaultHelper$")}
	h.command.Env = append(os.Environ(), helperEnv+"="+name)
	h.command.Stderr = &h.stderr
	stdout, err := h.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.command.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(faultLimit, func() { _ = h.command.Process.Kill() })
	t.Cleanup(func() {
		limit.Stop()
		_ = h.command.Process.Kill()
		_ = h.command.Wait()
	})
	h.lines = bufio.NewScanner(stdout)
	for len(h.workers) < workers {
		var pid int
		if _, err := fmt.Sscanf(h.line(t), "pid %d", &pid); err == nil {
			h.workers = append(h.workers, pid)
		}
	}
	return h
}

// line returns the next line the helper prints.
func (h *helper) line(t *testing.T) string {
	t.Helper()
	if !h.lines.Scan() {
		t.Fatalf("the helper ended: %v, it said %q", h.lines.Err(), h.stderr.String())
	}
	return h.lines.Text()
}

func (h *helper) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := h.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// end waits for the helper's end and returns its exit code and what else it
// printed.
func (h *helper) end() (code int, rest string) {
	for h.lines.Scan() {
		rest += h.lines.Text() + "\n"
	}
	_ = h.command.Wait()
	return h.command.ProcessState.ExitCode(), rest
}

// leavesNothing waits until no worker lives any more, and looks for files.
func (h *helper) leavesNothing(t *testing.T) {
	t.Helper()
	start := time.Now()
	eventually(t, 10*time.Second, fmt.Sprint("all of the processes have ended: ", h.workers), func() bool {
		for _, pid := range h.workers {
			if p, ok := processOf(pid); ok && p.alive() {
				return false
			}
		}
		return true
	})
	t.Logf("%d workers were gone %v after their supervisor", len(h.workers), time.Since(start).Round(time.Millisecond))
	left, err := filepath.Glob("/dev/shm/*ringmaster*")
	if err != nil || len(left) > 0 {
		t.Errorf("in /dev/shm there are %q, %v", left, err)
	}
}

// faultChatter talks to its like until the run is over.
var faultChatter = faultKind("fault-chatter", func(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(ctx context.Context, b blow) error {
		_, err := worker.Send(ctx, w, w.Current().From, b)
		return err
	})
	for _, id := range w.Lookup("fault-chatter") {
		if id == w.ID() {
			continue
		}
		for range 10 {
			if _, err := worker.Send(ctx, w, id, blow{"chat"}); err != nil {
				return err
			}
		}
	}
	w.Print("pid", os.Getpid())
	return w.Serve(ctx)
})

var faultAnnouncedStubborn = faultKind("fault-announced-stubborn", func(_ context.Context, w *worker.Worker) error {
	w.Print("pid", os.Getpid())
	select {}
})

func TestInterruptEndsTheRunWithoutAWord(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		h := startHelper(t, "chatter", 2)
		h.signal(t, signal)
		code, rest := h.end()
		if code != 130 || rest != "rescued 0\n" || h.stderr.String() != "" {
			t.Errorf("after %v: status %d, printed %q and %q; want 130 and nothing", signal, code, rest, h.stderr.String())
		}
		h.leavesNothing(t)
	}
}

func TestSecondInterruptKillsAWorkerThatIgnoresTheFirst(t *testing.T) {
	h := startHelper(t, "stubborn", 1)
	h.signal(t, syscall.SIGINT)
	time.Sleep(50 * time.Millisecond) // two at once would be one
	if p, ok := processOf(h.workers[0]); !ok || !p.alive() {
		t.Error("the first interrupt ended it")
	}
	h.signal(t, syscall.SIGINT)
	if code, _ := h.end(); code != 130 {
		t.Errorf("status %d, want 130", code)
	}
	h.leavesNothing(t)
}

func TestWorkersEndWithASupervisorThatIsKilled(t *testing.T) {
	for _, name := range []string{"chatter", "stubborn"} {
		h := startHelper(t, name, map[string]int{"chatter": 2, "stubborn": 1}[name])
		h.signal(t, syscall.SIGKILL)
		h.leavesNothing(t)
		if _, rest := h.end(); strings.Contains(rest, "rescued") {
			t.Error("the supervisor lived to the end")
		}
	}
}
