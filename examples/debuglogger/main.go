// Debuglogger shows every message that flows between workers, whatever its type
// and its target, without a change to the workers.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
	"github.com/ringmaster-ipc/ringmaster/worker/logger"
)

var debug = logger.Debug("debug")

type (
	Point struct{ X, Y int }
	Route struct {
		Name   string
		Points []Point
	}
)

var planner = worker.Define("planner", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m any) error { return nil })
	return w.Serve(ctx)
})

var scout = worker.Define("scout", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := worker.Send(ctx, w, worker.Name("planner"), Point{1, 2}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("planner"), Route{"north", []Point{{1, 2}, {3, 4}}}); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("planner"), worker.EmptyMessage{})
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		debug.Spec(), planner.Spec(worker.None{}).Resident(), scout.Spec(worker.None{})))
}
