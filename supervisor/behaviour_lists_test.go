package supervisor

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Process lists and processes: MT01 to MT08.

// visit says where a visitor waits, and with which code it ends then.
type visit struct {
	Gate string
	Code int
}

var visitor = worker.Define("visitor", func(_ context.Context, _ *worker.Worker, v visit) error {
	if err := pass(v.Gate, ""); err != nil {
		return err
	}
	if v.Code != 0 {
		os.Exit(v.Code)
	}
	return nil
})

// startVisitors starts a list of visitors and returns it with those that have
// come to the gate, in the order of the list.
func startVisitors(t *testing.T, codes ...int) (*Group, []*guest) {
	t.Helper()
	g, gate := &Group{}, openGate(t)
	for _, code := range codes {
		if err := g.Add(visitor.Spec(visit{gate.address(), code})); err != nil {
			t.Fatal(err)
		}
	}
	return g, startGuests(t, g, gate)
}

// startGuests starts a list whose members all come to a gate. They are ended
// with the test, if not before.
func startGuests(t *testing.T, g *Group, gate *gate) []*guest {
	t.Helper()
	t.Cleanup(g.Terminate)
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	pids := g.PIDs()
	guests := make([]*guest, len(pids))
	for range pids {
		v := gate.admit(t)
		i := slices.Index(pids, v.pid)
		if i < 0 || guests[i] != nil || v.pid == os.Getpid() {
			t.Fatalf("process %d is at the gate; the list has %v, this is %d", v.pid, pids, os.Getpid())
		}
		guests[i] = v
	}
	return guests
}

// waitFor waits for a list, and no longer than a run may take.
func waitFor(t *testing.T, g *Group) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stageLimit)
	defer cancel()
	err := g.Wait(ctx)
	if ctx.Err() != nil {
		t.Fatalf("the processes %v have not ended in %v", g.PIDs(), stageLimit)
	}
	return err
}

// wantStillThere checks that a wait with a limit in time ends at the limit.
func wantStillThere(t *testing.T, g *Group) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := g.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait with a limit: %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestMT01AListCollectsProcessesWithoutStartingThem(t *testing.T) {
	gate := openGate(t)
	var g Group
	for n := range 5 {
		if g.Len() != n {
			t.Fatalf("length %d after %d adds", g.Len(), n)
		}
		if err := g.Add(visitor.Spec(visit{Gate: gate.address()})); err != nil {
			t.Fatal(err)
		}
	}
	if g.Len() != 5 || len(g.PIDs()) != 0 || len(g.ExitCodes()) != 0 || g.Alive() {
		t.Errorf("length %d, pids %v, exit codes %v, alive %v; want 5 and nothing started", g.Len(), g.PIDs(), g.ExitCodes(), g.Alive())
	}
	for _, v := range startGuests(t, &g, gate) {
		v.release()
	}
	if err := waitFor(t, &g); err != nil || len(g.PIDs()) != 5 {
		t.Errorf("started afterwards: pids %v, %v; want five and no error", g.PIDs(), err)
	}
}

func TestMT02StartStartsAllAndWaitReturnsAfterAllHaveEnded(t *testing.T) {
	g, guests := startVisitors(t, 0, 7, 0)
	if codes := g.ExitCodes(); !slices.Equal(codes, []int{-1, -1, -1}) {
		t.Errorf("exit codes %v while all live, want -1 for each", codes)
	}
	waited := make(chan error, 1)
	go func() { waited <- waitFor(t, g) }()
	for _, v := range guests[1:] {
		v.release()
	}
	<-g.members[1].done
	<-g.members[2].done
	if codes := g.ExitCodes(); !slices.Equal(codes, []int{-1, 7, 0}) {
		t.Errorf("exit codes %v with one alive, want -1, 7, 0", codes)
	}
	select {
	case err := <-waited:
		t.Errorf("Wait returned (%v) with process %d alive", err, guests[0].pid)
		waited <- err
	default:
	}
	guests[0].release()
	err := <-waited
	if codes := g.ExitCodes(); !slices.Equal(codes, []int{0, 7, 0}) {
		t.Errorf("exit codes %v after Wait, want 0, 7, 0", codes)
	}
	failure := wantFailure(t, err, "visitor", "exit")
	if !strings.Contains(failure.Error(), "exit code 7") {
		t.Errorf("Wait: %v, want the exit code", failure)
	}
}

func TestMT03WaitWithATimeLimitReturnsAtTheLimitAndTheProcessLives(t *testing.T) {
	g, guests := startVisitors(t, 0)
	wantStillThere(t, g)
	if !g.Alive() || !lives(guests[0].pid) {
		t.Errorf("after the limit: Alive is %v, process %d lives: %v", g.Alive(), guests[0].pid, lives(guests[0].pid))
	}
	guests[0].release()
	if err := waitFor(t, g); err != nil || lives(guests[0].pid) {
		t.Errorf("Wait without a limit: %v, process %d lives: %v", err, guests[0].pid, lives(guests[0].pid))
	}
}

