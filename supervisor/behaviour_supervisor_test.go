package supervisor

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Supervisor: MT09 to MT12. Printing, objects and input follow in files of their
// own.

// asker waits for a line of input, which is how a test holds it.
var asker = worker.Define("asker", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, "before"); err != nil {
		return err
	}
	line, err := w.Input(ctx, "? ")
	if err != nil {
		return err
	}
	return tell(ctx, w, 1, line)
})

func TestMT09RunStartsRoutesAndWaitsForTheLastWorker(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	var released atomic.Bool
	st := newStage(t, WithInput(func(context.Context, string, string) (string, error) {
		asked <- struct{}{}
		<-release
		return "go", nil
	}))
	st.add(asker.Spec(worker.None{}))
	go func() {
		<-asked
		released.Store(true)
		close(release)
	}()
	st.mustRun()
	if !released.Load() {
		t.Error("Run returned before its worker had ended")
	}
	reports := st.from("asker")
	if len(reports) != 2 || reports[0].Text != "before" || reports[1].Text != "go" {
		t.Errorf("reports %+v, want one from before and one from after the input", reports)
	}
}

// hermit has no name. It can do everything but be found.
var hermit = worker.Define("hermit", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	w.Print("a hermit can print")
	if _, err := worker.Send(ctx, w, worker.Name("seeker"), worker.StringMessage{Text: "a hermit can send"}); err != nil {
		return err
	}
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error {
		if err := tell(ctx, w, 0, m.Text); err != nil {
			return err
		}
		return worker.Stop
	})
	return w.Serve(ctx)
})

var seeker = worker.Define("seeker", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error {
		from := w.Current().From
		listed := len(w.Lookup("")) + len(w.Lookup("hermit"))
		if w.Workers().Contains(from) {
			listed++
		}
		if !w.Workers().Contains(w.ID()) || !w.Lookup("seeker").Contains(w.ID()) {
			return errors.New("the seeker itself, which has a name, is not listed")
		}
		if err := tell(ctx, w, listed, m.Text); err != nil {
			return err
		}
		if _, err := worker.Send(ctx, w, from, worker.StringMessage{Text: "and be answered"}); err != nil {
			return err
		}
		return worker.Stop
	})
	return w.Serve(ctx)
})

func TestMT10AWorkerWithoutANameWorksAndCannotBeFound(t *testing.T) {
	st := newStage(t)
	st.add(seeker.Spec(worker.None{}))
	st.add(hermit.Spec(worker.None{}).Named(""))
	st.mustRun()
	st.want("seeker", 0, "a hermit can send")
	st.want("hermit", 0, "and be answered")
	wantText(t, "standard output", st.stdout.String(), "a hermit can print\n")
}

// addressee knows its id from the run; acquaintance from its arguments.
var addressee = worker.Define("addressee", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error {
		if err := tell(ctx, w, int(w.ID()), m.Text); err != nil {
			return err
		}
		return worker.Stop
	})
	return w.Serve(ctx)
})

var acquaintance = worker.Define("acquaintance", func(ctx context.Context, w *worker.Worker, to worker.ID) error {
	if _, err := worker.Send(ctx, w, to, worker.StringMessage{Text: "by id"}); err != nil {
		return err
	}
	return tell(ctx, w, 0, "")
})

func TestMT11ANamedWorkerHasItsIDAsSoonAsItIsAdded(t *testing.T) {
	st := newStage(t)
	id := st.add(addressee.Spec(worker.None{}))
	st.add(acquaintance.Spec(id)) // the id is of use before Run
	if id == 0 || id == worker.SupervisorID || st.memory != nil {
		t.Fatalf("before Run: id %v, memory %v", id, st.memory)
	}
	st.mustRun()
	st.want("addressee", int(id), "by id")
	st.only("acquaintance")
}

// born is what steady emits first.
type born struct{}

// steady tells its id at the beginning, in the middle and at the end of its
// life.
var steady = worker.Define("steady", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := worker.Emit(ctx, w, born{}); err != nil {
		return err
	}
	if err := tell(ctx, w, 1, ""); err != nil {
		return err
	}
	worker.On(w, func(ctx context.Context, _ worker.EmptyMessage) error {
		return errors.Join(tell(ctx, w, 2, ""), worker.Stop)
	})
	if _, err := worker.Send(ctx, w, w.ID(), worker.EmptyMessage{}); err != nil {
		return err
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, 3, "")
})

func TestMT12IDsAreUniqueAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		seen := map[worker.ID]bool{worker.SupervisorID: true}
		for range rapid.IntRange(1, ring.MaxSlots-1).Draw(t, "workers") {
			id, err := s.Add(steady.Spec(worker.None{}).Named(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name")))
			if err != nil || seen[id] || id == 0 {
				t.Fatalf("Add: id %v, given before: %v, %v", id, seen[id], err)
			}
			seen[id] = true
		}
	})
}

func TestMT12IDsStayUniqueWhenWorkersComeAndGo(t *testing.T) {
	var st *stage
	var ids []worker.ID // touched before the run, and by the handler alone
	add := func() { ids = append(ids, st.add(steady.Spec(worker.None{}))) }
	st = newStage(t, OnObject(func(worker.ID, born) {
		if len(ids) < 10 {
			add()
		}
	}))
	for range 3 {
		add()
	}
	st.mustRun()
	lives := map[worker.ID][]int{}
	for _, r := range st.from("steady") {
		lives[r.ID] = append(lives[r.ID], r.Count)
	}
	if len(ids) != 10 || len(lives) != 10 {
		t.Errorf("%d workers were added and %d ids were used, want 10", len(ids), len(lives))
	}
	for _, id := range ids {
		if !slices.Equal(lives[id], []int{1, 2, 3}) {
			t.Errorf("worker %v reports %v under its id, want 1, 2, 3", id, lives[id])
		}
	}
}
