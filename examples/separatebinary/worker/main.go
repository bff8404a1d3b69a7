// Worker is a worker binary: a program that can only be started by a supervisor.
package main

import (
	"context"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/examples/separatebinary/words"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var _ = worker.Define("counter", func(ctx context.Context, w *worker.Worker, o words.Options) error {
	worker.Answer(w, func(ctx context.Context, m words.Count) (int, error) {
		n := 0
		for word := range strings.FieldsSeq(m.Text) {
			if len(word) >= o.MinLength {
				n++
			}
		}
		return n, nil
	})
	return w.Serve(ctx)
})

func main() { worker.Main() }
