package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Greeting is a message. A value of any type can be one.
type Greeting struct{ Text string }

// exampleHost handles greetings, one at a time, until one says goodbye.
var exampleHost = worker.Define("host", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(_ context.Context, g Greeting) error {
		w.Printf("%s: %s", w.Current().FromName, g.Text)
		if g.Text == "goodbye" {
			return worker.Stop // Serve returns nil, and the process ends
		}
		return nil
	})
	return w.Serve(ctx)
})

// exampleGuest finds the host by its name and sends it two greetings.
var exampleGuest = worker.Define("guest", func(ctx context.Context, w *worker.Worker, name string) error {
	hosts, err := w.Await(ctx, "host")
	if err != nil {
		return err
	}
	for _, text := range []string{"I am " + name, "goodbye"} {
		if _, err := worker.Send(ctx, w, hosts, Greeting{text}); err != nil {
			return err
		}
	}
	return nil
})

// Two workers, each in a process of its own: one handles messages of a type, the
// other finds it by its name and sends some. The message goes from memory of the
// one process straight to the other.
func Example() {
	// worker.Main() comes first in main; these examples have it in TestMain.
	err := supervisor.Run(context.Background(), exampleHost.Spec(worker.None{}), exampleGuest.Spec("Ada"))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// guest: I am Ada
	// guest: goodbye
}

// runExample runs workers until the last one has ended.
func runExample(specs ...worker.Spec) {
	if err := supervisor.Run(context.Background(), specs...); err != nil {
		fmt.Println(err)
	}
}

// Root asks for a square root.
type Root struct{ Of int }

var exampleMathematician = worker.Define("mathematician", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.Answer(w, func(_ context.Context, r Root) (int, error) {
		for root := 0; root*root <= r.Of; root++ {
			if root*root == r.Of {
				return root, nil
			}
		}
		return 0, fmt.Errorf("%d is not a square", r.Of) // the caller's error
	})
	return w.Serve(ctx)
})

var examplePupil = worker.Define("pupil", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for _, n := range []int{49, 50} {
		root, err := worker.Call[int](ctx, w, worker.Name("mathematician"), Root{n})
		switch {
		case errors.Is(err, worker.ErrRemote):
			w.Print("no root:", err)
		case err != nil:
			return err
		default:
			w.Print("the root of", n, "is", root)
		}
	}
	return nil
})

// A request and its response. What the called worker cannot do is the caller's
// error, and ends neither of them. The mathematician is a resident: it ends when
// everybody else has.
func ExampleCall() {
	runExample(exampleMathematician.Spec(worker.None{}).Resident(), examplePupil.Spec(worker.None{}))
	// Output:
	// the root of 49 is 7
	// no root: worker: call to "mathematician": worker: the called worker answered with an error: 50 is not a square
}

// Animal is what some messages are.
type Animal interface{ Legs() int }

// Spider is an Animal.
type Spider struct{ Name string }

// Legs implements Animal.
func (Spider) Legs() int { return 8 }

// A program registers the types that it wants to hear through an interface.
var _ = codec.Register[Spider]()

var exampleZoologist = worker.Define("zoologist", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	err := worker.Listen(w, func(_ context.Context, a Animal) error {
		w.Printf("%T with %d legs on its way from %s", a, a.Legs(), w.Current().FromName)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Serve(ctx)
})

var exampleZoo = worker.Define("zoo", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := w.Await(ctx, "zoologist"); err != nil {
		return err
	}
	n, err := worker.Send(ctx, w, worker.Listeners, Spider{"Thekla"})
	if err == nil && n != 1 {
		err = fmt.Errorf("%d workers heard it", n)
	}
	return err
})

// A worker listens to all messages whose type has certain methods, whoever they
// are sent to.
func ExampleListen() {
	runExample(exampleZoologist.Spec(worker.None{}).Resident(), exampleZoo.Spec(worker.None{}))
	// Output: worker_test.Spider with 8 legs on its way from zoo
}

// Job is a piece of work.
type Job struct{ Number int }

var exampleHelper = worker.Define("helper", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(_ context.Context, j Job) error {
		w.Print("job", j.Number, "is done")
		return nil
	})
	return w.Serve(ctx)
})

