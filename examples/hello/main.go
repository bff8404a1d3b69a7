// Hello is the smallest ringmaster program: one worker, in a process of its
// own, that prints a line through its supervisor.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var hello = worker.Define("hello", func(ctx context.Context, w *worker.Worker, who string) error {
	w.Printf("hello, %s, from core %d", who, w.Core())
	return nil // the worker ends; Run returns when the last one has
})

func main() {
	worker.Main() // in a child: runs the worker and exits. In the parent: returns at once.

	supervisor.Exit(supervisor.Run(context.Background(), hello.Spec("world")))
}
