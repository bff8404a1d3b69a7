// Workqueue shares jobs among workers of one name, and brings their results
// together in one reducer.
package main

import (
	"context"
	"math/big"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Job is a range of numbers to look through. Result is how many primes it has.
type (
	Job    struct{ From, To int }
	Result struct{ Primes int }
)

var pool = worker.Define("pool", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, j Job) error {
		primes := 0
		for n := j.From; n < j.To; n++ {
			if big.NewInt(int64(n)).ProbablyPrime(0) { // exact for numbers of this size
				primes++
			}
		}
		_, err := worker.Send(ctx, w, worker.Name("reducer"), Result{primes})
		return err
	})
	return w.Serve(ctx)
})

var feeder = worker.Define("feeder", func(ctx context.Context, w *worker.Worker, jobs int) error {
	for i := range jobs {
		// One worker of that name gets it: the one with the least to do.
		if _, err := worker.Send(ctx, w, worker.OneOf("pool"), Job{i * 1000, (i + 1) * 1000}); err != nil {
			return err
		}
	}
	return nil
})

var reducer = worker.Define("reducer", func(ctx context.Context, w *worker.Worker, jobs int) error {
	primes := 0
	worker.On(w, func(ctx context.Context, r Result) error {
		primes += r.Primes
		if jobs--; jobs == 0 {
			w.Print("primes:", primes)
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

func main() {
	worker.Main()

	const jobs = 100
	queue := pool.Spec(worker.None{}).Resident()
	supervisor.Exit(supervisor.Run(context.Background(), queue, queue, queue, feeder.Spec(jobs), reducer.Spec(jobs)))
}
