package worker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// step is the N-th message of one stream.
type step struct{ Stream, N int64 }

// tally checks that every stream of steps comes whole and in order, and stops
// the worker when there were as many as it wants.
func tally(w *worker.Worker, streams, each int64) {
	next := make([]int64, streams)
	left := streams * each
	worker.On(w, func(_ context.Context, s step) error {
		same(fmt.Sprint("stream ", s.Stream), s.N, next[s.Stream])
		next[s.Stream]++
		if left--; left == 0 {
			return worker.Stop
		}
		return nil
	})
}

const (
	handleStreams = 20 // more than the fourteen lanes there are for handles
	sendStreams   = 8
	perStream     = 3000
)

var counter = define("counter", func(ctx context.Context, w *worker.Worker) error {
	tally(w, handleStreams+sendStreams, perStream)
	return w.Serve(ctx)
})

var manyStreams = define("many-streams", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "counter")
	var handles []*worker.Sender[step]
	for range handleStreams {
		handles = append(handles, must1(worker.SenderTo[step](w, to)))
	}
	var wg sync.WaitGroup
	for i, handle := range handles {
		wg.Go(func() {
			for n := range int64(perStream) {
				must(handle.Send(ctx, step{int64(i), n}))
			}
			handle.Close()
		})
	}
	for i := range int64(sendStreams) {
		wg.Go(func() {
			for n := range int64(perStream) {
				send(ctx, w, to, step{handleStreams + i, n})
			}
		})
	}
	wg.Wait()
	return nil
})

func TestTwentyHandlesAndEightGoroutinesKeepTheirOrderAndLoseNothing(t *testing.T) {
	run(t, nil, counter, manyStreams)
}

var reuser = define("reuser", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "reused")
	for n := range int64(1000) { // a lane that is given back is taken again, in order
		handle := must1(worker.SenderTo[step](w, to))
		must(handle.Send(ctx, step{0, n}))
		handle.Close()
	}
	return nil
})

var reused = define("reused", func(ctx context.Context, w *worker.Worker) error {
	tally(w, 1, 1000)
	return w.Serve(ctx)
})

func TestClosedHandlesGiveTheirLanesBack(t *testing.T) { run(t, nil, reused, reuser) }

var batcher = define("batcher", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "batched")
	handle := must1(worker.SenderTo[step](w, to))
	batch := make([]step, 0, 500)
	for n := int64(0); n < 50_000; {
		batch = batch[:0]
		for range min(n%500+1, 50_000-n) {
			batch = append(batch, step{0, n})
			n++
		}
		must(handle.SendBatch(ctx, batch))
	}
	must(handle.SendBatch(ctx, nil))
	return nil
})

var batched = define("batched", func(ctx context.Context, w *worker.Worker) error {
	tally(w, 1, 50_000)
	return w.Serve(ctx)
})

func TestBatchesOfEverySizeArriveInOrder(t *testing.T) {
	run(t, []supervisor.Option{supervisor.WithLaneSize(4 << 10)}, batched, batcher)
}

// wide is a fixed message that no lane of these tests can hold.
type wide struct {
	N     int64
	Bytes [40_000]byte
}

