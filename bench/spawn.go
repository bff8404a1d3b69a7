package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// floorList is the floor of starting workers.
const floorList = "the same processes as a plain list"

func init() {
	register(Scenario{
		Name: "spawn",
		Doc:  "time from the start of a supervisor until all its workers are ready",
		Long: `A supervisor starts --workers processes: the time until the last of them is
ready for messages. The floor is the same processes started by supervisor.Group,
which gives them no shared memory and no names.`,
		Defaults: Options{Workers: 8},
		Flags:    []string{"workers"},
		Run:      runSpawn,
	})
}

// born is when a worker was ready, on the common clock.
type born struct{ At int64 }

var spawnKind = worker.Define("bench-spawn", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if !w.Supervised() {
		w.Print(ring.Now())
		return nil
	}
	w.Ready()
	return worker.Emit(ctx, w, born{ring.Now()})
})

func runSpawn(ctx context.Context, o Options, out func(Outcome)) error {
	cores, err := o.place(o.Workers, false)
	if err != nil {
		return err
	}
	o.Cores = cores
	s := &session{plan: plan{Options: o, Parts: make([]part, o.Workers), Floor: floorList}}
	return s.finish(ctx, s.spawn(ctx), func(r *Result) {
		r.Scenario, r.API, r.Codec, r.Wait, r.Size, r.Batch = "spawn", "", "", "", 0, 0
		r.MsgsPerSec, r.BytesPerSec, r.Messages = nil, 0, 0
		r.CPUPercent, r.SyscallsPerMillion, r.AllocsPerMessage = nil, nil, nil
	}, out)
}

// spawn takes the samples.
func (s *session) spawn(ctx context.Context) error {
	o := s.plan.Options
	before, err := o.startList(ctx)
	for good, tries := 0, 0; err == nil && good < o.Runs && tries < attemptsPer*o.Runs; tries++ {
		one := sample{Before: before, Messages: int64(o.Workers), CPU: make([]float64, o.Workers)}
		if one.Value, err = o.startWorkers(ctx); err != nil {
			break
		}
		if before, err = o.startList(ctx); err != nil {
			break
		}
		one.After, one.Seconds = before, one.Value/1e9
		h := newHistogram()
		_ = h.RecordValue(int64(one.Value)) // beyond the scale it is left out
		if one.Histogram, err = encodeHistogram(h); err != nil {
			break
		}
		s.samples = append(s.samples, one)
		if one.agrees() {
			good++
		}
	}
	return err
}

// startWorkers returns the nanoseconds until all workers were ready.
func (o Options) startWorkers(ctx context.Context) (float64, error) {
	last, count := int64(0), 0
	super := supervisor.New(supervisor.WithoutSignals(), supervisor.WithStdout(os.Stderr),
		supervisor.OnObject(func(_ worker.ID, b born) { last, count = max(last, b.At), count+1 }))
	for i, core := range o.Cores {
		if _, err := super.Add(spawnKind.Spec(worker.None{}).Named(fmt.Sprintf("bench-%d", i)).OnCore(core)); err != nil {
			return 0, err
		}
	}
	start := ring.Now()
	if err := super.Run(ctx); err != nil {
		return 0, err
	}
	if count != o.Workers {
		return 0, fmt.Errorf("%w: %d of %d workers said that they were ready", ErrDamaged, count, o.Workers)
	}
	return float64(last - start), nil
}

// startList returns the nanoseconds until all processes of a plain list were at
// the same point.
func (o Options) startList(ctx context.Context) (float64, error) {
	var said bytes.Buffer
	list := supervisor.Group{Stdout: &said}
	for i, core := range o.Cores {
		if err := list.Add(spawnKind.Spec(worker.None{}).Named(fmt.Sprintf("bench-%d", i)).OnCore(core)); err != nil {
			return 0, err
		}
	}
	start := ring.Now()
	if err := list.Start(); err != nil {
		return 0, err
	}
	if err := list.Wait(ctx); err != nil {
		list.Terminate()
		return 0, err
	}
	last, lines := int64(0), strings.Fields(said.String())
	for _, line := range lines {
		at, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("bench: a process of the list printed %q: %w", line, err)
		}
		last = max(last, at)
	}
	if len(lines) != o.Workers {
		return 0, fmt.Errorf("%w: %d of %d processes of the list printed", ErrDamaged, len(lines), o.Workers)
	}
	return float64(last - start), nil
}
