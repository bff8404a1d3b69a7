// Several is a worker binary that defines two kinds of worker.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

func body(_ context.Context, w *worker.Worker, _ worker.None) error {
	w.Print("kind", w.Kind())
	return nil
}

func init() {
	worker.Define("first", body)
	worker.Define("second", body)
}

func main() { worker.Main() }
