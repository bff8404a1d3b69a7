// Custommessage sends a message type of the program's own, with its own text
// form.
package main

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// IntegerMessage is a message like any other Go value. It has nothing to
// implement and nowhere to be registered.
type IntegerMessage struct{ Value int }

// Detail is the message's part of its text form, see worker.Describe. It is
// optional.
func (m IntegerMessage) Detail() string { return fmt.Sprintf("Value %d", m.Value) }

var receiver = worker.Define("receiver", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m IntegerMessage) error {
		w.Print(worker.Describe(w.ID(), m))
		w.Print("twice that is", 2*m.Value)
		return worker.Stop
	})
	return w.Serve(ctx)
})

var sender = worker.Define("sender", func(ctx context.Context, w *worker.Worker, value int) error {
	_, err := worker.Send(ctx, w, worker.Name("receiver"), IntegerMessage{value})
	return err
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), receiver.Spec(worker.None{}), sender.Spec(7)))
}
