package worker_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// slot32 is a fixed message of 32 bytes.
type slot32 struct{ A, B, C, D int64 }

// trade is a gob message of three fields.
type trade struct {
	Symbol string
	Price  float64
	Volume int64
}

// traffic is what to send, and how often.
type traffic struct {
	What string
	N    int
	Wait ring.Strategy
}

// report is what became of it.
type report struct {
	Nanos   int64  // from the first send to the receiver's word that all have come
	Mallocs uint64 // of the process that reports
	Role    string

	GobNanos [2]int64 // a persistent pair of package gob: encoding, decoding
}

// caught is the receiver's word that it has all.
type caught struct{ Mallocs uint64 }

const (
	bulk   = 64 << 10 // bytes of a raw payload
	warmUp = 2000     // messages before anything is measured
)

func mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// sink takes any traffic.
var sink = worker.Define("traffic-sink", func(ctx context.Context, w *worker.Worker, t traffic) error {
	n, before := 0, uint64(0)
	count := func(ctx context.Context) error {
		switch n++; n {
		case warmUp:
			send(ctx, w, w.Current().From, caught{})
			before = mallocs()
		case warmUp + t.N:
			send(ctx, w, w.Current().From, caught{mallocs() - before})
			return worker.Stop
		}
		return nil
	}
	var back *worker.Sender[slot32]
	worker.On(w, func(ctx context.Context, m slot32) error {
		if t.What != "ping" {
			return count(ctx)
		}
		if back == nil {
			back = must1(worker.SenderTo[slot32](w, w.Current().From))
		}
		must(back.Send(ctx, m))
		return count(ctx)
	})
	var sum byte
	worker.On(w, func(ctx context.Context, b []byte) error {
		for i := 0; i < len(b); i += 64 { // every line of it is fetched
			sum += b[i]
		}
		return count(ctx)
	})
	worker.On(w, func(ctx context.Context, m trade) error { return count(ctx) })
	return w.Serve(ctx)
})

// source sends any traffic.
var source = worker.Define("traffic-source", func(ctx context.Context, w *worker.Worker, t traffic) error {
	to := await(ctx, w, "traffic-sink")
	var received caught
	worker.On(w, func(_ context.Context, c caught) error {
		received = c
		return worker.Stop
	})
	out := sender(ctx, w, to, t)
	out(warmUp)
	must(w.Serve(ctx))
	start, before := time.Now(), mallocs()
	out(t.N)
	used := mallocs() - before
	must(w.Serve(ctx))
	r := report{Nanos: time.Since(start).Nanoseconds(), Mallocs: used, Role: "sends"}
	if t.What == "gob" {
		r.GobNanos = gobPair(t.N)
	}
	must(worker.Emit(ctx, w, r))
	return worker.Emit(ctx, w, report{Mallocs: received.Mallocs, Role: "receives"})
})

// sender returns a function that sends n messages.
func sender(ctx context.Context, w *worker.Worker, to worker.ID, t traffic) func(n int) {
	switch t.What {
	case "handle":
		handle := must1(worker.SenderTo[slot32](w, to))
		return func(n int) {
			for i := range int64(n) {
				must(handle.Send(ctx, slot32{A: i}))
			}
		}
	case "batch":
		handle := must1(worker.SenderTo[slot32](w, to))
		batch := make([]slot32, 64)
		return func(n int) {
			for ; n > 0; n -= min(n, len(batch)) {
				must(handle.SendBatch(ctx, batch[:min(n, len(batch))]))
			}
		}
	case "send":
		return func(n int) {
			for i := range int64(n) {
				must1(worker.Send(ctx, w, to, slot32{A: i}))
			}
		}
	case "send bulk":
		b := make([]byte, bulk)
		return func(n int) {
			for range n {
				must1(worker.Send(ctx, w, to, b))
			}
		}
	case "claim", "claim bulk":
		size := map[string]int{"claim": 32, "claim bulk": bulk}[t.What]
		handle := must1(worker.SenderTo[[]byte](w, to))
		return func(n int) {
			for i := range n {
				b := must1(handle.Claim(ctx, size))
				for at := 0; at < len(b); at += 64 {
					b[at] = byte(i)
				}
				must(handle.Commit(ctx, size))
			}
		}
	case "raw":
		handle, b := must1(worker.SenderTo[[]byte](w, to)), make([]byte, 32)
		return func(n int) {
			for range n {
				must(handle.Send(ctx, b))
			}
		}
	case "gob":
		return func(n int) {
			handle := must1(worker.SenderTo[trade](w, to))
			for i := range int64(n) {
				must(handle.Send(ctx, trade{"RMST", float64(i) / 4, i}))
			}
		}
	case "ping":
		return pings(ctx, w, to)
	}
	panic("no traffic is called " + t.What)
}

