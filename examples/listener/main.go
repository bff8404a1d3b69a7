// Listener hears messages that are sent to somebody else: all those whose type
// implements an interface.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Event is what the watcher listens to.
type Event interface{ Job() string }

type (
	Started  struct{ Name string }
	Finished struct{ Name string }
	Note     struct{ Text string } // no Event
)

func (e Started) Job() string  { return e.Name }
func (e Finished) Job() string { return e.Name }

// A process that hears types through an interface alone must know them.
func init() {
	codec.Register[Started]()
	codec.Register[Finished]()
}

var watcher = worker.Define("watcher", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	err := worker.Listen(w, func(ctx context.Context, e Event) error {
		w.Printf("heard: %T of job %s, from %s", e, e.Job(), w.Current().FromName)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx) // a resident: returns once all others have ended
})

var office = worker.Define("office", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m any) error { return nil }) // takes whatever is sent to it
	return w.Serve(ctx)
})

var clerk = worker.Define("clerk", func(ctx context.Context, w *worker.Worker, job string) error {
	for _, m := range []any{Started{job}, Note{"tea"}, Finished{job}} {
		if _, err := worker.Send(ctx, w, worker.Name("office"), m); err != nil {
			return err
		}
	}
	return nil
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		watcher.Spec(worker.None{}).Resident(), office.Spec(worker.None{}).Resident(), clerk.Spec("42")))
}
