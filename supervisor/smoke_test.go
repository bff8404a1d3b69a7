package supervisor

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/worker"
)


type greeting struct{ Text string }
type tick struct {
	N int64
	V [2]int64
}

func init() { codec.Register[greeting](); codec.Register[tick]() }

var one = worker.Define("one", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m greeting) error {
		w.Print("hi from one:", m.Text)
		return nil
	})
	n := int64(0)
	worker.On(w, func(ctx context.Context, m tick) error {
		if m.N != n {
			return fmt.Errorf("tick %d, want %d", m.N, n)
		}
		n++
		return nil
	})
	worker.Answer(w, func(ctx context.Context, q string) (string, error) {
		w.Print("ticks", n)
		return "re: " + q, nil
	})
	worker.On(w, func(ctx context.Context, b []byte) error {
		w.Print("bytes", len(b))
		if len(b) == 7 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

var two = worker.Define("two", func(ctx context.Context, w *worker.Worker, text string) error {
	peers, err := w.Await(ctx, "one")
	if err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, peers, greeting{text}); err != nil {
		return err
	}
	s, err := worker.SenderTo[tick](w, peers)
	if err != nil {
		return err
	}
	start := time.Now()
	const n = 3000000
	for i := range n {
		if err := s.Send(ctx, tick{N: int64(i)}); err != nil {
			return err
		}
	}
	w.Printf("%.1f M/s", n/time.Since(start).Seconds()/1e6)
	start = time.Now()
	for range 10000 {
		if _, err := worker.Call[string](ctx, w, worker.Name("one"), "x"); err != nil {
			return err
		}
		break
	}
	r, err := worker.Call[string](ctx, w, worker.Name("one"), "hey")
	w.Print(r, err)
	for _, size := range []int{0, 16 << 10, 16<<10 + 1, 1 << 20, 5 << 20, 100 << 20, 7} {
		if _, err := worker.Send(ctx, w, peers, make([]byte, size)); err != nil {
			return err
		}
	}
	return nil
})

func TestSmoke(t *testing.T) {
	var out bytes.Buffer
	s := New(WithStdout(&out))
	s.Add(one.Spec(worker.None{}))
	s.Add(two.Spec("hello"))
	ctx, c := context.WithTimeout(context.Background(), 20*time.Second)
	defer c()
	err := s.Run(ctx)
	t.Log(out.String(), err, s.Stats())
	if err != nil {
		t.Fatal(err)
	}
}
