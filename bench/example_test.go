package bench_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ringmaster-ipc/ringmaster/bench"
)

// A program that calls worker.Main first measures like this.
func Example() {
	options := bench.Options{Size: 64, Duration: 10 * time.Millisecond, Runs: 1}
	err := bench.Run(context.Background(), "spawn", bench.Options{Workers: 1, Runs: 1}, func(o bench.Outcome) {
		r := o.Result
		fmt.Println(r.Scenario, r.Workers, "worker,", r.Nanos.P50 > 0, r.Floor.Unit)
	})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(bench.Check("stream", options))
	options.Codec = "gob"
	fmt.Println(bench.Check("stream", options))
	// Output:
	// spawn 1 worker, true ns
	// <nil>
	// bench: bad option: --size 64 with --codec gob: that message is a struct of three fields
}
