package worker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Requests to the oracle.
type (
	double struct{ N int64 } // replies with twice N
	refuse struct{ Why string }
	ignore struct{ N int64 } // its handler forgets to reply
	vanish struct{ N int64 } // the oracle ends without a reply
	defers struct{ N int64 } // replied to when the next release comes
)

type release struct{ Reverse bool }

var oracle = define("oracle", func(ctx context.Context, w *worker.Worker) error {
	worker.Answer(w, func(_ context.Context, q double) (int64, error) { return 2 * q.N, nil })
	worker.Answer(w, func(_ context.Context, q refuse) (int64, error) {
		return 0, fmt.Errorf("%s: %w", q.Why, worker.ErrNoListener)
	})
	worker.On(w, func(context.Context, ignore) error { return nil })
	worker.On(w, func(context.Context, vanish) error { return worker.Stop })
	type waiting struct {
		caller worker.Caller
		n      int64
	}
	var later []waiting
	worker.On(w, func(_ context.Context, q defers) error {
		later = append(later, waiting{w.Caller(), q.N})
		return nil
	})
	worker.On(w, func(ctx context.Context, r release) error {
		for i := range later {
			if r.Reverse {
				i = len(later) - 1 - i
			}
			must(worker.Reply(ctx, w, later[i].caller, later[i].n))
		}
		later = nil
		return nil
	})
	return servesUntilGoodbye(ctx, w)
})

var caller = define("caller", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	same("reply", must1(worker.Call[int64](ctx, w, to, double{21})), 42)
	_, err := worker.Call[int64](ctx, w, worker.Name("oracle"), refuse{"because"})
	fails(err, worker.ErrRemote, "because")
	fails(err, worker.ErrNoListener)
	if errors.Is(err, worker.ErrNoReply) {
		return errors.New("a refusal is also ErrNoReply")
	}
	_, err = worker.Call[int64](ctx, w, worker.OneOf("oracle"), ignore{})
	fails(err, worker.ErrNoReply, "ignore", "worker.Answer")
	_, err = worker.Call[note](ctx, w, to, double{1})
	if err == nil || !strings.Contains(err.Error(), "int64") {
		return fmt.Errorf("a reply of another type: %v", err)
	}
	same("reply after those", must1(worker.Call[int64](ctx, w, to, double{4})), 8)
	_, err = worker.Call[int64](ctx, w, to, vanish{})
	fails(err, worker.ErrTerminated, "ended without a reply")
	_, err = worker.Call[int64](ctx, w, to, double{4})
	fails(err, worker.ErrTerminated)
	w.Print("done")
	return nil
})

func TestCallReportsEveryWayInWhichNoReplyComes(t *testing.T) {
	printed(t, run(t, nil, oracle, caller), "done")
}

var abandoned = define("abandoned", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	errs := make(chan error, 8)
	ask := func() {
		_, err := worker.Call[int64](ctx, w, to, defers{})
		errs <- err
	}
	worker.On(w, func(ctx context.Context, m mark) error {
		_, err := worker.Call[int64](ctx, w, to, vanish{}) // from inside a handler
		errs <- err
		for range cap(errs) {
			fails(<-errs, worker.ErrTerminated)
		}
		w.Print("done")
		return worker.Stop
	})
	for range cap(errs) - 1 {
		go ask() // from goroutines that do not receive
	}
	send(ctx, w, w.ID(), mark{})
	return w.Serve(ctx)
})

func TestCallsToAWorkerThatEndsReportTerminatedAndDoNotHang(t *testing.T) {
	printed(t, run(t, nil, oracle, abandoned), "done")
}

var impatient = define("impatient", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err := worker.Call[int64](short, w, to, defers{1})
	fails(err, context.DeadlineExceeded)
	same("late replies before", w.LateReplies(), 0)
	send(ctx, w, to, release{})
	same("reply", must1(worker.Call[int64](ctx, w, to, double{5})), 10)
	same("late replies", w.LateReplies(), 1)
	send(ctx, w, to, goodbye{})
	return nil
})

