package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var faultNothing = faultKind("fault-nothing", func(context.Context, *worker.Worker) error { return nil })

func TestOptionsOutOfBoundsAreReportedBeforeAnythingStarts(t *testing.T) {
	for name, option := range map[string]supervisor.Option{
		"WithMaxWorkers(0)":      supervisor.WithMaxWorkers(0),
		"WithMaxWorkers(-1)":     supervisor.WithMaxWorkers(-1),
		"WithMaxWorkers(960)":    supervisor.WithMaxWorkers(ring.MaxSlots),
		"WithMaxMessage(0)":      supervisor.WithMaxMessage(0),
		"WithMaxMessage(1 GiB+)": supervisor.WithMaxMessage(1<<30 + 1),
		"WithMemoryLimit(0)":     supervisor.WithMemoryLimit(0),
		"WithStartLimit(0)":      supervisor.WithStartLimit(0),
		"WithStopLimit(-1)":      supervisor.WithStopLimit(-1),
		"WithLaneSize(-1)":       supervisor.WithLaneSize(-1),
		"WithLaneSize(0)":        supervisor.WithLaneSize(0),
		"WithLaneSize(2 KiB)":    supervisor.WithLaneSize(2 << 10),
		"WithLaneSize(odd)":      supervisor.WithLaneSize(64<<10 + 1),
		"WithLaneSize(5 GiB)":    supervisor.WithLaneSize(5 << 30),
		"WithSlabSize(-4096)":    supervisor.WithSlabSize(-4096),
		"WithSlabSize(0)":        supervisor.WithSlabSize(0),
		"WithSlabSize(4 KiB)":    supervisor.WithSlabSize(4 << 10),
		"WithSlabSize(odd)":      supervisor.WithSlabSize(1<<20 + 1),
		"WithSlabSize(1 TiB)":    supervisor.WithSlabSize(1 << 40),
	} {
		o := runFault(t, []supervisor.Option{option}, faultNothing)
		if !errors.Is(o.err, supervisor.ErrOption) {
			t.Errorf("%s: run returned %v, want ErrOption", name, o.err)
			continue
		}
		says(t, o.err.Error(), "want")
	}
}

func TestSpecsThatMakeNoSenseAreNotAdded(t *testing.T) {
	negative := faultNothing
	negative.MaxProcs = -1
	for name, c := range map[string]struct {
		spec  worker.Spec
		cause error
		word  string
	}{
		"zero":           {worker.Spec{}, worker.ErrUnknownKind, "supervisor.Exec"},
		"unknown kind":   {faultNothing.OfKind("fault-unknown"), worker.ErrUnknownKind, "fault-nothing"},
		"no cores":       {faultNothing.OnCores(), nil, "cores"},
		"procs":          {negative, nil, "-1"},
		"long name":      {faultNothing.Named(strings.Repeat("n", 1000)), nil, "longer"},
		"arguments":      {supervisor.Exec("true").WithArgs(make(chan int)), nil, "chan"},
		"nil arguments":  {supervisor.Exec("true").WithArgs(nil), nil, "nil"},
		"kind arguments": {faultBadArgs.Spec(make(chan int)), nil, "fault-bad-args"},
	} {
		s := supervisor.New()
		_, err := s.Add(c.spec)
		if err == nil || c.cause != nil && !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: Add returned %v, want an error that says %q", name, err, c.word)
		}
		if s.Len() != 0 {
			t.Errorf("%s: it was added", name)
		}
		if err := new(supervisor.Group).Add(c.spec); err == nil {
			t.Errorf("%s: a process list took it", name)
		}
	}
}

var faultBadArgs = worker.Define("fault-bad-args", func(context.Context, *worker.Worker, chan int) error { return nil })

func TestCoresThatCannotBeHadAreErrors(t *testing.T) {
	core := allowedCores(t)[0]
	for name, c := range map[string]struct {
		specs []worker.Spec
		cause error
		words []string
	}{
		"no such core":  {[]worker.Spec{faultNothing.OnCore(4000)}, supervisor.ErrNoCore, []string{"4000"}},
		"negative core": {[]worker.Spec{faultNothing.OnCore(-1)}, supervisor.ErrNoCore, []string{"-1"}},
		"two exclusive": {[]worker.Spec{
			faultNothing.OnCore(core).ExclusiveCores().Named("a"), faultNothing.OnCore(core).ExclusiveCores().Named("b"),
		}, supervisor.ErrCoreTaken, []string{`"a"`, `"b"`, fmt.Sprint(core)}},
		"taken": {[]worker.Spec{
			faultNothing.OnCore(core).ExclusiveCores().Named("a"), faultNothing.OnCore(core).Named("b"),
		}, supervisor.ErrCoreTaken, []string{`"a"`, `"b"`, fmt.Sprint(core)}},
		"wanted too late": {[]worker.Spec{
			faultNothing.OnCore(core).Named("a"), faultNothing.OnCore(core).ExclusiveCores().Named("b"),
		}, supervisor.ErrCoreTaken, []string{`"a"`, `"b"`, fmt.Sprint(core)}},
		"none left": {append(oneOnEach(allowedCores(t)), faultNothing.Named("b")), supervisor.ErrCoreTaken, []string{`"b"`}},
	} {
		o := runFault(t, nil, c.specs...)
		if !errors.Is(o.err, c.cause) {
			t.Errorf("%s: run returned %v, want %v", name, o.err, c.cause)
			continue
		}
		says(t, o.err.Error(), c.words...)
	}
	o := runFault(t, nil, faultNothing.OnCore(core).ExclusiveCores(), faultNothing.Unpinned())
	if o.err != nil {
		t.Errorf("an exclusive worker and an unpinned one: %v", o.err)
	}
}

