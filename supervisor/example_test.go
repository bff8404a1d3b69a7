package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// greeter is a kind of worker: a name, and what a process of that kind does with
// its start arguments.
var greeter = worker.Define("greeter", func(ctx context.Context, w *worker.Worker, who string) error {
	w.Print("hello,", who) // printed by the supervisor's process
	return nil             // the process ends
})

// A program that runs one worker, in a process of its own, and waits for its
// end. The worker's process runs the same program, in which [worker.Main] does
// not return.
func Example() {
	// worker.Main() comes first in main; these examples have it in TestMain.
	err := supervisor.Run(context.Background(), greeter.Spec("world"))
	if err != nil {
		fmt.Println(err) // a program would say supervisor.Exit(err)
	}
	// Output: hello, world
}

var multiplier = worker.Define("multiplier", func(_ context.Context, w *worker.Worker, factors [2]int) error {
	w.Print("Result:", factors[0]*factors[1])
	return nil
})

// What a worker prints comes out as if the program had printed it.
func Example_result() {
	err := supervisor.Run(context.Background(), multiplier.Spec([2]int{4, 1751663}))
	if err != nil {
		fmt.Println(err)
	}
	// Output: Result: 7006652
}

var knocker = worker.Define("knocker", func(ctx context.Context, w *worker.Worker, to worker.ID) error {
	_, err := worker.Send(ctx, w, to, worker.StringMessage{Text: "knock, knock"})
	return err
})

var porter = worker.Define("porter", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(_ context.Context, m worker.StringMessage) error {
		w.Printf("%s says: %s", w.Current().FromName, m.Text)
		return worker.Stop
	})
	return w.Serve(ctx)
})

// A worker has its id before it runs, so that others can be told of it.
func ExampleSupervisor_Add() {
	s := supervisor.New()
	id, err := s.Add(porter.Spec(worker.None{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := s.Add(knocker.Spec(id)); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: knocker says: knock, knock
}

var faulty = worker.Define("faulty", divide)

func divide(_ context.Context, _ *worker.Worker, by int) error {
	if by == 0 {
		return errors.New("division by zero")
	}
	return nil
}

// The first worker that fails ends the run, and Run returns its error.
func ExampleSupervisor_Run_failure() {
	s := supervisor.New()
	if _, err := s.Add(faulty.Spec(0)); err != nil {
		fmt.Println(err)
		return
	}
	err := s.Run(context.Background())
	if failure, ok := errors.AsType[*worker.Error](err); ok {
		fmt.Println(failure)
		fmt.Println("the stack names the function:", strings.Contains(failure.Stack, "divide"))
	}
	// Output:
	// worker faulty (id 1): error: division by zero
	// the stack names the function: true
}

// Sum is what an adder hands to its parent.
type Sum struct{ A, B, Total int }

var adder = worker.Define("adder", func(ctx context.Context, w *worker.Worker, terms [2]int) error {
	return worker.Emit(ctx, w, Sum{A: terms[0], B: terms[1], Total: terms[0] + terms[1]})
})

// Workers give values to the program that runs them.
func ExampleOnObject() {
	s := supervisor.New(supervisor.OnObject(func(_ worker.ID, sum Sum) {
		fmt.Printf("%d + %d = %d\n", sum.A, sum.B, sum.Total)
	}))
	if _, err := s.Add(adder.Spec([2]int{20, 22})); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: 20 + 22 = 42
}

// A program can do something else with the lines that its workers print.
func ExampleWithPrint() {
	s := supervisor.New(supervisor.WithPrint(func(_ worker.ID, line string) {
		fmt.Println("CAUGHT", line)
	}))
	if _, err := s.Add(greeter.Spec("world")); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: CAUGHT hello, world
}

var interviewer = worker.Define("interviewer", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	name, err := w.Input(ctx, "Your name? ")
	if err != nil {
		return err
	}
	w.Printf("Welcome, %s.", name)
	return nil
})

// Workers ask for lines of input, from standard input or wherever the program
// takes them from.
func ExampleWithStdin() {
	s := supervisor.New(supervisor.WithStdin(strings.NewReader("Ada\n")))
	if _, err := s.Add(interviewer.Spec(worker.None{})); err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: Your name? Welcome, Ada.
}

// A list of processes is started and waited for as a unit, without shared
// memory.
func ExampleGroup() {
	var list supervisor.Group
	if err := list.Add(greeter.Spec("world")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(list.Len(), "process, alive:", list.Alive())
	if err := list.Start(); err != nil {
		fmt.Println(err)
		return
	}
	if err := list.Wait(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exit codes:", list.ExitCodes())
	// Output:
	// 1 process, alive: false
	// hello, world
	// exit codes: [0]
}
