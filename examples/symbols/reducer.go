package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type reducerArgs struct {
	Parsers int
	Started int64 // ring.Now at the start of the job
	JSON    bool
	Emit    bool // hand table and totals to the supervisor, too
}

var reducer = worker.Define("reducer", reduce)

// reduce adds up what the parsers found and prints the report.
func reduce(ctx context.Context, w *worker.Worker, args reducerArgs) error {
	r := &reduction{args: args, words: table{}, latency: newHistogram()}
	worker.On(w, func(_ context.Context, m fed) error {
		r.fed, r.complete = m, true
		return r.stopWhenDone()
	})
	worker.On(w, func(_ context.Context, p part) error {
		r.parts++
		r.words.add(p)
		return nil
	})
	worker.On(w, func(_ context.Context, t tally) error {
		r.add(w.Current().From, t)
		return r.stopWhenDone()
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	if handled := r.sum.Files + r.sum.Unreadable; handled != r.fed.Sent {
		return fmt.Errorf("symbols: %d files were sent and %d handled", r.fed.Sent, handled)
	}
	r.sum.Unreadable += r.fed.Unreadable
	for _, line := range r.report().lines(args.JSON) {
		w.Print(line)
	}
	if !args.Emit {
		return nil
	}
	for part := range r.words.parts() {
		if err := worker.Emit(ctx, w, part); err != nil {
			return err
		}
	}
	return worker.Emit(ctx, w, r.sum)
}

// reduction is the reducer at work.
type reduction struct {
	args     reducerArgs
	fed      fed
	complete bool // fed has come
	sum      totals
	words    table
	parts    int64 // messages that the table came in
	latency  *hdrhistogram.Histogram
	shares   []share
}

// share is one parser's part of the work.
type share struct {
	id     worker.ID
	totals totals
	used   usage
}

func (r *reduction) add(from worker.ID, t tally) {
	r.sum.Files += t.Totals.Files
	r.sum.Unreadable += t.Totals.Unreadable
	r.sum.Bytes += t.Totals.Bytes
	r.sum.Identifiers += t.Totals.Identifiers
	r.latency.Merge(hdrhistogram.Import(t.Latency))
	r.shares = append(r.shares, share{from, t.Totals, t.Used})
}

// stopWhenDone ends the reducer with the last of what it waits for. What comes
// from several workers comes in any order.
func (r *reduction) stopWhenDone() error {
	if r.complete && len(r.shares) == r.args.Parsers {
		return worker.Stop
	}
	return nil
}

// topCount is how many identifiers the report names.
const topCount = 20

// report works out the figures.
func (r *reduction) report() *report {
	parsers := int64(r.args.Parsers)
	seconds := float64(ring.Now()-r.args.Started) / 1e9
	slices.SortFunc(r.shares, func(a, b share) int { return cmp.Compare(a.id, b.id) })
	return &report{
		Files: r.sum.Files, Unreadable: r.sum.Unreadable, Bytes: r.sum.Bytes,
		Identifiers: r.sum.Identifiers, Distinct: int64(len(r.words)),
		Top: r.words.top(topCount), Workers: r.args.Parsers, Seconds: seconds,
		// Each file, the end to the reducer and to each parser, and from that
		// its table and its tally.
		Messages:       r.fed.Sent + 1 + parsers + r.parts + parsers,
		BytesPerSecond: int64(float64(r.sum.Bytes) / seconds),
		Latency: quantiles{
			P50:  r.latency.ValueAtPercentile(50),
			P99:  r.latency.ValueAtPercentile(99),
			P999: r.latency.ValueAtPercentile(99.9),
		},
		shares: r.shares,
	}
}
