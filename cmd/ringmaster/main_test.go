package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench"
	"github.com/ringmaster-ipc/ringmaster/bench/machine"
	"github.com/ringmaster-ipc/ringmaster/bench/report"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// asCommand makes the test binary the command itself.
const asCommand = "RINGMASTER_TEST_COMMAND"

func TestMain(m *testing.M) {
	worker.Main()
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// commandLimit bounds a run of the command.
const commandLimit = 30 * time.Second

// command returns the command in a process of its own.
func command(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	t.Cleanup(cancel)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd = exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// inside runs the command in this process and returns what it printed.
func inside(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	var out bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(ctx)
	return out.String(), err
}

func needTwoCores(t *testing.T) {
	t.Helper()
	if m, err := machine.Describe(); err != nil || len(m.Allowed) < 2 {
		t.Skip("this needs two cores")
	}
}

var quick = []string{"--duration", "20ms", "--runs", "1"}

func TestJSONIsOneObjectPerResult(t *testing.T) {
	needTwoCores(t)
	out, err := inside(t, append(quick, "bench", "rtt", "--json", "--api", "lane")...)
	if err != nil {
		t.Fatal(err)
	}
	var r bench.Result
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if r.Scenario != "rtt" || r.API != "lane" || r.Nanos == nil || decoder.More() {
		t.Errorf("got %+v, more: %t", r, decoder.More())
	}
}

func TestTheTableNamesMachineAndPlacement(t *testing.T) {
	needTwoCores(t)
	out, err := inside(t, append(quick, "bench", "stream", "--size", "64")...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cores", "stream", "typed fixed 64 B adaptive", "floor", "ratio", "system calls per million"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table has no %q:\n%s", want, out)
		}
	}
}

func TestBenchstatFormat(t *testing.T) {
	out, err := inside(t, append(quick, "bench", "codec", "--codec", "fixed", "--benchstat")...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, "goos: linux\n") || !strings.Contains(out, "\nBenchmarkCodec/codec=fixed/size=32") || !strings.Contains(out, "ns/op") {
		t.Errorf("got\n%s", out)
	}
}

func TestAReportIsWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	if out, err := inside(t, append(quick, "bench", "spawn", "--workers", "2", "--out", folder)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"report.html", "results.json", "01-spawn.hlog"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestMistakesAreNamedBeforeAnythingIsMeasured(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want error
		says string
	}{
		{[]string{"bench", "nonsense"}, bench.ErrUnknown, "nonsense"},
		{[]string{"bench", "rtt", "--duration", "0"}, bench.ErrOption, "--duration is 0"},
		{[]string{"bench", "rtt", "--size", "0"}, bench.ErrOption, "--size is 0"},
		{[]string{"bench", "rtt", "--runs", "0"}, bench.ErrOption, "--runs is 0"},
		{[]string{"bench", "rtt", "--size", "1000000000"}, bench.ErrOption, "--size is 1000000000"},
		{[]string{"bench", "stream", "--batch", "0"}, bench.ErrOption, "--batch is 0"},
		{[]string{"bench", "rtt", "--cores", "0,4095"}, bench.ErrOption, "core 4095"},
		{[]string{"bench", "rtt", "--cores", "0,0"}, bench.ErrOption, "a core each"},
		{[]string{"bench", "rtt", "--json", "--benchstat"}, errFormats, "two formats"},
		{[]string{"bench", "rtt", "--out", file}, report.ErrFolder, file},
		{[]string{"bench", "rtt", "--rate", "5"}, nil, "unknown flag: --rate"},
		{[]string{"bench", "rtt", "--size", "many"}, nil, "invalid argument"},
		{[]string{"bench", "rtt", "extra"}, nil, "extra"},
	} {
		_, err := inside(t, c.args...)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want %v that says %q", c.args, err, c.want, c.says)
		}
	}
}

func TestAMistakeExitsWithOneLineAndStatusOne(t *testing.T) {
	cmd, stdout, stderr := command(t, "bench", "rtt", "--duration", "0")
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("it ended with %v", err)
	}
	if stdout.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 || !strings.HasPrefix(stderr.String(), "ringmaster: ") {
		t.Errorf("it printed %q and %q", stdout, stderr)
	}
}

func TestAnInterruptLeavesPartialResultsAndNoProcess(t *testing.T) {
	needTwoCores(t)
	cmd, stdout, stderr := command(t, "bench", "stream", "--duration", "50ms", "--runs", "1000", "--json")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // a few runs; if there was none yet, that is said too
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("it exited with %d, want %d: %s", code, exitInterrupted, stderr)
	}
	if !strings.Contains(stderr.String(), "interrupted after") {
		t.Errorf("it said %q", stderr)
	}
	if stdout.Len() > 0 {
		var r bench.Result
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil || !r.Partial {
			t.Errorf("it printed %q, want a partial result", stdout)
		}
	}
}

func TestHelpHasExamplesForEveryScenario(t *testing.T) {
	for _, s := range bench.Scenarios() {
		out, err := inside(t, "bench", s.Name, "--help")
		if err != nil || !strings.Contains(out, "Examples:\n  ringmaster bench "+s.Name) || !strings.Contains(out, "--duration") {
			t.Errorf("%s: %v\n%s", s.Name, err, out)
		}
		for _, flag := range s.Flags {
			if !strings.Contains(out, "--"+flag+" ") {
				t.Errorf("%s: --%s is missing", s.Name, flag)
			}
		}
	}
}

func TestCompletionKnowsScenariosAndChoices(t *testing.T) {
	out, err := inside(t, "__complete", "bench", "str")
	if err != nil || !strings.Contains(out, "stream") {
		t.Errorf("%v: %q", err, out)
	}
	if out, err = inside(t, "__complete", "bench", "stream", "--codec", ""); err != nil || !strings.Contains(out, "zstd") {
		t.Errorf("%v: %q", err, out)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, err := inside(t, "completion", shell); err != nil || len(out) == 0 {
			t.Errorf("completion for %s: %v, %d bytes", shell, err, len(out))
		}
	}
}
