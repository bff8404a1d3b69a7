package worker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

var errEnough = errors.New("enough")

var ranger = define("ranger", func(ctx context.Context, w *worker.Worker) error {
	handled := 0
	worker.On(w, func(context.Context, note) error { handled++; return nil })
	for i := range int64(10) {
		send(ctx, w, w.ID(), mark{i})
		send(ctx, w, w.ID(), note{N: int(i)})
	}
	next := int64(0)
	for m, err := range w.Messages(ctx) {
		same("message", must1(m, err).(mark).N, next)
		same("type", w.Current().From, w.ID())
		if next++; next == 5 {
			break // in hand, and handled
		}
	}
	same("handled beside", handled, 4)
	for m, err := range w.Messages(ctx) {
		same("message", must1(m, err).(mark).N, next)
		if next++; next == 10 {
			break
		}
	}
	send(ctx, w, w.ID(), note{})
	ended, cancel := context.WithCancelCause(ctx)
	worker.On(w, func(_ context.Context, s string) error {
		if s == "stop" {
			return worker.Stop
		}
		return errEnough
	})
	cancel(errEnough)
	turns := 0
	for m, err := range w.Messages(ended) {
		turns++
		same("message", m, nil)
		fails(err, errEnough)
	}
	same("elements with the cause of the context", turns, 1)

	send(ctx, w, w.ID(), "fail")
	turns = 0
	for _, err := range w.Messages(ctx) {
		turns++
		fails(err, errEnough)
	}
	same("elements with a handler's error", turns, 1)
	send(ctx, w, w.ID(), "stop")
	for m, err := range w.Messages(ctx) {
		return fmt.Errorf("an element after Stop: %v, %w", m, err)
	}
	return nil
})

func TestMessagesYieldsWhatNoHandlerTakesUntilItIsLeftOrEnds(t *testing.T) { run(t, nil, ranger) }

var poller = define("poller", func(ctx context.Context, w *worker.Worker) error {
	same("messages", must1(w.Poll(ctx)), 0)
	n := 0
	worker.On(w, func(context.Context, mark) error { n++; return nil })
	worker.On(w, func(_ context.Context, s string) error {
		if s == "stop" {
			return worker.Stop
		}
		return errEnough
	})
	for range 10 {
		send(ctx, w, w.ID(), mark{})
	}
	for sum := 0; sum < 10; {
		sum += must1(w.Poll(ctx))
		same("handled", n, sum)
	}
	send(ctx, w, w.ID(), "fail")
	_, err := w.Poll(ctx)
	fails(err, errEnough)
	send(ctx, w, w.ID(), "stop")
	_, err = w.Poll(ctx)
	fails(err, worker.Stop)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = w.Poll(ended)
	fails(err, context.Canceled)
	return nil
})

func TestPollHandlesWhatIsThereAndNeverWaits(t *testing.T) { run(t, nil, poller) }

var busy = define("busy", func(ctx context.Context, w *worker.Worker) error {
	receive := func() {
		fails(w.Serve(ctx), worker.ErrBusy)
		_, err := w.Poll(ctx)
		fails(err, worker.ErrBusy)
		for m, err := range w.Messages(ctx) {
			same("message", m, nil)
			fails(err, worker.ErrBusy)
		}
	}
	worker.On(w, func(ctx context.Context, _ mark) error {
		receive() // in the handler itself
		done := make(chan struct{})
		go func() { defer close(done); receive() }()
		<-done
		return worker.Stop
	})
	send(ctx, w, w.ID(), mark{})
	must(w.Serve(ctx))
	same("messages", must1(w.Poll(ctx)), 0) // and it is free again
	return nil
})

func TestASecondReceiverIsBusy(t *testing.T) { run(t, nil, busy) }

var waiter = define("waiter", func(ctx context.Context, w *worker.Worker) error {
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := w.Await(short, "godot")
	fails(err, context.DeadlineExceeded, "godot")
	fails(w.Serve(short), context.DeadlineExceeded)
	same("envelope outside of handlers", w.Current(), worker.Envelope{})
	same("text outside of handlers", w.Text(), "")
	payload, release := w.Retain()
	release()
	same("payload outside of handlers", len(payload), 0)
	return nil
})

func TestWaitsEndWithTheirContext(t *testing.T) { run(t, nil, waiter) }

// stuffed takes nothing before it gets its reply.
var stuffed = define("stuffed", func(ctx context.Context, w *worker.Worker) error {
	worker.On(w, func(context.Context, mark) error { return nil })
	worker.On(w, func(context.Context, []byte) error { return nil })
	must1(worker.Call[mark](ctx, w, worker.Name("stuffer"), ready{}))
	return nil
})

var stuffer = define("stuffer", func(ctx context.Context, w *worker.Worker) error {
	var waiting worker.Caller
	worker.On(w, func(context.Context, ready) error {
		waiting = w.Caller()
		return worker.Stop
	})
	must(w.Serve(ctx))
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	handle := must1(worker.SenderTo[mark](w, waiting.ID()))
	var err error
	for err == nil {
		_, err = worker.Send(short, w, waiting.ID(), mark{})
	}
	fails(err, context.DeadlineExceeded)
	for err = nil; err == nil; {
		err = handle.Send(short, mark{})
	}
	fails(err, context.DeadlineExceeded)
	for err = nil; err == nil; {
		_, err = worker.Send(short, w, waiting.ID(), make([]byte, 1<<20))
	}
	fails(err, context.DeadlineExceeded)
	must(worker.Reply(ctx, w, waiting, mark{}))
	return nil
})

func TestSendWaitsForRoomUntilItsContextEnds(t *testing.T) { run(t, nil, stuffer, stuffed) }
