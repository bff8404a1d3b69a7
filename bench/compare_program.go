package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// peersProgram measures the peers that are not in the standard library.
const peersProgram = "ringmaster-peers"

// programLimit is how long it may take besides measuring. Its own limit is
// shorter.
const programLimit = 30 * time.Second

// programPeer is one line of its list.
type programPeer struct {
	Peer    string `json:"peer"`
	Version string `json:"version"`
	Options string `json:"options"`
	Absent  string `json:"absent"`
}

// programPeers are the peers that the program is known to have, or to lack for
// a reason: they are listed as absent where there is no program.
var programPeers = []string{
	"grpc-unary", "grpc-stream", "go-zeromq", "flipcall", "zeromq", "nng", "mangos", "shmipc-go", "plugin-ipc",
}

// findPeersProgram looks for the program beside the running one and on PATH.
func findPeersProgram() (path string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	beside := filepath.Join(filepath.Dir(self), peersProgram)
	if path, err := exec.LookPath(beside); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath(peersProgram); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%s is neither in %s nor on PATH; in ringmaster's source, `go build -C bench/peers -o %s .` builds it",
		peersProgram, filepath.Dir(self), beside)
}

// listProgramPeers returns the peers that the program can measure, and those
// that it cannot, with the reason.
func listProgramPeers(ctx context.Context, path string) (list []programPeer, err error) {
	out, err := runPeersProgram(ctx, path, programLimit, "list", "--json")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		var p programPeer
		if err := json.Unmarshal([]byte(line), &p); err != nil || p.Peer == "" {
			return nil, fmt.Errorf("%s list printed %q", path, line)
		}
		list = append(list, p)
	}
	return list, nil
}

// absentPeers returns all of the program's peers as absent for one reason.
func absentPeers(reason string) (list []programPeer) {
	for _, name := range programPeers {
		list = append(list, programPeer{Peer: name, Absent: reason})
	}
	return list
}

// runPeersProgram runs the program and returns what it printed.
func runPeersProgram(ctx context.Context, path string, limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrStalled)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // it ends its processes
	c.WaitDelay = 5 * time.Second
	out, err := c.Output()
	if err == nil {
		return string(out), nil
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return "", fmt.Errorf("%s: %w", filepath.Base(path), err)
}

// programResult is a result as the program prints it.
type programResult struct {
	Result
	Histogram []byte `json:"histogram"` // latencies in nanoseconds, if any
}

// runProgram has the program make one run.
func (p *plan) runProgram(ctx context.Context, duration time.Duration) (s sample, err error) {
	scenario := "stream"
	switch {
	case p.latency():
		scenario = "rtt"
	case p.Options.Size >= blockFrom:
		scenario = "large"
	}
	out, err := runPeersProgram(ctx, p.Peer.Program, duration+programLimit,
		"run", "--json", "--peer", p.Peer.Name, "--scenario", scenario, "--size", strconv.Itoa(p.Options.Size),
		"--duration", duration.String(), "--cores", fmt.Sprintf("%d,%d", p.Options.Cores[0], p.Options.Cores[1]))
	if err != nil {
		return s, err
	}
	var r programResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.MsgsPerSec == nil || len(r.CPUPercent) != len(p.Parts) {
		return s, fmt.Errorf("%s printed %q", peersProgram, out)
	}
	s = sample{Value: r.MsgsPerSec.Median, Messages: r.Messages, Seconds: r.Seconds, CPU: r.CPUPercent, Histogram: r.Histogram}
	if r.AllocsPerMessage != nil {
		s.Mallocs = uint64(*r.AllocsPerMessage * float64(r.Messages))
	}
	if p.latency() {
		if r.Nanos == nil || r.Histogram == nil {
			return s, fmt.Errorf("%s measured no round trips: %q", peersProgram, out)
		}
		s.Value = r.Nanos.P50
	}
	return s, nil
}
