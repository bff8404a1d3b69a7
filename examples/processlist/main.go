// Processlist starts workers without a supervisor: a list of processes that are
// started, waited for and ended as a unit. They compute and print; they cannot
// send messages.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// span is the part of the numbers that one process adds up.
type span struct{ From, To int }

var sum = worker.Define("sum", func(ctx context.Context, w *worker.Worker, s span) error {
	total := 0
	for n := s.From; n < s.To; n++ {
		total += n
	}
	w.Printf("the numbers from %d up to %d make %d", s.From, s.To, total)
	return nil
})

var sleep = worker.Define("sleep", func(ctx context.Context, w *worker.Worker, d time.Duration) error {
	time.Sleep(d)
	return nil
})

func main() {
	worker.Main()

	var sums supervisor.Group // the zero value is an empty list
	for from := 0; from < 3000; from += 1000 {
		check(sums.Add(sum.Spec(span{from, from + 1000})))
	}
	check(sums.Start())                    // now all three run
	check(sums.Wait(context.Background())) // now all three have ended

	var slow supervisor.Group
	check(slow.Add(sleep.Spec(time.Hour)))
	check(slow.Start())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err := slow.Wait(ctx) // gives up, and leaves the process alone
	fmt.Println("waited in vain:", errors.Is(err, context.DeadlineExceeded), "still alive:", slow.Alive())
	slow.Terminate()
	err = slow.Wait(context.Background()) // says how each member failed
	fmt.Println("ended by force:", err != nil, "still alive:", slow.Alive())
}

// check ends the program if something went wrong.
func check(err error) { supervisor.Exit(err) }
