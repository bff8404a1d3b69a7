// Printhandler catches what workers print, instead of letting it go to standard
// output.
package main

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type numbers struct{ A, B int }

var multiply = worker.Define("multiply", func(ctx context.Context, w *worker.Worker, n numbers) error {
	w.Print("Result:", n.A*n.B)
	return nil
})

func main() {
	worker.Main()

	s := supervisor.New(supervisor.WithPrint(func(from worker.ID, line string) {
		fmt.Println("CAUGHT", line) // in the supervisor's process, one line at a time
	}))
	if _, err := s.Add(multiply.Spec(numbers{1234, 5678})); err != nil {
		supervisor.Exit(err)
	}
	supervisor.Exit(s.Run(context.Background()))
}
