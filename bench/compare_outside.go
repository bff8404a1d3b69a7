package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench/floor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// outside makes one run of a peer whose processes are not those of the plan,
// which sleep meanwhile: Go channels in this process, or a program of its own.
func (p *plan) outside(ctx context.Context, w *worker.Worker, duration time.Duration) (sample, error) {
	if p.Peer.Program != "" {
		return p.runProgram(ctx, duration)
	}
	m := startMeter(w)
	run := p.channelStream
	if p.latency() {
		run = p.channelRoundTrips
	}
	s, err := run(duration)
	if err != nil {
		return s, err
	}
	var r report
	m.stop(&r)
	s.CPU = []float64{100 * r.CPU / r.Elapsed, 0}
	s.Mallocs = r.Mallocs
	return s, nil
}

// channelDepth is the buffer of a channel in a stream.
const channelDepth = 1024

// channelStream sends slices through a channel from one goroutine to another.
// Their memory goes round: when a send has succeeded, channelDepth messages may
// be in the channel, one in the receiver's hand, and one is filled next.
func (p *plan) channelStream(duration time.Duration) (s sample, err error) {
	depth := max(2, min(channelDepth, (64<<20)/p.Options.Size))
	memory := make([][]byte, depth+2)
	for i := range memory {
		memory[i] = make([]byte, p.Options.Size)
	}
	var t tally
	t.reset(p, 1)
	messages, received := make(chan []byte, depth), make(chan error, 1)
	go func() { received <- t.takeAll(messages) }()
	sent := uint64(0)
	begin := time.Now()
	for sent%16 != 0 || time.Since(begin) < duration {
		m := memory[sent%uint64(len(memory))]
		stamp(m, number(0, sent))
		messages <- m
		sent++
	}
	close(messages)
	if err := <-received; err != nil {
		return s, err
	}
	s.Messages, s.Seconds = int64(sent), time.Since(begin).Seconds()
	if t.count != s.Messages {
		return s, fmt.Errorf("%w: %d of %d arrived", ErrDamaged, t.count, sent)
	}
	s.Value = float64(s.Messages) / s.Seconds
	return s, nil
}

// takeAll takes messages until the channel is closed. After an error it goes on,
// so that the sender does not wait forever.
func (t *tally) takeAll(messages <-chan []byte) (failed error) {
	for m := range messages {
		if err := t.take(read(m)); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

// channelRoundTrips sends one slice back and forth through two channels.
func (p *plan) channelRoundTrips(duration time.Duration) (s sample, err error) {
	there, back := make(chan []byte), make(chan []byte)
	go func() {
		defer close(back)
		for m := range there {
			back <- m
		}
	}()
	defer close(there)
	// The goroutines may change cores, whose counters agree on any machine that
	// has more than one: Linux would not use them for its clock otherwise.
	watch, latency := floor.NewStopwatch(), newHistogram()
	var t tally
	t.reset(p, 1)
	message := make([]byte, p.Options.Size)
	begin := time.Now()
	for n := uint64(0); n%16 != 0 || time.Since(begin) < duration; n++ {
		stamp(message, number(0, n))
		sent := watch.Read()
		there <- message
		reply := <-back
		_ = latency.RecordValue(max(watch.Nanos(sent, watch.Read()), 1)) // beyond the scale it is left out
		if err := t.take(read(reply)); err != nil {
			return s, err
		}
	}
	s.Seconds = time.Since(begin).Seconds()
	s.Value, s.Messages = median(latency), latency.TotalCount()
	s.Histogram, err = encodeHistogram(latency)
	return s, err
}
