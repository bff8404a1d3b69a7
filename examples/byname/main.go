// Byname has two workers, one of which finds the other by its name and sends it
// a message.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var one = worker.Define("one", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error {
		w.Printf("%s says: %s", w.Current().FromName, m.Text)
		return worker.Stop
	})
	return w.Serve(ctx) // handlers run here, one at a time
})

var two = worker.Define("two", func(ctx context.Context, w *worker.Worker, text string) error {
	peers, err := w.Await(ctx, "one") // the ids of that name, as soon as one is ready
	if err != nil {
		return err
	}
	_, err = worker.Send(ctx, w, peers, worker.StringMessage{Text: text})
	return err
})

func main() {
	worker.Main()

	// A worker is named after its kind, unless Named gives it another name.
	supervisor.Exit(supervisor.Run(context.Background(),
		one.Spec(worker.None{}),
		two.Spec("Test message").Named("number two"),
	))
}
