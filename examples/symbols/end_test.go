package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// startLong starts a run on the toolchain's source and returns once all its
// workers are there. All it could leave behind would be in its folder.
func startLong(t *testing.T) (*exec.Cmd, []procfs.Proc) {
	t.Helper()
	cmd := command(t, "-quiet", "-workers", "2")
	cmd.Env = append(os.Environ(), "TMPDIR="+cmd.Dir)
	must(t, cmd.Start())
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if workers := children(t, cmd.Process.Pid); len(workers) == 4 { // parsers, feeder, reducer
			return cmd, workers
		}
		if time.Now().After(deadline) {
			t.Fatal("the workers did not start")
		}
	}
}

// children returns the worker processes of a process.
func children(t *testing.T, pid int) []procfs.Proc {
	t.Helper()
	all, err := procfs.AllProcs()
	must(t, err)
	var list []procfs.Proc
	for _, p := range all {
		stat, err := p.Stat()
		if err != nil || stat.PPID != pid {
			continue
		}
		if line, err := p.CmdLine(); err == nil && len(line) > 0 && strings.HasPrefix(line[0], "symbols: ") {
			list = append(list, p)
		}
	}
	return list
}

// alive reports whether a process runs; one that nobody has reaped does not.
func alive(p procfs.Proc) bool {
	stat, err := p.Stat()
	return err == nil && stat.State != "Z" && stat.State != "X"
}

func wantNothingLeft(t *testing.T, cmd *exec.Cmd, workers []procfs.Proc) {
	t.Helper()
	start := time.Now()
	for _, p := range workers {
		for alive(p) {
			if time.Since(start) > patience/6 {
				t.Fatalf("process %d outlives its supervisor", p.PID)
			}
			time.Sleep(time.Millisecond)
		}
	}
	t.Logf("all workers were gone after %v", time.Since(start))
	left, err := os.ReadDir(cmd.Dir)
	must(t, err)
	shared, err := filepath.Glob("/dev/shm/*ringmaster*")
	must(t, err)
	if len(left) > 0 || len(shared) > 0 {
		t.Errorf("files are left: %v %v", left, shared)
	}
}

func TestKilledSupervisorLeavesNoProcessAndNoFile(t *testing.T) {
	cmd, workers := startLong(t)
	must(t, cmd.Process.Kill())
	cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("the run had ended before it could be killed: %v", cmd.ProcessState)
	}
	wantNothingLeft(t, cmd, workers)
}

func TestInterruptedRunExitsWith130AndLeavesNothing(t *testing.T) {
	cmd, workers := startLong(t)
	must(t, cmd.Process.Signal(os.Interrupt))
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit status %d, want 130", code)
	}
	wantNothingLeft(t, cmd, workers)
}

func TestKilledParserEndsTheRunWithAnError(t *testing.T) {
	cmd := command(t, "-quiet")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	must(t, cmd.Start())
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the workers did not start")
		}
		workers := children(t, cmd.Process.Pid)
		if len(workers) > 0 {
			must(t, syscall.Kill(workers[0].PID, syscall.SIGKILL)) // parsers are started first
			break
		}
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(stderr.String(), "worker parser (id 1)") {
		t.Errorf("exit status %d, standard error %q; want 1 and the parser's name", code, stderr.String())
	}
}

func TestBarIsDrawnOnATerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("there is no script(1) to give the program a terminal")
	}
	root := t.TempDir()
	folders["many"](t, root)
	cmd := command(t, root)
	line := "exec " + cmd.Path + " " + root
	cmd.Path, cmd.Args = script, []string{"script", "-qec", line, os.DevNull}
	cmd.Env = append(os.Environ(), "TERM=xterm")
	out, err := cmd.Output()
	must(t, err)
	text := string(out)
	if !regexp.MustCompile(`\r\x1b\[K\[#*\.*\] [\d,]+ of 600 files, \d+ %`).MatchString(text) {
		t.Errorf("no bar in %q", text)
	}
	report := strings.Index(text, "identifiers")
	if report < 0 || strings.LastIndex(text, "[K[") > report {
		t.Errorf("the report does not come after the bar: %q", text)
	}
}

func TestMeterShowsEachStepOnce(t *testing.T) {
	m := meter{total: 1000, done: map[worker.ID]int64{}}
	var lines []string
	for done := range int64(1001) {
		m.done[1+worker.ID(done%2)] = done - m.done[2-worker.ID(done%2)]
		if line := m.line(); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) != plainSteps || lines[0] != "100 of 1,000 files, 10 %" || lines[9] != "1,000 of 1,000 files, 100 %" {
		t.Errorf("got %q", lines)
	}

	m = meter{progressArgs{Bar: true}, 4, map[worker.ID]int64{1: 2}, 0}
	want := "[####################....................] 2 of 4 files, 50 %"
	if got := m.line(); got != want {
		t.Errorf("bar is %q, want %q", got, want)
	}
	if m := (meter{done: map[worker.ID]int64{1: 2}}); m.line() != "" {
		t.Error("a line is shown before the number of files is known")
	}
}
