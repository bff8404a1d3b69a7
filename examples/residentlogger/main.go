// Residentlogger writes down all messages of chosen types. A logger is a
// resident: it runs beside the others and ends after them, when it has handled
// everything that they sent.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/logger"
)

type (
	Order  struct{ Item string }
	Refund struct{ Item string }
)

var audit = logger.Func("audit", func(e logger.Entry) error {
	e.Worker.Printf("audit: %s sent %T %v", e.Envelope.FromName, e.Value, e.Value)
	return nil
}, logger.Of[Order](), logger.Of[Refund]())

var shop = worker.Define("shop", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m Order) error { return nil })
	worker.On(w, func(ctx context.Context, m Refund) error { return worker.Stop })
	return w.Serve(ctx)
})

var customer = worker.Define("customer", func(ctx context.Context, w *worker.Worker, items []string) error {
	for _, item := range items {
		if _, err := worker.Send(ctx, w, worker.Name("shop"), Order{item}); err != nil {
			return err
		}
	}
	_, err := worker.Send(ctx, w, worker.Name("shop"), Refund{items[0]})
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		audit.Spec(), shop.Spec(worker.None{}), customer.Spec([]string{"hat", "scarf"})))
}
