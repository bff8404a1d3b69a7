// Failure shows what happens when a worker fails: the other workers end, and the
// parent gets the error with the failed worker's own stack.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type fraction struct{ Over, Under int }

var calculator = worker.Define("calculator", func(ctx context.Context, w *worker.Worker, f fraction) error {
	w.Print("the quotient is", divide(f))
	return nil
})

func divide(f fraction) int { return f.Over / f.Under }

var bystander = worker.Define("bystander", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	<-ctx.Done() // cancelled when the run ends, for whatever reason
	return ctx.Err()
})

func main() {
	worker.Main()

	err := supervisor.Run(context.Background(), bystander.Spec(worker.None{}), calculator.Spec(fraction{1, 0}))
	if failure, ok := errors.AsType[*worker.Error](err); ok {
		fmt.Println("who:", failure.Name)
		fmt.Println("how:", failure.Reason)
		fmt.Println("why:", failure.Err)
	}
	supervisor.Exit(err) // prints the error and the worker's stack, and exits with status 1
}
