// Embedding listens to a struct type, and so hears the types that embed it too:
// embedding makes a supertype.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Event is what all events have in common.
type Event struct{ Job string }

type (
	Started  struct{ Event }
	Finished struct {
		Event
		Lines int
	}
)

// A process that hears types through another one must know them.
func init() {
	codec.Register[Started]()
	codec.Register[Finished]()
}

var watcher = worker.Define("watcher", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	err := worker.Listen(w, func(ctx context.Context, e Event) error { // gets the Event inside
		w.Printf("job %s: %s", e.Job, w.Current().Type)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx)
})

var clerk = worker.Define("clerk", func(ctx context.Context, w *worker.Worker, job string) error {
	if _, err := worker.Send(ctx, w, worker.Listeners, Started{Event{job}}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Listeners, Finished{Event{job}, 120}); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Listeners, Event{job})
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		watcher.Spec(worker.None{}).Resident(), clerk.Spec("42")))
}
