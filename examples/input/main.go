// Input lets a worker ask for lines from the standard input of its supervisor.
package main

import (
	"context"
	"errors"
	"io"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var greet = worker.Define("greet", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for {
		name, err := w.Input(ctx, "What is your name? ") // only this goroutine waits
		if errors.Is(err, io.EOF) {
			w.Print("Goodbye.")
			return nil
		}
		if err != nil {
			return err
		}
		w.Printf("Hello, %s!", name)
	}
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), greet.Spec(worker.None{})))
}
