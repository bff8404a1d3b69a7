package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// endKind is a measured process. It is a resident: it lives as long as the lead.
var endKind = worker.Define("bench-end", func(ctx context.Context, w *worker.Worker, p plan) error {
	e := &end{w: w, plan: p, part: p.part()}
	if err := e.register(); err != nil {
		return err
	}
	defer e.close()
	return e.run(ctx)
})

// end is one measured process.
type end struct {
	w    *worker.Worker
	plan plan
	part part

	kind    kind
	ids     []worker.ID // of all measured processes
	lead    worker.ID
	memory  *floor.Memory
	source  source
	carrier carrier // nil: it is ringmaster
	tally   tally
	clock   clock
	latency *hdrhistogram.Histogram // of the phase under way
	garbage garbage
	done    int64 // messages received in the runs that are over

	order *command // what to do next
}

// register says what this process answers to.
func (e *end) register() error {
	worker.On(e.w, func(_ context.Context, m worker.OpenFile) error {
		file, err := m.Open(e.w)
		if err != nil {
			return err
		}
		return e.open(file)
	})
	worker.Answer(e.w, func(_ context.Context, s setup) (ack, error) {
		for _, id := range s.IDs {
			e.ids = append(e.ids, worker.ID(id))
		}
		e.lead = e.w.Current().From
		return ack{true}, e.prepare()
	})
	worker.Answer(e.w, func(_ context.Context, c command) (ack, error) {
		e.order = &c
		e.tally.reset(&e.plan, len(e.part.Ins))
		return ack{true}, worker.Stop // run goes on
	})
	worker.Answer(e.w, func(context.Context, askCount) (count, error) {
		return count{e.done + e.tally.count}, nil
	})
	e.kind = kindFor(e.plan.Options)
	if len(e.part.Ins) == 0 {
		return nil
	}
	return e.kind.handle(e)
}

func (e *end) open(file *os.File) (err error) {
	e.memory, err = floor.Open(file)
	return err
}

// prepare makes everything that is not measured.
func (e *end) prepare() (err error) {
	e.clock = newClock()
	if e.plan.Peer.Name != "" {
		return e.openPeer()
	}
	if len(e.part.Outs) > 0 {
		e.source, err = e.kind.newSource(e)
	}
	if e.plan.Garbage && e.part.Kind == partWatch {
		e.garbage.fill()
	}
	return err
}

func (e *end) close() {
	if e.carrier != nil {
		e.carrier.close()
	}
	if e.memory != nil {
		e.memory.Close()
	}
}

// run carries out one command after the other.
func (e *end) run(ctx context.Context) error {
	for {
		e.order = nil
		if err := e.w.Serve(ctx); err != nil || e.order == nil {
			return err
		}
		if _, err := worker.Send(ctx, e.w, e.lead, e.carryOut(ctx, *e.order)); err != nil {
			return err
		}
	}
}

// carryOut does one phase and reports.
func (e *end) carryOut(ctx context.Context, c command) report {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, ErrStalled)
	defer cancel()
	r := report{Index: e.plan.Index}
	e.latency = nil
	if p := e.part.Kind; p == partPing || p == partWatch {
		e.latency = newHistogram()
	}
	m := startMeter(e.w)
	r.Begin = ring.Now()
	var err error
	if c.Floor {
		err = e.runFloor(c, &r)
	} else {
		err = e.measure(ctx, c, &r)
	}
	if r.End == 0 {
		r.End = ring.Now()
	}
	m.stop(&r)
	e.done += e.tally.count
	if e.latency != nil && err == nil {
		r.Histogram, err = encodeHistogram(e.latency)
	}
	if err != nil {
		r.Problem = &trouble{
			Text:    fmt.Sprintf("process %d (%s): %v", r.Index, e.part.Kind, err),
			Damaged: errors.Is(err, ErrDamaged),
			Stalled: errors.Is(err, ErrStalled) || errors.Is(err, floor.ErrStalled),
		}
	}
	return r
}

// measure is this process's part of a measured run.
func (e *end) measure(ctx context.Context, c command, r *report) error {
	var err error
	switch e.part.Kind {
	case partIdle:
		return nil
	case partSource:
		r.Sent, err = e.feed(ctx, c.Duration)
	case partPace:
		r.Sent, err = e.pace(ctx, c.Duration)
	case partPing:
		err = e.ping(ctx, c.Duration)
	case partRelay:
		e.tally.next = func(count uint64) error { return e.source.send(ctx, count, 1) }
		e.tally.ended = func() error { return e.source.end(ctx) }
		err = e.receive(ctx)
	case partWatch:
		e.watch(c.Duration)
		err = e.receive(ctx)
	default:
		err = e.receive(ctx)
	}
	if err == nil && e.source != nil {
		err = e.source.flush(ctx)
	}
	r.Received, r.End = e.tally.count, e.tally.end
	return err
}

// receive receives until the last message of every sender.
func (e *end) receive(ctx context.Context) error {
	if e.carrier != nil {
		return e.carrier.receive(ctx, &e.tally)
	}
	if e.plan.Options.API == APILane {
		return e.receiveLane(ctx)
	}
	return e.w.Serve(ctx)
}

// stretch returns how many messages are sent between two looks at the clock: at
// most 256, and of large ones few.
func (e *end) stretch() int {
	n := max(min(256, (256<<10)/max(e.plan.Options.Size, 1)), 1)
	batch := e.plan.Options.Batch
	return (n + batch - 1) / batch * batch
}

// feed sends as fast as it can for the duration, and the last message.
func (e *end) feed(ctx context.Context, duration time.Duration) (sent int64, err error) {
	n := e.stretch()
	for start := time.Now(); time.Since(start) < duration; sent += int64(n) {
		if err := e.source.send(ctx, uint64(sent), n); err != nil {
			return sent, err
		}
	}
	return sent, e.source.end(ctx)
}

// ping sends a message, and the next one when it has come back, for the
// duration. The last one comes back too.
func (e *end) ping(ctx context.Context, duration time.Duration) error {
	watch := floor.NewStopwatch()
	start := watch.Read()
	sent := start
	e.tally.next = func(count uint64) error {
		now := watch.Read()
		_ = e.latency.RecordValue(watch.Nanos(sent, now)) // beyond the scale it is left out
		if watch.Nanos(start, now) > duration.Nanoseconds() {
			return e.source.end(ctx)
		}
		sent = watch.Read()
		return e.source.send(ctx, count+1, 1)
	}
	if err := e.source.send(ctx, 0, 1); err != nil {
		return err
	}
	return e.receive(ctx)
}

// pace sends at fixed times for the duration, and the last message.
func (e *end) pace(ctx context.Context, duration time.Duration) (sent int64, err error) {
	interval, n := e.plan.interval(duration)
	start := e.memory.Appoint(e.clock.now())
	for sent = range n {
		for due := start + sent*int64(interval); e.clock.now() < due; {
			if ctx.Err() != nil {
				return sent, context.Cause(ctx)
			}
		}
		if err := e.source.send(ctx, uint64(sent), 1); err != nil {
			return sent, err
		}
	}
	return n, e.source.end(ctx)
}

// watch notes how long after its intended time each message is handled.
func (e *end) watch(duration time.Duration) {
	interval, _ := e.plan.interval(duration)
	var start int64
	e.tally.next = func(count uint64) error {
		if count == 0 {
			start = e.memory.Appointed()
		}
		_ = e.latency.RecordValue(max(e.clock.now()-start-int64(count)*int64(interval), 1)) // beyond the scale it is left out
		e.garbage.make()
		return nil
	}
}