func TestAReplyThatComesAfterTheCallGaveUpIsCountedAndHarmsNobody(t *testing.T) {
	run(t, nil, oracle, impatient)
}

var crowd = define("crowd", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	const goroutines, calls = 16, 300
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range calls {
				n := int64(g*calls + i)
				same("reply", must1(worker.Call[int64](ctx, w, to, double{n})), 2*n)
			}
		})
	}
	wg.Wait() // nobody serves: the callers take turns in receiving

	served, stop := context.WithCancelCause(ctx)
	for g := range goroutines {
		wg.Go(func() {
			for i := range calls {
				n := int64(g*calls + i)
				same("reply", must1(worker.Call[int64](ctx, w, to, double{n})), 2*n)
			}
		})
	}
	go func() {
		wg.Wait()
		stop(worker.Stop)
	}()
	must(w.Serve(served)) // the body serves, even if a caller began to receive before it

	var replies [goroutines]int64
	for g := range goroutines {
		wg.Go(func() { replies[g] = must1(worker.Call[int64](ctx, w, to, defers{int64(g + 1)})) })
	}
	until(ctx, "all replies came, in reverse", func() bool {
		send(ctx, w, to, release{Reverse: true})
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		select {
		case <-done:
			return true
		case <-time.After(10 * time.Millisecond):
			return false
		}
	})
	for g, n := range replies {
		same("reply", n, int64(g+1))
	}
	same("late replies", w.LateReplies(), 0)
	send(ctx, w, to, goodbye{})
	return nil
})

func TestCallsFromManyGoroutinesGetTheirOwnReplies(t *testing.T) { run(t, nil, oracle, crowd) }

var flooded = define("flooded", func(ctx context.Context, w *worker.Worker) error {
	const calls, marks = 500, 20_000
	inside, next := false, int64(0)
	worker.On(w, func(_ context.Context, m mark) error {
		same("handler inside a handler", inside, false)
		same("mark", m.N, next)
		if next++; next == marks {
			send(ctx, w, worker.Name("oracle"), goodbye{})
			return worker.Stop
		}
		if m.N%1000 != 0 {
			return nil
		}
		inside = true
		for i := range int64(calls / 10) {
			same("reply", must1(worker.Call[int64](ctx, w, worker.Name("oracle"), double{i})), 2*i)
		}
		inside = false
		return nil
	})
	return w.Serve(ctx)
})

var flood = define("flood", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "flooded")
	for i := range int64(20_000) {
		send(ctx, w, to, mark{i})
	}
	return nil
})

func TestCallInsideAHandlerReturnsWhileOrdinaryMailFloodsIn(t *testing.T) {
	run(t, nil, oracle, flooded, flood)
}

var earlyCaller = define("early-caller", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	reply := make(chan int64, 1)
	go func() { reply <- must1(worker.Call[int64](ctx, w, to, defers{7})) }()
	time.Sleep(20 * time.Millisecond) // most likely the caller receives by now
	go func() {                       // not from the handler: that would wait for itself
		for {
			select {
			case r := <-reply:
				reply <- r
				send(ctx, w, w.ID(), goodbye{})
				return
			case <-time.After(time.Millisecond):
				send(ctx, w, to, release{})
			}
		}
	}()
	if err := servesUntilGoodbye(ctx, w); err != nil {
		return err
	}
	send(ctx, w, to, goodbye{})
	return nil
})

func TestServeTakesOverFromACallThatBeganToReceiveBefore(t *testing.T) {
	run(t, nil, oracle, earlyCaller)
}

var leavesACall = define("leaves-a-call", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "oracle")
	go worker.Call[int64](ctx, w, to, defers{7})
	time.Sleep(20 * time.Millisecond) // most likely the caller receives by now
	send(ctx, w, to, goodbye{})
	return nil
})

func TestBodyMayReturnWhileACallIsUnderWay(t *testing.T) { run(t, nil, oracle, leavesACall) }
