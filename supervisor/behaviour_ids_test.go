package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Names and ids: MT38 to MT46.

// twin exists to be found.
var twin = hand[worker.StringMessage]("twin")

var genealogist = worker.Define("genealogist", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	ids := w.Lookup("twin")
	for _, id := range ids {
		if _, err := worker.Send(ctx, w, id, worker.StringMessage{Text: id.String()}); err != nil {
			return err
		}
	}
	return tell(ctx, w, len(ids), ids.String())
})

func TestMT38LookupReturnsTheIDsOfAllWorkersOfThatName(t *testing.T) {
	st := newStage(t)
	ids := worker.IDs{st.add(twin.Spec(worker.None{}).Resident())}
	st.add(numberHand.Spec(worker.None{}).Resident()) // of another name
	ids = append(ids, st.add(twin.Spec(worker.None{}).Resident()))
	st.add(genealogist.Spec(worker.None{}))
	st.mustRun()
	st.want("genealogist", 2, ids.String())
	found := st.from("twin")
	if len(found) != 2 || found[0].PID == found[1].PID {
		t.Fatalf("reports %+v, want those of two processes", found)
	}
	for _, r := range found {
		if r.Count != 1 || r.Text != fmt.Sprintf("{%v}", r.ID) {
			t.Errorf("twin %v was sent %q, want its id", r.ID, r.Text)
		}
	}
}

var optimist = worker.Define("optimist", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	ids := w.Lookup("nobody")
	if _, err := ids.One(); !errors.Is(err, worker.ErrNoTarget) {
		return fmt.Errorf("one out of the empty set: %v, want %v", err, worker.ErrNoTarget)
	}
	if one, err := w.Lookup("optimist").One(); err != nil || one != w.ID() {
		return fmt.Errorf("one out of the set of this worker: %v, %v", one, err)
	}
	return tell(ctx, w, len(ids), ids.String())
})

func TestMT39AnUnknownNameIsTheEmptySetAndNoError(t *testing.T) {
	st := newStage(t)
	st.add(optimist.Spec(worker.None{}))
	st.mustRun()
	st.want("optimist", 0, "{}")
}

func TestMT40TakingOneOutOfTheEmptySetIsAnError(t *testing.T) {
	if id, err := (worker.IDs{}).One(); id != 0 || !errors.Is(err, worker.ErrNoTarget) {
		t.Errorf("One of the empty set: %v, %v; want %v", id, err, worker.ErrNoTarget)
	}
	st := newStage(t)
	st.add(optimist.Spec(worker.None{})) // the same in a worker
	st.mustRun()
	st.only("optimist")
}

var finder = worker.Define("finder", func(ctx context.Context, w *worker.Worker, names []string) error {
	var found []string
	for _, name := range names {
		found = append(found, w.Lookup(name).String())
	}
	return tell(ctx, w, len(found), strings.Join(found, " "))
})

func TestMT41LookupWorksInsideTheSenderAndTheParentOnlyAdds(t *testing.T) {
	st := newStage(t)
	before := st.add(numberHand.Spec(worker.None{}).Named("before").Resident())
	self := st.add(finder.Spec([]string{"before", "finder", "after"}))
	after := st.add(numberHand.Spec(worker.None{}).Named("after").Resident())
	st.mustRun()
	st.want("finder", 3, fmt.Sprintf("{%v} {%v} {%v}", before, self, after))
}

// leaf counts what it is sent.
var leaf = hand[worker.StringMessage]("leaf")

var gardener = worker.Define("gardener", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	byName, err := worker.Send(ctx, w, worker.Name("leaf"), worker.StringMessage{Text: "name"})
	if err != nil {
		return err
	}
	bySet, err := worker.Send(ctx, w, w.Lookup("leaf"), worker.StringMessage{Text: "set"})
	if err != nil {
		return err
	}
	return tell(ctx, w, byName+bySet, fmt.Sprint(byName, " and ", bySet))
})

func TestMT42SendToASetDeliversOneMessageToEachMember(t *testing.T) {
	st := newStage(t)
	for range 5 {
		st.add(leaf.Spec(worker.None{}).Resident())
	}
	st.add(gardener.Spec(worker.None{}))
	st.mustRun()
	st.want("gardener", 10, "5 and 5")
	leaves := st.from("leaf")
	if len(leaves) != 5 {
		t.Fatalf("%d leaves report, want 5", len(leaves))
	}
	for _, r := range leaves {
		if r.Count != 2 || r.Text != "{name} {set}" {
			t.Errorf("leaf %v (process %d) got %d messages: %s; want one of each send", r.ID, r.PID, r.Count, r.Text)
		}
	}
}

var sower = worker.Define("sower", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	n, err := worker.Send(ctx, w, w.Lookup("nobody"), IntegerMessage{7})
	if !errors.Is(err, worker.ErrNoTarget) {
		return fmt.Errorf("send to the empty set: %v, want %v", err, worker.ErrNoTarget)
	}
	return tell(ctx, w, n, err.Error())
})

