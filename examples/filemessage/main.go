// Filemessage sends an open file from one process to another. The file has no
// name any more: only the descriptor leads to it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var reader = worker.Define("reader", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.OpenFile) error {
		file, err := m.Open(w)
		if err != nil {
			return err
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		w.Printf("read: %s", text)
		return worker.Stop
	})
	return w.Serve(ctx)
})

var writer = worker.Define("writer", func(ctx context.Context, w *worker.Worker, text string) error {
	file, err := os.CreateTemp("", "filemessage")
	if err != nil {
		return err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	fmt.Fprint(file, text)
	if _, err := file.Seek(0, io.SeekStart); err != nil { // the two processes share one offset
		return err
	}
	to, err := w.Lookup("reader").One()
	if err != nil {
		return err
	}
	return worker.SendFile(ctx, w, to, file)
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), reader.Spec(worker.None{}), writer.Spec("a file without a name")))
}
