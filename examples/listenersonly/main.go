// Listenersonly publishes messages that are addressed to nobody: whoever listens
// to their type gets them.
package main

import (
	"context"
	"errors"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type (
	Price   struct{ Cents int64 }
	Weather struct{ Degrees int64 }
)

var display = worker.Define("display", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	err := worker.Listen(w, func(ctx context.Context, p Price) error {
		w.Printf("display: price %d.%02d", p.Cents/100, p.Cents%100)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx)
})

var market = worker.Define("market", func(ctx context.Context, w *worker.Worker, prices []int64) error {
	for _, cents := range prices {
		if _, err := worker.Send(ctx, w, worker.Listeners, Price{cents}); err != nil {
			return err
		}
	}
	_, err := worker.Send(ctx, w, worker.Listeners, Weather{21})
	if errors.Is(err, worker.ErrNoListener) {
		return nil // nobody cares about the weather, and that is fine here
	}
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		display.Spec(worker.None{}).Resident(), market.Spec([]int64{1999, 2005, 1950})))
}
