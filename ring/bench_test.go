package ring

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"
	"time"
)

func init() {
	children["benchmark sink"] = childBenchmarkSink
	children["benchmark echo"] = childBenchmarkEcho
}

// childBenchmarkSink reads the first byte of each record, until an empty one.
func childBenchmarkSink(pair *Pair) error {
	return untilEmpty(pair, func(p *Port, rec *Record) error { return nil })
}

// childBenchmarkEcho sends back each record, until an empty one.
func childBenchmarkEcho(pair *Pair) error {
	var back *Sender
	return untilEmpty(pair, func(p *Port, rec *Record) (err error) {
		if back == nil {
			if back, err = p.Open(0, 0); err != nil {
				return err
			}
		}
		return back.Send(Meta{}, rec.Payload)
	})
}

func untilEmpty(pair *Pair, handle func(*Port, *Record) error) error {
	p, _, err := childPort(pair)
	if err != nil {
		return err
	}
	var sum byte
	ended := false
	for limit := time.Now().Add(2 * patience); !ended && time.Now().Before(limit); {
		for range 1 << 12 {
			n, err := p.Receive(All, func(rec *Record) error {
				if len(rec.Payload) == 0 {
					ended = true
					return nil
				}
				for i := 0; i < len(rec.Payload); i += 64 {
					sum += rec.Payload[i]
				}
				return handle(p, rec)
			})
			if err != nil {
				return err
			}
			if ended {
				break
			}
			if n == 0 {
				p.WaitUntil(All, time.Second)
			}
		}
	}
	return nil
}

// benchmarkPair starts the other process and returns this one's end of a lane.
func benchmarkPair(b *testing.B, part string, wait Strategy) (*child, *Port, *Sender) {
	needProcesses(b)
	c := startChild(b, part, Geometry{}, childVariables(wait, 0)...)
	p := c.port(wait)
	s := mustOpen(b, p, 1, 0)
	mustSend(b, s, Meta{}, []byte{1}) // both are there
	eventually(b, "the other process is there", func() bool { return s.Pending() == 0 })
	b.ReportAllocs()
	b.ResetTimer()
	return c, p, s
}

// end waits until the other process has handled everything, and ends it.
func (c *child) end(b *testing.B, s *Sender) {
	for s.Pending() > 0 {
		pause(1)
	}
	b.StopTimer()
	mustSend(b, s, Meta{}, nil)
	c.wait()
}

// Records of 32 bytes, each published at once, or 64 per publish.
func BenchmarkStream(b *testing.B) {
	for _, wait := range []Strategy{Spin, Adaptive, Block} {
		for _, batch := range []int{1, 64} {
			b.Run(fmt.Sprintf("wait=%v/batch=%d", wait, batch), func(b *testing.B) {
				c, p, s := benchmarkPair(b, "benchmark sink", wait)
				lanes := []*Sender{s}
				var buf []byte
				claim := func() (err error) {
					buf, err = s.Claim(32)
					return err
				}
				for i := range b.N {
					if err := claim(); err != nil {
						if err := s.Publish(); err != nil {
							b.Fatal(err)
						}
						if err := p.Until(context.Background(), lanes, claim); err != nil {
							b.Fatal(err)
						}
					}
					binary.LittleEndian.PutUint64(buf, uint64(i))
					s.Commit(Meta{})
					if i%batch == batch-1 {
						if err := s.Publish(); err != nil {
							b.Fatal(err)
						}
					}
				}
				if err := s.Publish(); err != nil {
					b.Fatal(err)
				}
				c.end(b, s)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
			})
		}
	}
}

// A round trip of 32 bytes.
func BenchmarkPingPong(b *testing.B) {
	for _, wait := range []Strategy{Spin, Adaptive, Block} {
		b.Run("wait="+wait.String(), func(b *testing.B) {
			needProcesses(b)
			c := startChild(b, "benchmark echo", Geometry{}, childVariables(wait, 0)...)
			p := c.port(wait)
			s := mustOpen(b, p, 1, 0)
			payload := make([]byte, 32)
			handle := func(*Record) error { return nil }
			round := func() {
				if err := s.Send(Meta{}, payload); err != nil {
					b.Fatal(err)
				}
				for {
					n, err := p.Receive(All, handle)
					if err != nil {
						b.Fatal(err)
					}
					if n > 0 {
						return
					}
					p.Wait(All)
				}
			}
			for range 100 {
				round()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				round()
			}
			c.end(b, s)
		})
	}
}

// Payloads in the slab, filled in place, every line of them read in place.
func BenchmarkLarge(b *testing.B) {
	for _, size := range []int{64 << 10, 1 << 20} {
		b.Run("bytes="+strconv.Itoa(size), func(b *testing.B) {
			c, p, s := benchmarkPair(b, "benchmark sink", Adaptive)
			b.SetBytes(int64(size))
			lanes := []*Sender{s}
			for i := range b.N {
				var l *Loan
				err := p.Until(context.Background(), lanes, func() (err error) {
					l, err = p.Lend(size, 1)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				fillBytes(l.Bytes(), byte(i))
				if err := l.Seal(size); err != nil {
					b.Fatal(err)
				}
				err = p.Until(context.Background(), lanes, func() error { return s.CommitLoan(l, Meta{}) })
				if err != nil {
					b.Fatal(err)
				}
				l.Release()
				if err := s.Publish(); err != nil {
					b.Fatal(err)
				}
			}
			c.end(b, s)
		})
	}
}

// fillBytes is memset.
func fillBytes(b []byte, v byte) {
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// The sender's side alone: claim, commit, publish to a receiver that polls. The
// benchmark receives between batches, outside the time measured.
func BenchmarkPublish(b *testing.B) {
	r := newRun(DefaultGeometry(2))
	s := mustOpen(b, r.port(b, 0, Poll), 1, 0)
	receiver := r.port(b, 1, Poll)
	payload := make([]byte, 32)
	handle := func(*Record) error { return nil }
	b.ReportAllocs()
	for i := range b.N {
		if i%1024 == 0 {
			b.StopTimer()
			for s.Pending() > 0 {
				if _, err := receiver.Receive(All, handle); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
		}
		if err := s.Send(Meta{}, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// One thread that sends and receives, 64 records at a time.
func BenchmarkSendAndReceive(b *testing.B) {
	r := newRun(DefaultGeometry(2))
	s := mustOpen(b, r.port(b, 0, Poll), 1, 0)
	receiver := r.port(b, 1, Poll)
	payload := make([]byte, 32)
	handle := func(*Record) error { return nil }
	b.ReportAllocs()
	for i := range b.N {
		if err := s.Send(Meta{}, payload); err != nil {
			b.Fatal(err)
		}
		if i%64 == 63 {
			if n, err := receiver.Receive(All, handle); n != 64 || err != nil {
				b.Fatal(n, err)
			}
		}
	}
}

// What package worker asks at the start of a Call, and when a lane is full.
func BenchmarkGoroutine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Goroutine()
	}
}
