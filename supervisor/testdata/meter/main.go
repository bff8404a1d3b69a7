// Meter is a worker binary that receives what gauge, another one, sends.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// reading has another layout in gauge.
type reading struct{ Value float64 }

// nameless is a type of package main in both binaries.
type nameless struct{ N int64 }

func init() {
	codec.Register[reading](codec.WithName("test.reading"))
	worker.Define("meter", meter)
}

func meter(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(_ context.Context, r reading) error {
		w.Print("read", r.Value)
		return nil
	})
	worker.On(w, func(_ context.Context, n nameless) error {
		w.Print("nameless", n.N)
		return nil
	})
	err := worker.Listen(w, func(_ context.Context, m interface{ Measure() int64 }) error {
		w.Print("measured", m.Measure())
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx)
}

func main() { worker.Main() }
