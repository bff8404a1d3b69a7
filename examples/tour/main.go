// Tour is the program in the README: a feed that sends typed orders to a desk.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type Order struct{ ID, Price int64 } // no pointers inside: its bytes travel as they are

var desk = worker.Define("desk", func(ctx context.Context, w *worker.Worker, limit int64) error {
	worker.On(w, func(ctx context.Context, o Order) error { // one handler per type, run one at a time
		w.Printf("order %d at %d from %s", o.ID, o.Price, w.Current().FromName)
		if o.ID == limit {
			return worker.Stop // ends this worker, in order
		}
		return nil
	})
	return w.Serve(ctx)
})

var feed = worker.Define("feed", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	desks, err := w.Await(ctx, "desk") // until a worker of that name is ready
	if err != nil {
		return err
	}
	orders, err := worker.SenderTo[Order](w, desks) // for the hot path: no look-up, no lock, no allocation
	if err != nil {
		return err
	}
	for id := range int64(3) {
		if err := orders.Send(ctx, Order{ID: id + 1, Price: 100 + id}); err != nil {
			return err
		}
	}
	return nil
})

func main() {
	worker.Main() // in a child: runs the worker and exits. In the parent: returns at once.

	supervisor.Exit(supervisor.Run(context.Background(), desk.Spec(3), feed.Spec(worker.None{})))
}
