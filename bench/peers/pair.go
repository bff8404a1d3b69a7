package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// endLimit is how long a process may take to end once it has been told to, or
// has been killed.
const endLimit = 3 * time.Second

// runPair runs the two processes of one run and returns what the client
// measured. Both are gone when it returns.
func runPair(ctx context.Context, j job, cores []int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, j.Duration+childLimit+endLimit)
	defer cancel()
	read, write, err := os.Pipe()
	if err != nil {
		return sample{}, fmt.Errorf("peers: pipe: %w", err)
	}
	defer read.Close()
	defer write.Close()
	server, err := start(ctx, j, roleServer, cores[1], write)
	if err != nil {
		return sample{}, err
	}
	client, err := start(ctx, j, roleClient, cores[0], read)
	if err != nil {
		return sample{}, errors.Join(err, server.end())
	}
	// The processes hold their ends now: each must see the end of the other.
	read.Close()
	write.Close()
	if err := errors.Join(client.wait(), server.end()); err != nil {
		return sample{}, errors.Join(context.Cause(ctx), err)
	}
	var s sample
	if err := json.Unmarshal(client.out.Bytes(), &s); err != nil {
		return sample{}, fmt.Errorf("%w: the client printed %q", errProcess, client.out.String())
	}
	return s, nil
}

// process is one of the two measured processes.
type process struct {
	role     string
	cmd      *exec.Cmd
	out, err bytes.Buffer
	leash    io.WriteCloser // its standard input; it ends when this is closed
}

// start starts this program again in a role, on a core.
func start(ctx context.Context, j job, role string, core int, notes *os.File) (*process, error) {
	j.Role = role
	env, err := j.env()
	if err != nil {
		return nil, err
	}
	p := &process{role: role, cmd: exec.CommandContext(ctx, "/proc/self/exe")}
	p.cmd.Env = append(environ(), env)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.ExtraFiles = []*os.File{notes}
	p.cmd.WaitDelay = endLimit
	if p.leash, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := startPinned(p.cmd, core); err != nil {
		return nil, fmt.Errorf("%w: start the %s: %w", errProcess, role, err)
	}
	return p, nil
}

// environ returns the environment without a GOMAXPROCS that was meant for
// others: with Go's own choice for one core, 1, round trips of gRPC streams were
// seen to take 68 µs, and 107 µs with 2.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "GOMAXPROCS=") })
}

// wait waits for the process's end, which its own time limit bounds.
func (p *process) wait() error {
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s: %w\n%s", errProcess, p.role, err, strings.TrimSpace(p.err.String()))
	}
	return nil
}

// end tells the process to end, and kills it when it does not.
func (p *process) end() error {
	p.leash.Close()
	kill := time.AfterFunc(endLimit, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	return p.wait()
}
