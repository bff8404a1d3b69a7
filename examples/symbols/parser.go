package main

import (
	"context"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/procfs"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var parser = worker.Define("parser", parse)

// parse scans the files it is sent and tells the reducer what was in them.
func parse(ctx context.Context, w *worker.Worker, _ worker.None) error {
	p := &parsing{w: w, words: table{}, latency: newHistogram()}
	worker.On(w, func(ctx context.Context, message []byte) error {
		sent, src := unstamp(message)
		return p.file(ctx, src, sent)
	})
	worker.On(w, func(ctx context.Context, m ownRead) error {
		src, err := os.ReadFile(m.Path)
		if err != nil {
			p.sum.Unreadable++
			w.Print(unreadable{m.Path, err})
			return nil
		}
		return p.file(ctx, src, m.Sent)
	})
	worker.On(w, func(context.Context, fed) error { return worker.Stop })
	if err := w.Serve(ctx); err != nil {
		return err
	}
	// All that the feeder sent before has arrived: it was sent before. It lies
	// in other lanes, though, and there is no order between lanes.
	for n := 1; n > 0; {
		var err error
		if n, err = w.Poll(ctx); err != nil {
			return err
		}
	}
	return p.finish(ctx)
}

// parsing is a parser at work.
type parsing struct {
	w       *worker.Worker
	sum     totals
	words   table
	latency *hdrhistogram.Histogram // from send to handled
	told    int64                   // when progress was told last
}

// tellEvery is how often a parser says how far it is.
const tellEvery = int64(20 * time.Millisecond)

// file scans one file.
func (p *parsing) file(ctx context.Context, src []byte, sent int64) error {
	p.sum.Files++
	p.sum.Bytes += int64(len(src))
	p.sum.Identifiers += p.words.scan(src)
	now := ring.Now()
	if err := record(p.latency, now-sent); err != nil {
		return err
	}
	if now-p.told < tellEvery {
		return nil
	}
	p.told = now
	return tell(ctx, p.w, parsed{p.sum.Files})
}

// finish sends the reducer everything.
func (p *parsing) finish(ctx context.Context) error {
	if err := tell(ctx, p.w, parsed{p.sum.Files}); err != nil {
		return err
	}
	to := worker.Name(reducer.Name())
	for part := range p.words.parts() {
		if _, err := worker.Send(ctx, p.w, to, part); err != nil {
			return err
		}
	}
	used, err := used(p.w)
	if err != nil {
		return err
	}
	_, err = worker.Send(ctx, p.w, to, tally{p.sum, p.latency.Export(), used})
	return err
}

// usage is what a worker's process has used.
type usage struct {
	Core   int
	CPU    float64 // seconds, user and system
	Memory int64   // bytes, the most that was resident, shared memory included
}

// used asks the kernel about this process.
func used(w *worker.Worker) (usage, error) {
	self, err := procfs.Self()
	if err != nil {
		return usage{}, err
	}
	stat, err := self.Stat()
	if err != nil {
		return usage{}, err
	}
	status, err := self.NewStatus()
	if err != nil {
		return usage{}, err
	}
	return usage{Core: w.Core(), CPU: stat.CPUTime(), Memory: int64(status.VmHWM)}, nil
}

// latencyMax is the longest latency told apart: an hour.
const latencyMax = int64(time.Hour)

// newHistogram returns a histogram for latencies in nanoseconds, exact to three
// digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, latencyMax, 3) }

func record(h *hdrhistogram.Histogram, nanos int64) error {
	return h.RecordValue(min(max(nanos, 0), latencyMax))
}