var exampleForeman = worker.Define("foreman", func(ctx context.Context, w *worker.Worker, jobs int) error {
	for i := range jobs {
		if _, err := worker.Send(ctx, w, worker.OneOf("helper"), Job{i + 1}); err != nil {
			return err
		}
	}
	return nil
})

// Workers of one name share a queue of work: each job goes to the one with the
// least to do.
func ExampleOneOf() {
	runExample(
		exampleHelper.Spec(worker.None{}).Resident(), exampleHelper.Spec(worker.None{}).Resident(),
		exampleForeman.Spec(4))
	// Unordered output:
	// job 1 is done
	// job 2 is done
	// job 3 is done
	// job 4 is done
}

// Tick is a price. It has no pointers, so its bytes travel as they are.
type Tick struct {
	Symbol [4]byte
	Price  int64
}

var exampleChart = worker.Define("chart", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	ticks, last := 0, Tick{}
	worker.On(w, func(_ context.Context, t Tick) error {
		ticks++
		last = t
		return nil
	})
	if err := w.Serve(ctx); err != nil { // until the residents are told to end
		return err
	}
	w.Printf("%d ticks, the last of %s at %d", ticks, last.Symbol, last.Price)
	return nil
})

var exampleFeed = worker.Define("feed", func(ctx context.Context, w *worker.Worker, n int) error {
	out, err := worker.SenderTo[Tick](w, worker.Name("chart"))
	if err != nil {
		return err
	}
	defer out.Close()
	for i := range n {
		if err := out.Send(ctx, Tick{[4]byte{'G', 'O', 'L', 'D'}, int64(i)}); err != nil {
			return err
		}
	}
	return nil
})

// A handle for the hot path: it looks nothing up and allocates nothing.
func ExampleSenderTo() {
	runExample(exampleChart.Spec(worker.None{}).Resident(), exampleFeed.Spec(100_000))
	// Output: 100000 ticks, the last of GOLD at 99999
}

var exampleScreen = worker.Define("screen", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(_ context.Context, frame []byte) error { // the sender's memory, read-only
		w.Printf("a frame of %d bytes, from %d to %d", len(frame), frame[0], frame[len(frame)-1])
		return nil
	})
	return w.Serve(ctx)
})

var exampleCamera = worker.Define("camera", func(ctx context.Context, w *worker.Worker, size int) error {
	out, err := worker.SenderTo[[]byte](w, worker.Name("screen"))
	if err != nil {
		return err
	}
	defer out.Close()
	frame, err := out.Claim(ctx, size) // memory that the receiver reads from
	if err != nil {
		return err
	}
	for i := range frame {
		frame[i] = byte(i)
	}
	return out.Commit(ctx, len(frame))
})

// Large messages are filled where the receiver will read them; nobody copies
// them.
func ExampleSender_Claim() {
	runExample(exampleScreen.Spec(worker.None{}).Resident(), exampleCamera.Spec(1<<20))
	// Output: a frame of 1048576 bytes, from 0 to 255
}

var exampleReader = worker.Define("reader", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	for message, err := range w.Messages(ctx) {
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case Greeting:
			w.Print("a greeting:", m.Text)
		case worker.EmptyMessage:
			return nil
		}
	}
	return io.ErrUnexpectedEOF
})

var exampleWriter = worker.Define("writer", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := worker.Send(ctx, w, worker.Name("reader"), Greeting{"hello"}); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("reader"), worker.EmptyMessage{})
	return err
})

// A loop, unlike a handler, does not say which types it takes: a program
// registers them, in every process.
var _ = codec.Register[Greeting]()

// A range loop instead of handlers.
func ExampleWorker_Messages() {
	runExample(exampleReader.Spec(worker.None{}), exampleWriter.Spec(worker.None{}))
	// Output: a greeting: hello
}

// A message's text form: its type, where it goes, and what it says of itself.
func ExampleDescribe() {
	fmt.Println(worker.Describe(worker.MakeID(2, 1), worker.StringMessage{Text: "Test message"}))
	fmt.Println(worker.Describe(worker.Name("desk"), worker.EmptyMessage{}))
	// Output:
	// StringMessage to 2;"Test message"
	// EmptyMessage to "desk"
}
