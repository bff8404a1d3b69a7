package supervisor

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// The behaviours are tested against real processes: a worker's body is defined
// right above the test that runs it, and reports what it has seen as an object
// to the stage, which looks after what holds for every run: the process is a
// process of its own, it is gone afterwards, and no worker slept through its
// mail.

// stageLimit bounds every run. No run comes near it unless something hangs.
const stageLimit = 60 * time.Second

// stage is a supervisor under test.
type stage struct {
	*Supervisor
	t              *testing.T
	stdout, stderr *sink

	mu      sync.Mutex
	reports []report
}

// report is what a worker of a test tells.
type report struct {
	Who   string // its name, or its kind where it has none
	PID   int
	ID    worker.ID
	Count int
	Text  string
}

// tell sends a report to the stage.
func tell(ctx context.Context, w *worker.Worker, count int, text string) error {
	who := w.Name()
	if who == "" {
		who = w.Kind()
	}
	return worker.Emit(ctx, w, report{Who: who, PID: os.Getpid(), ID: w.ID(), Count: count, Text: text})
}

func newStage(t *testing.T, opts ...Option) *stage {
	st := &stage{t: t, stdout: &sink{}, stderr: &sink{}}
	standard := []Option{
		WithStdin(strings.NewReader("")), WithStdout(st.stdout), WithStderr(st.stderr), OnObject(st.note),
	}
	st.Supervisor = New(append(standard, opts...)...)
	return st
}

func (st *stage) note(from worker.ID, r report) {
	if from != r.ID {
		st.t.Errorf("worker %s with id %v reports through id %v", r.Who, r.ID, from)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.reports = append(st.reports, r)
}

// add adds a worker that there must be room for.
func (st *stage) add(spec worker.Spec) worker.ID {
	st.t.Helper()
	id, err := st.Add(spec)
	if err != nil {
		st.t.Fatal(err)
	}
	return id
}

// run runs what was added and returns how it ended.
func (st *stage) run() error {
	st.t.Helper()
	ctx, cancel := context.WithTimeout(st.t.Context(), stageLimit)
	defer cancel()
	err := st.Run(ctx)
	if ctx.Err() != nil {
		st.t.Fatalf("the run did not end in %v; reports: %+v\nstdout:\n%v\nstderr:\n%v", stageLimit, st.reports, st.stdout, st.stderr)
	}
	if n := st.Stats().Rescued; n != 0 {
		st.t.Errorf("%d workers slept with mail waiting", n)
	}
	st.checkProcesses()
	return err
}

// mustRun runs what was added; it must go well, and nothing be complained of.
func (st *stage) mustRun() {
	st.t.Helper()
	if err := st.run(); err != nil {
		st.t.Fatalf("Run: %v\nstderr:\n%v", err, st.stderr)
	}
	if text := st.stderr.String(); text != "" {
		st.t.Errorf("on the error writer:\n%s", text)
	}
	if n := st.Stats().Undelivered; n != 0 {
		st.t.Errorf("%d messages were not delivered", n)
	}
}

// checkProcesses makes sure that each worker was one process of its own, and
// that it is gone.
func (st *stage) checkProcesses() {
	st.t.Helper()
	pids, ids := map[int]worker.ID{os.Getpid(): worker.SupervisorID}, map[worker.ID]int{}
	for _, r := range st.reports {
		if id, known := pids[r.PID]; known && id != r.ID {
			st.t.Errorf("process %d is worker %v and worker %v", r.PID, id, r.ID)
		}
		if pid, known := ids[r.ID]; known && pid != r.PID {
			st.t.Errorf("worker %v is process %d and process %d", r.ID, pid, r.PID)
		}
		pids[r.PID], ids[r.ID] = r.ID, r.PID
		if lives(r.PID) {
			st.t.Errorf("process %d of worker %s outlives the run", r.PID, r.Who)
		}
	}
}

// from returns the reports of the workers with a name, in the order they came.
func (st *stage) from(who string) []report {
	st.mu.Lock()
	defer st.mu.Unlock()
	var list []report
	for _, r := range st.reports {
		if r.Who == who {
			list = append(list, r)
		}
	}
	return list
}

// only returns the one report of the one worker with a name.
func (st *stage) only(who string) report {
	st.t.Helper()
	list := st.from(who)
	if len(list) != 1 {
		st.t.Fatalf("%d reports from %q, want one; all: %+v\nstderr:\n%v", len(list), who, st.reports, st.stderr)
	}
	return list[0]
}

// want checks the only report of a worker.
func (st *stage) want(who string, count int, text string) {
	st.t.Helper()
	if r := st.only(who); r.Count != count || r.Text != text {
		st.t.Errorf("%s reports %d, %q; want %d, %q", who, r.Count, r.Text, count, text)
	}
}

// wantFailure checks that err is the failure of a worker and returns it.
func wantFailure(t *testing.T, err error, who, reason string) *worker.Error {
	t.Helper()
	failure, ok := errors.AsType[*worker.Error](err)
	if !ok || failure.Name != who || failure.Reason != reason {
		t.Fatalf("the run ended with %T: %v; want the failure %q of worker %q", err, err, reason, who)
	}
	return failure
}

// wantText checks a whole text.
func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is\n%s\nwant\n%s", what, got, want)
	}
}

// lives reports whether a process exists and is more than the entry of a dead
// one that its parent has not looked at.
func lives(pid int) bool {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return false
	}
	stat, err := p.Stat()
	return err == nil && stat.State != "Z" && stat.State != "X"
}

// sink is a writer that keeps every write by itself.
type sink struct {
	mu     sync.Mutex
	writes []string
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

// all returns the writes so far.
func (s *sink) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

func (s *sink) String() string { return strings.Join(s.all(), "") }
