package proc

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait of the tests. Nothing is measured by it.
const patience = 30 * time.Second

// childCommand returns the Command for a child in the given mode, see TestMain.
func childCommand(mode string, args ...string) Command {
	return Command{
		Path: "/proc/self/exe",
		Args: append([]string{"child"}, args...),
		Env:  append(os.Environ(), childMode+"="+mode),
	}
}

// newSpawner returns a Spawner that is closed with the test, which kills all
// that it has left running.
func newSpawner(t *testing.T) *Spawner {
	t.Helper()
	s := NewSpawner()
	t.Cleanup(s.Close)
	return s
}

func start(t *testing.T, s *Spawner, c Command) *Process {
	t.Helper()
	p, err := s.Start(c)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return p
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s: still waiting after %v", what, patience)
	}
}

// run runs c to its end and returns what it printed on standard output.
func run(t *testing.T, s *Spawner, c Command) (lines []string, exit Exit) {
	t.Helper()
	c.Stdout = func(line string) { lines = append(lines, line) }
	if c.Stderr == nil {
		c.Stderr = func(line string) { t.Log("stderr:", line) }
	}
	p := start(t, s, c)
	await(t, "the end of the process", p.Done())
	return lines, p.Exit()
}

// output collects lines while a process runs.
type output struct {
	mu    sync.Mutex
	lines []string
	first chan struct{} // closed when there is a line
}

func newOutput() *output { return &output{first: make(chan struct{})} }

func (o *output) add(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lines = append(o.lines, line); len(o.lines) == 1 {
		close(o.first)
	}
}

func (o *output) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.lines)
}

// awaitPid waits for the first line, a process id, and returns a function that
// reports whether that process, which need not be a child of ours, dies within
// a time.
func (o *output) awaitPid(t *testing.T) (dies func(within time.Duration) bool) {
	t.Helper()
	await(t, "the process id", o.first)
	pid := number(o.all()[0])
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Skipf("pidfd_open: %v (needs Linux 5.3)", err)
	}
	t.Cleanup(func() {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		unix.Close(fd)
	})
	return func(within time.Duration) bool {
		deadline := time.Now().Add(within)
		for {
			wait := max(0, time.Until(deadline))
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			n, err := unix.Poll(poll, int(wait.Milliseconds()))
			if err != unix.EINTR {
				return n == 1
			}
		}
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q does not contain %q", what, text, part)
		}
	}
}