// oneOnEach returns workers that have a core each for themselves.
func oneOnEach(cores []int) []worker.Spec {
	var specs []worker.Spec
	for _, core := range cores {
		specs = append(specs, faultNothing.OnCore(core).ExclusiveCores())
	}
	return specs
}

func TestMoreWorkersThanSlotsAreRefused(t *testing.T) {
	s := supervisor.New(supervisor.WithMaxWorkers(2))
	for range 2 {
		if _, err := s.Add(faultNothing); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(faultNothing); !errors.Is(err, supervisor.ErrSlots) {
		t.Errorf("the third of two: %v, want ErrSlots", err)
	} else {
		says(t, err.Error(), "number 3", "has 2", "WithMaxWorkers")
	}
	if err := s.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

var faultEmitter = faultKind("fault-emitter", func(ctx context.Context, w *worker.Worker) error {
	if err := worker.Emit(ctx, w, "running"); err != nil {
		return err
	}
	_, err := w.Input(ctx, "")
	return err
})

func TestWorkersAddedDuringTheRunAreRefusedWhenTheSlotsAreUsedUp(t *testing.T) {
	const spare = 16
	release := make(chan struct{})
	var s *supervisor.Supervisor
	s = supervisor.New(
		supervisor.OnObject(func(worker.ID, string) {
			defer close(release)
			ids := map[worker.ID]bool{}
			for i := range spare {
				id, err := s.Add(faultNothing)
				if err != nil {
					t.Errorf("worker %d of %d beyond the first: %v", i+1, spare, err)
				}
				ids[id] = true
			}
			if len(ids) != spare {
				t.Errorf("%d workers have %d ids", spare, len(ids))
			}
			if _, err := s.Add(faultNothing); !errors.Is(err, supervisor.ErrSlots) {
				t.Errorf("one more: %v, want ErrSlots", err)
			}
		}),
		supervisor.WithInput(func(context.Context, string, string) (string, error) {
			<-release
			return "", nil
		}))
	if _, err := s.Add(faultEmitter); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), faultLimit)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if s.Len() != spare+1 {
		t.Errorf("there are %d workers, want %d", s.Len(), spare+1)
	}
	if rescued := s.Stats().Rescued; rescued != 0 {
		t.Errorf("%d workers slept with mail", rescued)
	}
}

func TestRunThatNeedsMoreMemoryThanItMayUseIsRefused(t *testing.T) {
	o := runFault(t, []supervisor.Option{supervisor.WithMemoryLimit(1 << 20)}, faultNothing)
	if !errors.Is(o.err, supervisor.ErrNoMemory) {
		t.Fatalf("run returned %v, want ErrNoMemory", o.err)
	}
	says(t, o.err.Error(), "18 slots", "65536", "1048576", "WithLaneSize", "WithMemoryLimit")
	o = runFault(t, []supervisor.Option{supervisor.WithLaneSize(1 << 30), supervisor.WithMaxWorkers(900)}, faultNothing)
	if !errors.Is(o.err, supervisor.ErrNoMemory) {
		t.Errorf("900 workers with lanes of 1 GiB: %v, want ErrNoMemory", o.err)
	}
	o = runFault(t, []supervisor.Option{supervisor.WithLaneSize(1 << 30), supervisor.WithMaxWorkers(1), supervisor.WithMemoryLimit(1 << 40)}, faultNothing)
	if o.err != nil {
		t.Errorf("lanes of 1 GiB that nobody opens: %v", o.err)
	}
}

func TestSupervisorRunsOnceAndTakesNobodyAfterwards(t *testing.T) {
	s := supervisor.New()
	if _, err := s.Add(faultNothing); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, supervisor.ErrState) {
		t.Errorf("a second Run: %v, want ErrState", err)
	}
	if _, err := s.Add(faultNothing); !errors.Is(err, supervisor.ErrState) {
		t.Errorf("Add after Run: %v, want ErrState", err)
	}
}

func TestProcessListStartsOnce(t *testing.T) {
	var g supervisor.Group
	if err := g.Wait(t.Context()); !errors.Is(err, supervisor.ErrState) {
		t.Errorf("Wait before Start: %v, want ErrState", err)
	}
	if err := errors.Join(g.Add(faultNothing), g.Start()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(); !errors.Is(err, supervisor.ErrState) {
		t.Errorf("a second Start: %v, want ErrState", err)
	}
	if err := g.Add(faultNothing); !errors.Is(err, supervisor.ErrState) {
		t.Errorf("Add after Start: %v, want ErrState", err)
	}
	if err := g.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}
