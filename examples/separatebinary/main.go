// Separatebinary runs a worker that is a program of its own. Build it first:
//
//	go build -o bin/worker ./examples/separatebinary/worker
//	go run ./examples/separatebinary bin/worker
//
// Without an argument it starts the program named worker in its own folder.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ringmaster-ipc/ringmaster/examples/separatebinary/words"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var reader = worker.Define("reader", func(ctx context.Context, w *worker.Worker, text string) error {
	n, err := worker.Call[int](ctx, w, worker.Name("counter"), words.Count{Text: text})
	if err != nil {
		return err
	}
	w.Printf("%d long words", n)
	return nil
})

func main() {
	worker.Main()

	self, err := os.Executable()
	supervisor.Exit(err)
	path := filepath.Join(filepath.Dir(self), "worker")
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if _, err := os.Stat(path); err != nil {
		supervisor.Exit(fmt.Errorf("%w; build the worker: go build -o bin/worker ./examples/separatebinary/worker", err))
	}
	counter := supervisor.Exec(path).Named("counter").WithArgs(words.Options{MinLength: 5}).Resident()
	supervisor.Exit(supervisor.Run(context.Background(), counter, reader.Spec("lanes carry messages between workers in shared memory")))
}