func TestMT43SendToTheEmptySetIsAnErrorThatNamesTheType(t *testing.T) {
	st := newStage(t)
	st.add(sower.Spec(worker.None{}))
	st.mustRun()
	st.want("sower", 0, "worker: no target: type github.com/ringmaster-ipc/ringmaster/supervisor.IntegerMessage was sent to an empty set of ids")
}

// lookups is how often names are looked up where nothing must come of it.
const lookups = 100_000

// playStopped is a run whose supervisor is stopped by one of its workers.
func playStopped() {
	s := New(OnObject(func(worker.ID, report) {}))
	for _, spec := range []worker.Spec{twin.Spec(worker.None{}).Resident(), usurper.Spec(worker.None{})} {
		if _, err := s.Add(spec); err != nil {
			Exit(err)
		}
	}
	Exit(s.Run(context.Background()))
}

// usurper looks names up while its supervisor is stopped.
var usurper = worker.Define("usurper", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := w.Await(ctx, "twin"); err != nil {
		return err
	}
	resume, err := stopSupervisor()
	if err != nil {
		return err
	}
	known, unknown := 0, 0
	for range lookups {
		known += len(w.Lookup("twin"))
		unknown += len(w.Lookup("nobody"))
	}
	if err := resume(); err != nil {
		return err
	}
	w.Print(os.Getppid(), os.Getpid(), known, unknown)
	return nil
})

// stopSupervisor stops this process's parent and returns when it stands still,
// with a function that makes sure that it still does, and lets it go on.
func stopSupervisor() (resume func() error, err error) {
	parent, err := os.FindProcess(os.Getppid())
	if err != nil {
		return nil, err
	}
	if err := parent.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	for standing := false; !standing; {
		if standing, err = isStopped(parent.Pid); err != nil {
			return nil, errors.Join(err, parent.Signal(syscall.SIGCONT))
		}
	}
	return func() error {
		standing, err := isStopped(parent.Pid)
		if err == nil && !standing {
			err = errors.New("the supervisor went on by itself")
		}
		return errors.Join(err, parent.Signal(syscall.SIGCONT))
	}, nil
}

func isStopped(pid int) (bool, error) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return false, err
	}
	stat, err := p.Stat()
	return stat.State == "T", err
}

func TestMT44LookupReturnsAtOnceEvenIfTheSupervisorStandsStill(t *testing.T) {
	h := startScene(t, "stopped")
	lines, code := h.rest()
	if code != 0 || len(lines) != 1 || h.stderr.Len() != 0 {
		t.Fatalf("exit code %d, output %q, standard error:\n%s", code, lines, h.stderr.String())
	}
	var supervisor, self, known, unknown int
	if _, err := fmt.Sscan(lines[0], &supervisor, &self, &known, &unknown); err != nil {
		t.Fatal(err)
	}
	if supervisor != h.Process.Pid || self == supervisor || self == os.Getpid() || lives(self) {
		t.Errorf("worker %d of supervisor %d, want one of %d, ended", self, supervisor, h.Process.Pid)
	}
	if known != lookups || unknown != 0 {
		t.Errorf("%d look-ups found the known name %d times and the unknown one %d times", lookups, known, unknown)
	}
}

var regular = worker.Define("regular", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	first := w.Lookup("twin")
	for range lookups {
		if ids := w.Lookup("twin"); !slices.Equal(ids, first) {
			return fmt.Errorf("a later look-up found %v, the first %v", ids, first)
		}
	}
	return tell(ctx, w, len(first), first.String())
})

func TestMT45ALaterLookupIsAnsweredWithoutASupervisorRequest(t *testing.T) {
	st := newStage(t)
	ids := worker.IDs{st.add(twin.Spec(worker.None{}).Resident()), st.add(twin.Spec(worker.None{}).Resident())}
	st.add(regular.Spec(worker.None{}))
	st.mustRun()
	st.want("regular", 2, ids.String())
	if n := st.Stats().Requests; n != 0 {
		t.Errorf("%d requests to the supervisor, want none", n)
	}
}

// forgetful looks a worker up, again from what it remembers, and once more when
// the worker has ended.
var forgetful = worker.Define("forgetful", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	ids, err := w.Await(ctx, "leaver")
	if err != nil {
		return err
	}
	again := w.Lookup("leaver")
	if err := dismiss(ctx, w, ids[0]); err != nil {
		return err
	}
	return tell(ctx, w, len(w.Lookup("leaver")), fmt.Sprint(ids, again, w.Workers()))
})

func TestMT46AnEndedProcessIsGoneFromTheNextLookup(t *testing.T) {
	st := newStage(t)
	id := st.add(leaver.Spec(worker.None{}))
	self := st.add(forgetful.Spec(worker.None{}))
	st.mustRun()
	st.only("leaver")
	st.want("forgetful", 0, fmt.Sprintf("{%v} {%v} {%v}", id, id, self))
	if n := st.Stats().Requests; n != 0 {
		t.Errorf("%d requests to the supervisor, want none", n)
	}
}
