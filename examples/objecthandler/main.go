// Objecthandler gives values back to the parent: a worker emits them, and the
// handler for their type gets them in the supervisor's process.
package main

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

type word struct {
	Text    string
	Letters map[string]int
}

var count = worker.Define("count", func(ctx context.Context, w *worker.Worker, text string) error {
	result := word{Text: text, Letters: map[string]int{}}
	for _, letter := range text {
		result.Letters[string(letter)]++
	}
	if err := worker.Emit(ctx, w, result); err != nil {
		return err
	}
	return worker.Emit(ctx, w, len(text)) // any type that can be a message
})

func main() {
	worker.Main()

	total := 0
	s := supervisor.New(
		supervisor.OnObject(func(from worker.ID, m word) { fmt.Println(m.Text, m.Letters) }),
		supervisor.OnObject(func(from worker.ID, n int) { total += n }), // handlers run one at a time
	)
	if _, err := s.Add(count.Spec("banana")); err != nil {
		supervisor.Exit(err)
	}
	err := s.Run(context.Background())
	fmt.Println("letters in all:", total)
	supervisor.Exit(err)
}
