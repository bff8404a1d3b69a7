// Request keeps state in one worker and asks it by calls: each is a request that
// waits for its reply.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Take asks for pieces of an item. The reply is how many are left.
type Take struct {
	Item   string
	Pieces int
}

var store = worker.Define("store", func(ctx context.Context, w *worker.Worker, stock map[string]int) error {
	worker.Answer(w, func(ctx context.Context, m Take) (int, error) {
		left := stock[m.Item] - m.Pieces
		if left < 0 {
			return 0, fmt.Errorf("only %d of %q left", stock[m.Item], m.Item)
		}
		stock[m.Item] = left // requests are handled one at a time: no lock
		return left, nil
	})
	return w.Serve(ctx)
})

var customer = worker.Define("customer", func(ctx context.Context, w *worker.Worker, pieces []int) error {
	for _, n := range pieces {
		left, err := worker.Call[int](ctx, w, worker.Name("store"), Take{"apple", n})
		switch {
		case errors.Is(err, worker.ErrRemote): // the store's answer is an error; the store goes on
			w.Printf("%d: %v", n, err)
		case err != nil:
			return err
		default:
			w.Printf("%d: fine, %d left", n, left)
		}
	}
	return nil
})

func main() {
	worker.Main()

	supervisor.Exit(supervisor.Run(context.Background(),
		store.Spec(map[string]int{"apple": 5}).Resident(), customer.Spec([]int{2, 4, 3})))
}
