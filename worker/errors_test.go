package worker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// mark is a fixed message with a number.
type mark struct{ N int64 }

// note is a message that travels as gob.
type note struct {
	Who  string
	Tags []string
	N    int
}

var stranger = define("stranger", func(ctx context.Context, w *worker.Worker) error {
	for _, id := range []worker.ID{0, worker.MakeID(9, 1), worker.MakeID(9, 7), worker.MakeID(500, 1), worker.MakeID(65535, 1), w.ID() + 1<<16} {
		_, err := worker.Send(ctx, w, id, mark{})
		fails(err, worker.ErrNoTarget, id.String(), "mark")
		_, err = worker.TrySend(w, id, note{})
		fails(err, worker.ErrNoTarget, id.String(), "note")
		_, err = worker.Call[mark](ctx, w, id, mark{})
		fails(err, worker.ErrNoTarget, id.String())
		_, err = worker.SenderTo[mark](w, id)
		fails(err, worker.ErrNoTarget, id.String())
		same("name of nobody", w.NameOf(id), "")
	}
	w.Print("done")
	return nil
})

func TestSendToAnIDThatWasNeverGivenReportsNoTarget(t *testing.T) {
	o := attempt(t, nil, stranger)
	if o.err != nil {
		t.Fatal(o.err, stackOf(o.err))
	}
	printed(t, o.stdout.lines(), "done")
	if got := o.stderr.String(); !strings.Contains(got, "All processes with id '9' have terminated, or were not valid") {
		t.Errorf("the error writer got %q, without the id", got)
	}
}

var nobody = define("nobody", func(ctx context.Context, w *worker.Worker) error {
	check := func(err error, sentinel error, words ...string) { fails(err, sentinel, words...) }
	for _, to := range []worker.Target{worker.IDs{}, worker.Name("ghost"), worker.OneOf("ghost"), worker.Broadcast, nil} {
		_, err := worker.Send(ctx, w, to, mark{})
		check(err, worker.ErrNoTarget, "mark")
		_, err = worker.Send(ctx, w, to, note{})
		check(err, worker.ErrNoTarget, "note")
		_, err = worker.Call[mark](ctx, w, to, mark{})
		check(err, worker.ErrNoTarget)
	}
	_, err := worker.Send(ctx, w, worker.Listeners, mark{})
	check(err, worker.ErrNoListener, "mark")
	_, err = worker.Call[mark](ctx, w, worker.Listeners, mark{})
	check(err, worker.ErrNoTarget)
	_, err = worker.Call[mark](ctx, w, worker.IDs{w.ID(), w.ID()}, mark{})
	check(err, worker.ErrNoTarget, "2 workers")
	_, err = worker.IDs(nil).One()
	check(err, worker.ErrNoTarget)
	w.Print("done")
	return nil
})

func TestTargetsThatMeanNobodyAreErrors(t *testing.T) {
	printed(t, run(t, nil, nobody.Named("")), "done")
}

var shortLived = define("short-lived", servesUntilGoodbye)

var survivor = define("survivor", func(ctx context.Context, w *worker.Worker) error {
	id := await(ctx, w, "short-lived")
	handle := must1(worker.SenderTo[mark](w, id))
	send(ctx, w, id, goodbye{})
	until(ctx, "it has ended", func() bool { return len(w.Lookup("short-lived")) == 0 })

	_, err := worker.Send(ctx, w, id, mark{})
	fails(err, worker.ErrTerminated, "mark", id.String())
	_, err = worker.TrySend(w, id, mark{})
	fails(err, worker.ErrTerminated)
	_, err = worker.Send(ctx, w, id, make([]byte, 1<<20))
	fails(err, worker.ErrTerminated)
	_, err = worker.Send(ctx, w, id, make([]byte, 5<<20))
	fails(err, worker.ErrTerminated)
	_, err = worker.Call[mark](ctx, w, id, mark{})
	fails(err, worker.ErrTerminated)
	fails(handle.Send(ctx, mark{}), worker.ErrTerminated)
	fails(handle.TrySend(mark{}), worker.ErrTerminated)
	fails(handle.SendBatch(ctx, make([]mark, 3)), worker.ErrTerminated)
	_, err = worker.SenderTo[mark](w, id)
	fails(err, worker.ErrTerminated)
	w.Print("done")
	return nil
})

