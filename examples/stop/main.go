// Stop has one handler for each type of message; one of them ends its worker,
// and nobody else.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Add asks for a number to be added. Finish asks for the result.
type (
	Add    struct{ N int }
	Finish struct{ worker.EmptyMessage }
)

var adder = worker.Define("adder", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	total := 0 // only handlers touch it, and they run one at a time: no lock
	worker.On(w, func(ctx context.Context, m Add) error {
		total += m.N
		return nil // go on serving
	})
	worker.On(w, func(ctx context.Context, m Finish) error {
		return worker.Stop // Serve returns nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	w.Print("the total is", total)
	return nil
})

var feeder = worker.Define("feeder", func(ctx context.Context, w *worker.Worker, upTo int) error {
	adder := worker.Name("adder")
	for n := 1; n <= upTo; n++ {
		if _, err := worker.Send(ctx, w, adder, Add{n}); err != nil {
			return err
		}
	}
	_, err := worker.Send(ctx, w, adder, Finish{}) // arrives last: messages keep their order
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), adder.Spec(worker.None{}), feeder.Spec(100)))
}
