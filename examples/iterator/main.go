// Iterator takes messages with a range loop instead of handlers.
package main

import (
	"context"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type (
	Deposit    struct{ Cents int64 }
	Withdrawal struct{ Cents int64 }
	Close      struct{}
)

// A process that takes messages of types it names nowhere else must know them.
func init() {
	codec.Register[Deposit]()
	codec.Register[Withdrawal]()
	codec.Register[Close]()
}

var account = worker.Define("account", func(ctx context.Context, w *worker.Worker, balance int64) error {
	for m, err := range w.Messages(ctx) { // waits for the next one
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case Deposit:
			balance += m.Cents
		case Withdrawal:
			balance -= m.Cents
		case Close:
			w.Printf("the balance is %d cents", balance)
			return nil
		}
	}
	return nil
})

var owner = worker.Define("owner", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for _, m := range []any{Deposit{500}, Withdrawal{120}, Deposit{20}, Close{}} {
		if _, err := worker.Send(ctx, w, worker.Name("account"), m); err != nil {
			return err
		}
	}
	return nil
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(), account.Spec(100), owner.Spec(worker.None{})))
}