func TestSendToEndedWorkerReportsTerminatedAndTellsPeople(t *testing.T) {
	o := attempt(t, nil, shortLived, survivor)
	if o.err != nil {
		t.Fatal(o.err, stackOf(o.err))
	}
	printed(t, o.stdout.lines(), "done")
	want := "ERROR: Supervisor; Invalid message received;\n  worker_test.mark to 1:\n  All processes with id '1' have terminated, or were not valid\n"
	if got := o.stderr.String(); !strings.Contains(got, want) {
		t.Errorf("the error writer got %q, want %q in it", got, want)
	}
}

var deaf = define("deaf", func(ctx context.Context, w *worker.Worker) error { return w.Serve(ctx) })

var speaker = define("speaker", func(ctx context.Context, w *worker.Worker) error {
	send(ctx, w, await(ctx, w, "deaf"), note{Who: "you"})
	<-ctx.Done()
	return nil
})

func TestMessageWithoutHandlerIsUnhandledAcrossProcesses(t *testing.T) {
	o := attempt(t, nil, deaf, speaker)
	failure, ok := errors.AsType[*worker.Error](o.err)
	if !ok || !errors.Is(o.err, worker.ErrUnhandled) || failure.Reason != "unhandled" || failure.Name != "deaf" {
		t.Fatalf("run returned %#v, want ErrUnhandled of worker deaf", o.err)
	}
	for _, word := range []string{"note", `"speaker"`, "worker.On["} {
		if !strings.Contains(o.err.Error(), word) {
			t.Errorf("%q does not say %q", o.err, word)
		}
	}
	if errors.Is(o.err, worker.ErrTerminated) {
		t.Error("the error has the identity of another")
	}
}