var wideSender = define("wide-sender", func(ctx context.Context, w *worker.Worker) error {
	var m wide
	m.N, m.Bytes[0], m.Bytes[len(m.Bytes)-1] = 7, 1, 2
	handle := must1(worker.SenderTo[wide](w, w.ID()))
	must(handle.Send(ctx, m))
	must(handle.TrySend(m))
	must(handle.SendBatch(ctx, []wide{m, m}))
	send(ctx, w, w.ID(), m)
	n := 0
	worker.On(w, func(_ context.Context, got wide) error {
		same("message", got, m)
		if n++; n == 5 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

func TestFixedMessagesLargerThanALaneTravelToo(t *testing.T) { run(t, nil, wideSender) }

// ready is asked by a member of the queue, and replied to when the queue is
// filled: until then nobody handles anything.
type ready struct{}

// queueMember is one of the workers that share the name "queue".
var queueMember = worker.Define("queue-member", func(ctx context.Context, w *worker.Worker, ends bool) error {
	if ends {
		return nil
	}
	n := 0
	worker.On(w, func(_ context.Context, m mark) error {
		if n++; n == 1000 {
			w.Print(n)
			return worker.Stop
		}
		return nil
	})
	must1(worker.Call[mark](ctx, w, worker.Name("dispatcher"), ready{}))
	return w.Serve(ctx)
})

var dispatcher = worker.Define("dispatcher", func(ctx context.Context, w *worker.Worker, withHandle bool) error {
	target := worker.OneOf("queue")
	deliver := func() error {
		_, err := worker.Send(ctx, w, target, mark{})
		return err
	}
	if withHandle {
		handle := must1(worker.SenderTo[mark](w, target))
		deliver = func() error { return handle.Send(ctx, mark{}) }
	}
	var members []worker.Caller
	worker.On(w, func(context.Context, ready) error {
		if members = append(members, w.Caller()); len(members) == 3 {
			return worker.Stop
		}
		return nil
	})
	must(w.Serve(ctx))
	until(ctx, "the fourth has ended", func() bool { return len(w.Lookup("queue")) == 3 })
	for range 3000 {
		must(deliver())
	}
	for _, member := range members {
		must(worker.Reply(ctx, w, member, mark{}))
	}
	until(ctx, "all have ended", func() bool { return len(w.Lookup("queue")) == 0 })
	fails(deliver(), worker.ErrNoTarget, "queue")
	return nil
})

func TestOneOfSharesTheWorkEvenlyAmongThoseWhoLive(t *testing.T) {
	for _, withHandle := range []bool{false, true} {
		specs := []worker.Spec{dispatcher.Spec(withHandle)}
		for i := range 4 {
			specs = append(specs, queueMember.Spec(i == 1).Named("queue"))
		}
		printed(t, run(t, nil, specs...), "1000", "1000", "1000")
	}
}

var newcomer = worker.Define("newcomer", func(ctx context.Context, w *worker.Worker, listens bool) error {
	got := func(_ context.Context, s step) error {
		w.Print(w.Name(), s.N, w.Current().Copy)
		return worker.Stop
	}
	if listens {
		must(worker.Listen(w, got))
	} else {
		worker.On(w, got)
	}
	return w.Serve(ctx)
})

// follower sends on while others come and go, by the one handle it has.
var follower = define("follower", func(ctx context.Context, w *worker.Worker) error {
	await(ctx, w, "team")
	handle := must1(worker.SenderTo[step](w, worker.Name("team")))
	must(handle.Send(ctx, step{N: 1}))
	must(worker.Emit(ctx, w, "more")) // the test adds a second member and a listener
	must1(w.Await(ctx, "ear"))
	until(ctx, "the first has gone", func() bool { return len(w.Lookup("team")) == 1 })
	must1(w.Await(ctx, "team"))
	must(handle.Send(ctx, step{N: 2}))
	return nil
})

func TestHandleFollowsThoseWhoTakeItsNameOrBeginToListen(t *testing.T) {
	var s *supervisor.Supervisor
	var out output
	s = supervisor.New(supervisor.WithStdout(&out), supervisor.OnObject(func(_ worker.ID, _ string) {
		for _, spec := range []worker.Spec{newcomer.Spec(false).Named("team"), newcomer.Spec(true).Named("ear")} {
			if _, err := s.Add(spec); err != nil {
				t.Error(err)
			}
		}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	for _, spec := range []worker.Spec{newcomer.Spec(false).Named("team"), follower} {
		if _, err := s.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Run(ctx); err != nil {
		t.Fatal(err, stackOf(err))
	}
	if rescued := s.Stats().Rescued; rescued != 0 {
		t.Errorf("%d workers slept with mail", rescued)
	}
	printed(t, out.lines(), "team 1 false", "team 2 false", "ear 2 true")
}

var twice = worker.Define("twice", func(ctx context.Context, w *worker.Worker, size int) error {
	n := 0
	worker.On(w, func(context.Context, []byte) error { n++; return nil })
	self := worker.IDs{w.ID(), w.ID()}
	same("deliveries", must1(worker.Send(ctx, w, self, make([]byte, size))), 1)
	handle := must1(worker.SenderTo[[]byte](w, self))
	must(handle.Send(ctx, make([]byte, size)))
	send(ctx, w, w.ID(), goodbye{})
	must(servesUntilGoodbye(ctx, w))
	for n < 2 {
		must1(w.Poll(ctx))
	}
	same("messages", n, 2)
	return nil
})

func TestAWorkerNamedTwiceInASetGetsOneMessage(t *testing.T) {
	for _, size := range []int{8, 1 << 20, 5 << 20} {
		run(t, nil, twice.Spec(size))
	}
}
