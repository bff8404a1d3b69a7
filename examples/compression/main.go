// Compression registers a type whose large messages are compressed with zstd. It
// saves room in shared memory and costs time.
package main

import (
	"context"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Page is compressed from 4 KiB on, where that saves at least an eighth.
type Page struct{ Text string }

func init() { codec.Register[Page](codec.WithZstd(4 << 10)) }

var archive = worker.Define("archive", func(ctx context.Context, w *worker.Worker, pages int) error {
	worker.On(w, func(ctx context.Context, p Page) error {
		w.Printf("text of %d bytes, smaller on the way: %v", len(p.Text), w.Current().Size < len(p.Text))
		if pages--; pages == 0 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

var author = worker.Define("author", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for _, repeat := range []int{10, 1000} {
		if _, err := worker.Send(ctx, w, worker.Name("archive"), Page{strings.Repeat("all work and no play ", repeat)}); err != nil {
			return err
		}
	}
	return nil
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), archive.Spec(2), author.Spec(worker.None{})))
}