// pings returns a function that sends n messages, each when the last one has
// come back.
func pings(ctx context.Context, w *worker.Worker, to worker.ID) func(n int) {
	handle := must1(worker.SenderTo[slot32](w, to))
	n := 0
	worker.On(w, func(ctx context.Context, m slot32) error {
		if n--; n == 0 {
			return worker.Stop
		}
		return handle.Send(ctx, m)
	})
	return func(count int) {
		n = count
		must(handle.Send(ctx, slot32{}))
		must(w.Serve(ctx))
	}
}

// gobPair returns what it takes to encode and to decode n trades with one
// encoder and one decoder that package gob alone made.
func gobPair(n int) (nanos [2]int64) {
	var stream bytes.Buffer
	encoder, decoder := gob.NewEncoder(&stream), gob.NewDecoder(&stream)
	for at := 0; at < n; at += 1024 { // as much as fits the cache
		count := min(n-at, 1024)
		start := time.Now()
		for i := range count {
			must(encoder.Encode(trade{"RMST", float64(i) / 4, int64(i)}))
		}
		between := time.Now()
		for range count {
			var m trade
			must(decoder.Decode(&m))
		}
		nanos[0] += between.Sub(start).Nanoseconds()
		nanos[1] += time.Since(between).Nanoseconds()
	}
	return nanos
}

// drive runs traffic between two processes and returns the sender's report and
// the receiver's.
func drive(t testing.TB, a traffic) (sends, receives report) {
	t.Helper()
	collect := supervisor.OnObject(func(_ worker.ID, r report) {
		if r.Role == "sends" {
			sends = r
		} else {
			receives = r
		}
	})
	run(t, []supervisor.Option{collect}, sink.Spec(a).Waiting(a.Wait), source.Spec(a).Waiting(a.Wait))
	if sends.Nanos == 0 || receives.Role == "" {
		t.Fatalf("reports %+v and %+v are not complete", sends, receives)
	}
	return sends, receives
}

func TestRawAndFixedMessagesAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	const n = 100_000
	for _, what := range []string{"handle", "batch", "send", "claim", "raw", "claim bulk", "send bulk", "ping"} {
		n := n
		if strings.HasSuffix(what, "bulk") || what == "ping" {
			n /= 10
		}
		sends, receives := drive(t, traffic{What: what, N: n, Wait: ring.Adaptive})
		t.Logf("%s: %d objects to send %d messages, %d to receive them", what, sends.Mallocs, n, receives.Mallocs)
		// What is left are waits for room or mail, a few objects each, and the
		// runtime's own.
		most := uint64(n / 20)
		if strings.HasSuffix(what, "bulk") {
			most = uint64(n / 2) // a wait for every 64 payloads, or fewer
		}
		if sends.Mallocs > most || receives.Mallocs > most {
			t.Errorf("%s: %d and %d objects for %d messages, want none for each", what, sends.Mallocs, receives.Mallocs, n)
		}
	}
}

// BenchmarkTraffic measures messages between two processes: with allocations per
// message at either end, and for gob the time that a pair of package gob takes
// in one process, in the same run.
func BenchmarkTraffic(b *testing.B) {
	for _, what := range []string{"handle", "batch", "send", "claim", "raw", "claim bulk", "send bulk", "gob", "ping"} {
		for _, wait := range []ring.Strategy{ring.Adaptive, ring.Spin} {
			b.Run(fmt.Sprintf("%s/%v", what, wait), func(b *testing.B) {
				sends, receives := drive(b, traffic{What: what, N: b.N, Wait: wait})
				n := float64(b.N)
				b.ReportMetric(float64(sends.Nanos)/n, "ns/op")
				b.ReportMetric(float64(sends.Mallocs)/n, "allocs/send")
				b.ReportMetric(float64(receives.Mallocs)/n, "allocs/receive")
				if what == "gob" {
					b.ReportMetric(float64(sends.GobNanos[0])/n, "ns-gob-encode")
					b.ReportMetric(float64(sends.GobNanos[1])/n, "ns-gob-decode")
				}
				if strings.HasSuffix(what, "bulk") {
					b.ReportMetric(bulk*n/float64(sends.Nanos), "GB/s")
				}
			})
		}
	}
}