var tooLarge = define("too-large", func(ctx context.Context, w *worker.Worker) error {
	const limit = 100_000
	raw := must1(worker.SenderTo[[]byte](w, w.ID()))
	_, err := worker.Send(ctx, w, w.ID(), make([]byte, limit+1))
	fails(err, worker.ErrTooLarge, "100001", "100000")
	_, err = worker.TrySend(w, w.ID(), note{Who: strings.Repeat("x", limit)})
	fails(err, worker.ErrTooLarge, "note", "100000")
	fails(raw.Send(ctx, make([]byte, limit+1)), worker.ErrTooLarge, "100001")
	_, err = raw.Claim(ctx, limit+1)
	fails(err, worker.ErrTooLarge, "100001", "100000")
	send(ctx, w, w.ID(), make([]byte, limit))
	must(raw.Send(ctx, make([]byte, limit)))
	n := 0
	worker.On(w, func(_ context.Context, b []byte) error {
		same("length", len(b), limit)
		if n++; n == 2 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

func TestMessageAboveTheLimitIsTooLargeAndAtTheLimitIsNot(t *testing.T) {
	run(t, []supervisor.Option{supervisor.WithMaxMessage(100_000)}, tooLarge)
}

// filled is asked of the worker that fills a lane; the reply is how many
// messages went in.
type filled struct{ Handle bool }

var slowReader = define("slow-reader", func(ctx context.Context, w *worker.Worker) error {
	registerSlowReader(w)
	for _, handle := range []bool{false, true} {
		sent := must1(worker.Call[int64](ctx, w, await(ctx, w, "filler"), filled{handle}))
		if sent < 100 {
			return fmt.Errorf("a lane was full after %d marks", sent)
		}
		for got := int64(0); got < sent; {
			got += int64(must1(w.Poll(ctx)))
			if ctx.Err() != nil {
				return fmt.Errorf("%d of %d came: %w", got, sent, ctx.Err())
			}
		}
	}
	send(ctx, w, worker.Name("filler"), goodbye{})
	return nil
})

func registerSlowReader(w *worker.Worker) {
	next := int64(0)
	worker.On(w, func(_ context.Context, m mark) error {
		same("mark", m.N, next)
		next++
		return nil
	})
}

var filler = define("filler", func(ctx context.Context, w *worker.Worker) error {
	next := int64(0)
	worker.Answer(w, func(ctx context.Context, q filled) (int64, error) {
		to := w.Current().From
		try := func(m mark) error {
			_, err := worker.TrySend(w, to, m)
			return err
		}
		if q.Handle {
			handle := must1(worker.SenderTo[mark](w, to))
			defer handle.Close()
			try = handle.TrySend
		}
		for first := next; ; next++ {
			if err := try(mark{next}); err != nil {
				fails(err, worker.ErrFull, "mark")
				fails(try(mark{next}), worker.ErrFull)
				return next - first, nil
			}
		}
	})
	return servesUntilGoodbye(ctx, w)
})

func TestTrySendReportsFullAndTheLaneThenDrains(t *testing.T) {
	run(t, nil, slowReader, filler)
}

var closer = define("closer", func(ctx context.Context, w *worker.Worker) error {
	handle := must1(worker.SenderTo[mark](w, w.ID()))
	must(handle.Send(ctx, mark{1}))
	handle.Close()
	handle.Close()
	fails(handle.Send(ctx, mark{2}), worker.ErrClosed, "mark")
	fails(handle.TrySend(mark{2}), worker.ErrClosed)
	fails(handle.SendBatch(ctx, []mark{{2}, {3}}), worker.ErrClosed)

	raw := must1(worker.SenderTo[[]byte](w, w.ID()))
	raw.Close()
	fails(raw.Send(ctx, nil), worker.ErrClosed)
	_, err := raw.Claim(ctx, 8)
	fails(err, worker.ErrClosed)

	worker.On(w, func(_ context.Context, m mark) error {
		same("mark", m.N, 1)
		return worker.Stop
	})
	return w.Serve(ctx)
})

func TestClosedHandleReportsClosedAndKeepsWhatWasSent(t *testing.T) { run(t, nil, closer) }

var claimer = define("claimer", func(ctx context.Context, w *worker.Worker) error {
	fixed := must1(worker.SenderTo[mark](w, w.ID()))
	if _, err := fixed.Claim(ctx, 8); err == nil || !strings.Contains(err.Error(), "fixed") {
		return fmt.Errorf("claim of a fixed type: %v", err)
	}
	raw := must1(worker.SenderTo[[]byte](w, w.ID()))
	if err := raw.Commit(ctx, 0); err == nil {
		return errors.New("commit without a claim is no error")
	}
	for _, size := range []int{8, 1 << 20, 5 << 20} {
		must1(raw.Claim(ctx, size))
		if _, err := raw.Claim(ctx, size); err == nil || !strings.Contains(err.Error(), "open already") {
			return fmt.Errorf("second claim: %v", err)
		}
		raw.Abort()
		raw.Abort()
		must1(raw.Claim(ctx, size))
		if err := raw.Commit(ctx, size+1); err == nil {
			return errors.New("commit of more than is claimed is no error")
		}
		copy(must1(raw.Claim(ctx, size)), "hello")
		must(raw.Commit(ctx, 5))
	}
	n := 0
	worker.On(w, func(_ context.Context, b []byte) error {
		same("payload", string(b), "hello")
		if n++; n == 3 {
			return worker.Stop
		}
		return nil
	})
	return w.Serve(ctx)
})

func TestClaimsAreCheckedAndAbortedOnesAreNotSent(t *testing.T) { run(t, nil, claimer) }

var selfSender = define("self-sender", func(ctx context.Context, w *worker.Worker) error {
	sent, got := 0, 0
	worker.On(w, func(ctx context.Context, m mark) error {
		if m.N < 0 {
			for {
				if _, err := worker.Send(ctx, w, w.ID(), mark{int64(sent)}); err != nil {
					fails(err, worker.ErrDeadlock)
					break
				}
				sent++
			}
			handle := must1(worker.SenderTo[mark](w, w.ID()))
			for {
				if err := handle.Send(ctx, mark{int64(sent)}); err != nil {
					fails(err, worker.ErrDeadlock)
					break
				}
				sent++
			}
			return nil
		}
		if got++; got == sent {
			return worker.Stop
		}
		return nil
	})
	send(ctx, w, w.ID(), mark{-1})
	return w.Serve(ctx)
})

func TestSelfSendOnAFullLaneInAHandlerReportsDeadlock(t *testing.T) { run(t, nil, selfSender) }

var largeSelfSender = worker.Define("large-self-sender", func(ctx context.Context, w *worker.Worker, size int) error {
	sent, got := 0, 0
	worker.On(w, func(ctx context.Context, _ mark) error {
		for sent < 20_000 {
			if _, err := worker.Send(ctx, w, w.ID(), make([]byte, size)); err != nil {
				fails(err, worker.ErrDeadlock)
				break
			}
			sent++
		}
		handle := must1(worker.SenderTo[[]byte](w, w.ID()))
		fails(handle.Send(ctx, make([]byte, size)), worker.ErrDeadlock)
		w.Print(sent > 1)
		return nil
	})
	worker.On(w, func(_ context.Context, b []byte) error {
		same("length", len(b), size)
		if got++; got == sent {
			return worker.Stop
		}
		return nil
	})
	send(ctx, w, w.ID(), mark{})
	return w.Serve(ctx)
})

func TestSelfSendOfLargePayloadsInAHandlerReportsDeadlock(t *testing.T) {
	printed(t, run(t, nil, largeSelfSender.Spec(1<<20)), "true")
}
