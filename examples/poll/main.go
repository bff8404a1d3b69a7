// Poll lets a worker compute without pause and still answer: it looks for
// messages now and then, and handles what has come.
package main

import (
	"context"
	"math"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Estimate asks how far the computation is. Enough ends it.
type (
	Estimate struct{}
	Enough   struct{}
)

var computer = worker.Define("computer", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	sum, sign, odd := 0.0, 1.0, 1.0
	worker.Answer(w, func(ctx context.Context, _ Estimate) (float64, error) { return 4 * sum, nil })
	worker.On(w, func(ctx context.Context, _ Enough) error { return worker.Stop })
	for {
		for range 100_000 { // 1 - 1/3 + 1/5 - 1/7 …
			sum += sign / odd
			sign, odd = -sign, odd+2
		}
		if _, err := w.Poll(ctx); err != nil { // does not wait
			return err // worker.Stop, since a handler said so: the worker ends in order
		}
	}
})

var reader = worker.Define("reader", func(ctx context.Context, w *worker.Worker, precision float64) error {
	for {
		pi, err := worker.Call[float64](ctx, w, worker.Name("computer"), Estimate{})
		if err != nil {
			return err
		}
		if math.Abs(pi-math.Pi) < precision {
			w.Printf("pi is %.5f or so", pi)
			_, err := worker.Send(ctx, w, worker.Name("computer"), Enough{})
			return err
		}
	}
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), computer.Spec(worker.None{}), reader.Spec(1e-6)))
}
