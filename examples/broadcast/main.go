// Broadcast sends one message to every worker that has a name, except the
// sender.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Shutdown asks everybody to end.
type Shutdown struct{ Reason string }

var desk = worker.Define("desk", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m Shutdown) error {
		w.Printf("%s: closing, since %s", w.Name(), m.Reason)
		return worker.Stop
	})
	return w.Serve(ctx)
})

var porter = worker.Define("porter", func(ctx context.Context, w *worker.Worker, reason string) error {
	n, err := worker.Send(ctx, w, worker.Broadcast, Shutdown{reason})
	w.Printf("porter: told %d others", n)
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		desk.Spec(worker.None{}).Named("sales"),
		desk.Spec(worker.None{}).Named("support"),
		desk.Spec(worker.None{}).Named("repairs"),
		porter.Spec("it is six o'clock"),
	))
}