func TestMT04AliveIsTrueWhileAnyMemberLives(t *testing.T) {
	g, guests := startVisitors(t, 0, 0)
	if !g.Alive() {
		t.Error("Alive is false with all alive")
	}
	guests[0].release()
	<-g.members[0].done
	if lives(guests[0].pid) || !lives(guests[1].pid) || !g.Alive() {
		t.Errorf("with the slow member alone: %d lives: %v, %d lives: %v, Alive is %v; want false, true, true",
			guests[0].pid, lives(guests[0].pid), guests[1].pid, lives(guests[1].pid), g.Alive())
	}
	guests[1].release()
	if err := waitFor(t, g); err != nil || g.Alive() || lives(guests[1].pid) {
		t.Errorf("Wait: %v, Alive is %v, %d lives: %v", err, g.Alive(), guests[1].pid, lives(guests[1].pid))
	}
}

// family waits at the gate with a process of its own, which has the connection
// too: the connection ends when both have.
var family = worker.Define("family", func(ctx context.Context, _ *worker.Worker, v visit) error {
	conn, err := knock(v.Gate, "")
	if err != nil {
		return err
	}
	file, err := conn.File()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, "sleep", "1000")
	child.Stdin = file
	if err := child.Run(); err != nil {
		return err
	}
	return errors.New("nobody ended this")
})

func TestMT05TerminateEndsAllMembersAsAUnit(t *testing.T) {
	g, gate := &Group{}, openGate(t)
	for range 3 {
		if err := g.Add(family.Spec(visit{Gate: gate.address()})); err != nil {
			t.Fatal(err)
		}
	}
	guests := startGuests(t, g, gate)
	wantStillThere(t, g)
	g.Terminate()
	wantFailure(t, waitFor(t, g), "family", "exit")
	for _, v := range guests {
		if lives(v.pid) {
			t.Errorf("process %d lives after Terminate and Wait", v.pid)
		}
		if n, err := io.Copy(io.Discard, v.conn); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("what process %d started lives on (%v)", v.pid, err)
		}
	}
	if g.Alive() || !slices.Equal(g.ExitCodes(), []int{-1, -1, -1}) {
		t.Errorf("Alive is %v, exit codes are %v; want false, and -1 for each", g.Alive(), g.ExitCodes())
	}
}

// order has most of what arguments are made of.
type order struct {
	Title   string
	Numbers []int64
	Table   map[string]float64
	Parent  *order
	At      time.Time
	Raw     []byte
	Flag    bool
}

var echo = worker.Define("echo", func(ctx context.Context, w *worker.Worker, args order) error {
	if err := worker.Emit(ctx, w, args); err != nil {
		return err
	}
	return tell(ctx, w, 0, "")
})

func TestMT06ArgumentsReachTheWorkerUnchanged(t *testing.T) {
	sent := order{
		Title: "näme\n", Numbers: []int64{1, -1, 1 << 62}, Table: map[string]float64{"a": 0.1, "": -2},
		Parent: &order{Title: "inner", Flag: true}, At: time.Date(2024, 2, 29, 12, 0, 0, 7, time.UTC), Raw: []byte{0, 255, '\n'},
	}
	var got []order
	st := newStage(t, OnObject(func(_ worker.ID, o order) { got = append(got, o) }))
	st.add(echo.Spec(sent))
	st.mustRun()
	st.only("echo")
	if len(got) != 1 || !reflect.DeepEqual(got[0], sent) {
		t.Errorf("the worker was given\n%+v\nwant\n%+v", got, sent)
	}
}

func TestMT07TheBodyRunsInAnotherProcessWhichEndsWithIt(t *testing.T) {
	g, guests := startVisitors(t, 0)
	if pid := guests[0].pid; pid == os.Getpid() || !lives(pid) {
		t.Errorf("the body runs in process %d, the test in %d", pid, os.Getpid())
	}
	guests[0].release() // the body returns
	if err := waitFor(t, g); err != nil || !slices.Equal(g.ExitCodes(), []int{0}) || lives(guests[0].pid) {
		t.Errorf("Wait: %v, exit codes %v, process %d lives: %v; want exit code 0", err, g.ExitCodes(), guests[0].pid, lives(guests[0].pid))
	}
}

// sharesMemory reports whether this process has mapped memory of a run.
func sharesMemory() (bool, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	return strings.Contains(string(maps), "/memfd:"), err
}

var loner = worker.Define("loner", func(ctx context.Context, w *worker.Worker, v visit) error {
	shares, err := sharesMemory()
	if err != nil {
		return err
	}
	if w.Supervised() != shares {
		return errors.New("memory is shared exactly where there is no supervisor")
	}
	w.Print("shares memory:", shares)
	if w.Supervised() {
		return tell(ctx, w, 0, "")
	}
	return pass(v.Gate, "alone")
})

func TestMT08AProcessWorksWithoutASupervisor(t *testing.T) {
	gate := openGate(t)
	var stdout sink
	g := &Group{Stdout: &stdout}
	if err := g.Add(loner.Spec(visit{Gate: gate.address()})); err != nil {
		t.Fatal(err)
	}
	guests := startGuests(t, g, gate)
	guests[0].release()
	if err := waitFor(t, g); err != nil || guests[0].line != "alone" {
		t.Errorf("Wait: %v; the process says %q", err, guests[0].line)
	}
	wantText(t, "the standard output of the list", stdout.String(), "shares memory: false\n")

	st := newStage(t) // the same worker with a supervisor
	st.add(loner.Spec(visit{}))
	st.mustRun()
	st.only("loner")
	wantText(t, "the standard output of the run", st.stdout.String(), "shares memory: true\n")
}
