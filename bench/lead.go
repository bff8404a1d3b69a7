package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// leadArgs tell the lead what to measure.
type leadArgs struct {
	Plan plan
	IDs  []uint64
}

// leadKind is the process that directs a measurement. It sleeps while the others
// are at work, and has no part in what they do.
var leadKind = worker.Define("bench-lead", func(ctx context.Context, w *worker.Worker, args leadArgs) error {
	l := &lead{w: w, plan: args.Plan}
	for _, id := range args.IDs {
		l.ids = append(l.ids, worker.ID(id))
	}
	worker.On(w, func(_ context.Context, r report) error {
		l.reports = append(l.reports, r)
		if len(l.reports) == len(l.ids) {
			return worker.Stop
		}
		return nil
	})
	err := l.direct(ctx)
	var t *troubleError
	if errors.As(err, &t) {
		return worker.Emit(ctx, w, t.trouble)
	}
	return err
})

type lead struct {
	w       *worker.Worker
	plan    plan
	ids     []worker.ID
	memory  *floor.Memory
	reports []report // of the phase under way
}

// troubleError is a trouble that a process reported.
type troubleError struct{ trouble }

func (t *troubleError) Error() string { return t.Text }

// Bounds of a phase.
const (
	floorShare  = 4                      // a floor takes a quarter of the time of a run
	floorMost   = 250 * time.Millisecond // and this at most
	floorLeast  = 5 * time.Millisecond
	warmUpMost  = 100 * time.Millisecond
	phaseLimit  = 20 * time.Second // beyond its duration
	attemptsPer = 2                // runs are tried for each that is asked for
)

// direct measures: floor, run, floor, run, floor … A floor counts for the run
// before it and for the one after it.
func (l *lead) direct(ctx context.Context) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	defer l.memory.Close()
	duration := l.plan.Options.Duration
	warmUp := min(duration/floorShare+1, warmUpMost) // whatever comes for the first time is not counted
	if _, err := l.phase(ctx, true, warmUp); err != nil {
		return err
	}
	if _, err := l.run(ctx, warmUp); err != nil {
		return err
	}
	before, err := l.floor(ctx)
	if err != nil {
		return err
	}
	runs := l.plan.Options.Runs
	for good, tries := 0, 0; good < runs && tries < attemptsPer*runs; tries++ {
		s, err := l.run(ctx, duration)
		if err != nil {
			return err
		}
		after, err := l.floor(ctx)
		if err != nil {
			return err
		}
		s.Before, s.After = before, after
		if err := worker.Emit(ctx, l.w, s); err != nil {
			return err
		}
		if s.agrees() {
			good++
		}
		before = after
	}
	return nil
}

// prepare gives everybody the memory of the floors and the list of all.
func (l *lead) prepare(ctx context.Context) (err error) {
	if l.memory, err = floor.Create(l.plan.rings(), max(l.plan.Options.Size, MinSize)); err != nil {
		return err
	}
	everybody := setup{}
	for _, id := range l.ids {
		everybody.IDs = append(everybody.IDs, uint64(id))
	}
	for _, id := range l.ids {
		if err := worker.SendFile(ctx, l.w, id, l.memory.File()); err != nil {
			return err
		}
	}
	// Receivers first: a handle to a name, or to listeners, wants somebody there.
	for _, i := range l.order() {
		if _, err := worker.Call[ack](ctx, l.w, l.ids[i], everybody); err != nil {
			return fmt.Errorf("prepare process %d: %w", i, err)
		}
	}
	return nil
}

// order returns the order in which processes begin: who begins by itself comes
// last, so that nothing is sent to one that is not ready for it.
func (l *lead) order() []int {
	var last, order []int
	for i, p := range slices.Backward(l.plan.Parts) {
		if p.starts() {
			last = append(last, i)
		} else {
			order = append(order, i)
		}
	}
	return append(order, last...)
}

// phase has all processes do one thing, and returns their reports by index.
func (l *lead) phase(ctx context.Context, isFloor bool, duration time.Duration) ([]report, error) {
	l.reports = l.reports[:0]
	if isFloor {
		l.memory.Reset()
	}
	c := command{Floor: isFloor, Duration: duration, Limit: duration + phaseLimit}
	for _, i := range l.order() {
		if _, err := worker.Call[ack](ctx, l.w, l.ids[i], c); err != nil {
			return nil, fmt.Errorf("command process %d: %w", i, err)
		}
	}
	if len(l.reports) < len(l.ids) {
		limit, cancel := context.WithTimeoutCause(ctx, c.Limit+phaseLimit, ErrStalled)
		defer cancel()
		if err := l.w.Serve(limit); errors.Is(err, ErrStalled) {
			return nil, &troubleError{trouble{Text: fmt.Sprintf("%d of %d processes did not report within %v", len(l.ids)-len(l.reports), len(l.ids), c.Limit+phaseLimit), Stalled: true}}
		} else if err != nil {
			return nil, err
		}
	}
	reports := slices.SortedFunc(slices.Values(l.reports), func(a, b report) int { return a.Index - b.Index })
	for _, r := range reports {
		if r.Problem != nil {
			return nil, &troubleError{*r.Problem}
		}
	}
	return reports, nil
}

// run makes one run.
func (l *lead) run(ctx context.Context, duration time.Duration) (sample, error) {
	if l.plan.Peer.Outside {
		return l.plan.outside(ctx, l.w, duration)
	}
	reports, err := l.phase(ctx, false, duration)
	if err != nil {
		return sample{}, err
	}
	return l.sample(reports)
}

// floor measures the floor once.
func (l *lead) floor(ctx context.Context) (float64, error) {
	duration := max(min(l.plan.Options.Duration/floorShare, floorMost), floorLeast)
	reports, err := l.phase(ctx, true, duration)
	if err != nil {
		return 0, err
	}
	s, err := l.sample(reports)
	return s.Value, err
}

// sample sums up the reports of a phase.
func (l *lead) sample(reports []report) (s sample, err error) {
	var begin, end int64 = 1<<63 - 1, 0
	for i, r := range reports {
		p := l.plan.Parts[i]
		if len(p.Outs) == 0 {
			s.Messages += r.Received // by those it was meant for in the end
		}
		if len(p.Ins) > 0 {
			end = max(end, r.End)
		}
		s.Mallocs += r.Mallocs
		s.Calls += r.Calls
		s.CPU = append(s.CPU, 100*r.CPU/r.Elapsed)
		if p.starts() {
			begin = min(begin, r.Begin)
		}
		if r.Histogram != nil {
			s.Histogram = r.Histogram
		}
		if r.Rate > 0 {
			s.Value = r.Rate
		}
	}
	s.Seconds = time.Duration(end - begin).Seconds()
	if s.Histogram != nil {
		h, err := decodeHistogram(s.Histogram)
		if err != nil {
			return s, err
		}
		s.Value, s.Messages = median(h), h.TotalCount()
	} else if s.Value == 0 {
		s.Value = float64(s.Messages) / s.Seconds
	}
	return s, nil
}
