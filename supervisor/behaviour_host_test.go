package supervisor

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
)

// sceneEnv names the scene that this binary is to play instead of the tests.
const sceneEnv = "RINGMASTER_TEST_SCENE"

// scenes are programs with a supervisor of their own, for behaviours that
// concern its whole process: its signals and its exit status.
var scenes = map[string]func(){
	"interrupted": playInterrupted,
	"stopped":     playStopped,
}

// host is the process of a scene.
type host struct {
	*exec.Cmd
	out    *bufio.Scanner // its standard output, by lines
	stderr bytes.Buffer
}

// startScene starts a scene; it is killed if the test ends before it.
func startScene(t *testing.T, name string) *host {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stageLimit)
	t.Cleanup(cancel)
	h := &host{Cmd: exec.CommandContext(ctx, os.Args[0])}
	h.Env = append(os.Environ(), sceneEnv+"="+name)
	h.Stderr = &h.stderr
	out, err := h.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.ProcessState == nil { // the test has failed before it waited
			h.Process.Kill()
			h.Wait()
		}
	})
	h.out = bufio.NewScanner(out)
	return h
}

// line returns the next line of the scene's standard output.
func (h *host) line(t *testing.T) string {
	t.Helper()
	if !h.out.Scan() {
		t.Fatalf("the scene's output ended early (%v); its standard error:\n%s", h.out.Err(), h.stderr.String())
	}
	return h.out.Text()
}

// rest reads the scene's standard output to its end, waits for the process, and
// returns the lines and the exit code.
func (h *host) rest() (lines []string, code int) {
	for h.out.Scan() {
		lines = append(lines, h.out.Text())
	}
	h.Wait() // the exit code says how it went
	return lines, h.ProcessState.ExitCode()
}
