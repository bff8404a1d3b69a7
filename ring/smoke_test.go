package ring

import (
	"context"
	"encoding/binary"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	for _, st := range []Strategy{Spin, Yield, Adaptive, Block} {
		t.Run(st.String(), func(t *testing.T) {
			pair, err := CreatePair(Geometry{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := pair.Port(0, st)
			if err != nil {
				t.Fatal(err)
			}
			b, err := pair.Port(1, st)
			if err != nil {
				t.Fatal(err)
			}
			const n = 2000000
			go func() {
				s, err := a.Open(1, 0)
				if err != nil {
					panic(err)
				}
				for i := range n {
					var buf []byte
					err := a.Until(context.Background(), []*Sender{s}, func() (err error) { buf, err = s.Claim(32); return })
					if err != nil {
						panic(err)
					}
					binary.LittleEndian.PutUint64(buf, uint64(i))
					s.Commit(Meta{})
					if err := s.Publish(); err != nil {
						panic(err)
					}
				}
			}()
			got := 0
			start := time.Now()
			for got < n {
				k, err := b.Receive(All, func(r *Record) error {
					if v := binary.LittleEndian.Uint64(r.Payload); v != uint64(got) {
						t.Fatalf("got %d want %d", v, got)
					}
					got++
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					b.Wait(All)
				}
			}
			t.Logf("%v: %.1f M/s wakes %d parks %d", st, n/time.Since(start).Seconds()/1e6, a.Wakes(), b.Parks())
		})
	}
}
