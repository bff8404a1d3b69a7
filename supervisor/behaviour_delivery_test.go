package supervisor

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Delivery, and what handlers return: MT29 to MT37.

var marksman = worker.Define("marksman", func(ctx context.Context, w *worker.Worker, target int) error {
	id := w.Lookup("number-hand")[target]
	for i := range 100 {
		n, err := worker.Send(ctx, w, id, number{int64(i)})
		if err != nil || n != 1 {
			return fmt.Errorf("sent to %d workers: %w", n, err)
		}
	}
	return tell(ctx, w, 100, "")
})

func TestMT29AMessageToAnIDIsDeliveredOnceToThatProcessAlone(t *testing.T) {
	st := newStage(t)
	var ids []worker.ID
	for range 3 {
		ids = append(ids, st.add(numberHand.Spec(worker.None{}).Resident()))
	}
	st.add(marksman.Spec(1))
	st.mustRun()
	st.only("marksman")
	counts := map[worker.ID]int{}
	for _, r := range st.from("number-hand") {
		counts[r.ID] = r.Count
	}
	if len(counts) != 3 || counts[ids[0]] != 0 || counts[ids[1]] != 100 || counts[ids[2]] != 0 {
		t.Errorf("messages handled by id: %v; want 100 by %v alone", counts, ids[1])
	}
}

var stranger = worker.Define("stranger", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := worker.Send(ctx, w, worker.Name("string-hand"), IntegerMessage{7}); err != nil {
		return err
	}
	if err := tell(ctx, w, 1, "sent"); err != nil {
		return err
	}
	return w.Serve(ctx) // until the run is over
})

func TestMT30AMessageWithoutAHandlerEndsTheRunWithThatError(t *testing.T) {
	st := newStage(t)
	st.add(stringHand.Spec(worker.None{}))
	from := st.add(stranger.Spec(worker.None{}))
	err := st.run()
	st.want("stranger", 1, "sent")
	if !errors.Is(err, worker.ErrUnhandled) {
		t.Errorf("Run: %v, want %v", err, worker.ErrUnhandled)
	}
	failure := wantFailure(t, err, "string-hand", "unhandled")
	wantText(t, "the failure", failure.Err.Error(), fmt.Sprintf("Someone has sent you a message.  You must override this method to handle it. "+
		"worker: unhandled message: type github.com/ringmaster-ipc/ringmaster/supervisor.IntegerMessage from worker \"stranger\" (id %v); "+
		"register a handler with worker.On[supervisor.IntegerMessage]", from))
	wantText(t, "the error writer", st.stderr.String(), "")
}

// leave makes whoever gets it end, without a reply.
type leave struct{}

// leaver ends when it is told to.
var leaver = worker.Define("leaver", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(context.Context, leave) error { return worker.Stop })
	if err := tell(ctx, w, 0, ""); err != nil {
		return err
	}
	return w.Serve(ctx)
})

// dismiss makes a leaver end, and returns when it has ended: a call that was
// taken and not answered is given up only then.
func dismiss(ctx context.Context, w *worker.Worker, id worker.ID) error {
	_, err := worker.Call[string](ctx, w, id, leave{})
	if !errors.Is(err, worker.ErrTerminated) {
		return fmt.Errorf("a call to a worker that ends: %v, want %v", err, worker.ErrTerminated)
	}
	return nil
}

var mourner = worker.Define("mourner", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	ids, err := w.Await(ctx, "leaver")
	if err != nil {
		return err
	}
	if err := dismiss(ctx, w, ids[0]); err != nil {
		return err
	}
	n, err := worker.Send(ctx, w, ids[0], number{1})
	if n != 0 || !errors.Is(err, worker.ErrTerminated) {
		return fmt.Errorf("send to an ended worker: %d, %v; want %v", n, err, worker.ErrTerminated)
	}
	w.Print("the run goes on")
	return tell(ctx, w, 1, err.Error())
})

func TestMT31AMessageToAnEndedWorkerIsReportedAndItsSenderIsTold(t *testing.T) {
	st := newStage(t)
	st.add(leaver.Spec(worker.None{})) // id 1
	st.add(mourner.Spec(worker.None{}))
	if err := st.run(); err != nil {
		t.Errorf("Run: %v, want no error", err)
	}
	st.only("leaver")
	st.only("mourner")
	wantText(t, "the error writer", st.stderr.String(), `ERROR: Supervisor; Invalid message received;
  supervisor.number to 1:
  All processes with id '1' have terminated, or were not valid
`)
	wantText(t, "standard output", st.stdout.String(), "the run goes on\n")
}

var guesser = worker.Define("guesser", func(ctx context.Context, w *worker.Worker, ids []worker.ID) error {
	for _, id := range ids {
		n, err := worker.Send(ctx, w, id, number{1})
		if n != 0 || !errors.Is(err, worker.ErrNoTarget) {
			return fmt.Errorf("send to %v: %d, %v; want %v", id, n, err, worker.ErrNoTarget)
		}
	}
	return tell(ctx, w, len(ids), "")
})

func TestMT32AnUnknownIDIsAClearError(t *testing.T) {
	st := newStage(t)
	ids := []worker.ID{
		worker.MakeID(9, 1),    // a place that nobody has had
		worker.MakeID(1, 2),    // a later one of the same place
		worker.MakeID(5000, 1), // no place at all
	}
	st.add(guesser.Spec(ids))
	if err := st.run(); err != nil {
		t.Errorf("Run: %v, want no error", err)
	}
	st.want("guesser", 3, "")
	want := ""
	for _, id := range ids {
		want += fmt.Sprintf("ERROR: Supervisor; Invalid message received;\n  supervisor.number to %v:\n"+
			"  All processes with id '%v' have terminated, or were not valid\n", id, id)
	}
	wantText(t, "the error writer", st.stderr.String(), want)
}

// letter is what a closer finds in its mail after its body has returned.
type letter struct{ N int }

// inventory asks for letters, and is answered when they are in the mail.
type inventory struct{ Letters int }

// closer returns with mail waiting. It says of each letter whether its body had
// returned; if it is to linger, it handles the first one for as long as the
// correspondent lives: with its body returned and its process alive.
var closer = worker.Define("closer", func(ctx context.Context, w *worker.Worker, linger bool) error {
	handled, when := 0, "before"
	defer func() { when = "after" }()
	worker.On(w, func(ctx context.Context, m letter) error {
		if handled++; handled != m.N {
			return fmt.Errorf("letter %d came as number %d", m.N, handled)
		}
		if linger {
			if err := awaitEnd(ctx, w, "correspondent"); err != nil {
				return err
			}
		}
		return tell(ctx, w, handled, when)
	})
	_, err := worker.Call[int](ctx, w, worker.Name("correspondent"), inventory{100})
	return err
})

// awaitEnd waits until nobody has a name any more.
func awaitEnd(ctx context.Context, w *worker.Worker, name string) error {
	for {
		changed := w.Port().Changed()
		if len(w.Lookup(name)) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// correspondent sends what it is asked for. If it persists, it goes on sending
// until a letter is refused, and tells how many were not.
var correspondent = worker.Define("correspondent", func(ctx context.Context, w *worker.Worker, persist bool) error {
	var to worker.ID
	sent := 0
	worker.Answer(w, func(ctx context.Context, r inventory) (int, error) {
		to = w.Current().From
		for ; sent < r.Letters; sent++ {
			if _, err := worker.Send(ctx, w, to, letter{sent + 1}); err != nil {
				return 0, err
			}
		}
		return sent, worker.Stop
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	for ; persist; sent++ {
		_, err := worker.Send(ctx, w, to, letter{sent + 1})
		if errors.Is(err, worker.ErrTerminated) && w.Lookup("closer").Contains(to) {
			break // refused by a process that lives
		}
		if err != nil {
			return err
		}
	}
	return tell(ctx, w, sent, "")
})

// checkMail checks that a closer has handled all letters after its body had
// returned, and no others.
func checkMail(t *testing.T, st *stage, letters int) {
	t.Helper()
	got := st.from("closer")
	if len(got) != letters {
		t.Errorf("%d letters were handled, want %d", len(got), letters)
	}
	for i, r := range got {
		if r.Count != i+1 || r.Text != "after" {
			t.Fatalf("report %d is of letter %d, handled %s the body had returned", i+1, r.Count, r.Text)
		}
	}
	if n := st.Stats().Undelivered; n != 0 {
		t.Errorf("%d letters were accepted and not handled", n)
	}
}

func TestMT33AfterTheBodyHasReturnedNoNewMessageIsAccepted(t *testing.T) {
	st := newStage(t)
	st.add(closer.Spec(true))
	st.add(correspondent.Spec(true))
	if err := st.run(); err != nil {
		t.Fatal(err)
	}
	accepted := st.only("correspondent").Count
	if accepted < 100 {
		t.Errorf("%d letters were accepted, want 100 at least", accepted)
	}
	checkMail(t, st, accepted)
}

func TestMT34MessagesAlreadyQueuedWhenTheBodyReturnsAreStillHandled(t *testing.T) {
	st := newStage(t)
	st.add(closer.Spec(false))
	st.add(correspondent.Spec(false))
	st.mustRun()
	st.want("correspondent", 100, "")
	checkMail(t, st, 100)
}

// quitter ends with the message that is the last for it.
var quitter = worker.Define("quitter", func(ctx context.Context, w *worker.Worker, last int) error {
	handled := 0
	worker.On(w, func(context.Context, number) error {
		if handled++; handled == last {
			return worker.Stop
		}
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, handled, "")
})

// survivor goes on sending to one worker when another one has ended.
var survivor = worker.Define("survivor", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := worker.Send(ctx, w, worker.Name("quitter"), number{1}); err != nil {
		return err
	}
	if err := awaitEnd(ctx, w, "quitter"); err != nil {
		return err
	}
	for i := range 10 {
		if _, err := worker.Send(ctx, w, worker.Name("number-hand"), number{int64(i)}); err != nil {
			return err
		}
	}
	return tell(ctx, w, 10, "")
})

func TestMT35AHandlerThatReturnsStopEndsItsOwnProcessAlone(t *testing.T) {
	st := newStage(t)
	st.add(quitter.Spec(1))
	st.add(numberHand.Spec(worker.None{}).Resident())
	st.add(survivor.Spec(worker.None{}))
	st.mustRun()
	st.want("quitter", 1, "")
	st.want("survivor", 10, "")
	st.want("number-hand", 10, "{0} {1} {2} {3} {4} {5} {6} {7} {8} {9}")
}

// bystander would serve for ever.
var bystander = worker.Define("bystander", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, "serving"); err != nil {
		return err
	}
	return w.Serve(ctx)
})

var fragile = worker.Define("fragile", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(context.Context, number) error { return errors.New("the handler has failed") })
	if err := tell(ctx, w, 0, "serving"); err != nil {
		return err
	}
	return w.Serve(ctx)
})

var culprit = worker.Define("culprit", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := awaitAll(ctx, w, "bystander", "resident", "fragile"); err != nil {
		return err
	}
	if err := tell(ctx, w, 0, "sending"); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("fragile"), number{1}); err != nil {
		return err
	}
	return w.Serve(ctx)
})

func TestMT36AHandlerThatFailsEndsAllProcesses(t *testing.T) {
	st := newStage(t)
	st.add(bystander.Spec(worker.None{}))
	st.add(bystander.Spec(worker.None{}).Named("resident").Resident())
	id := st.add(fragile.Spec(worker.None{}))
	st.add(culprit.Spec(worker.None{}))
	failure := wantFailure(t, st.run(), "fragile", "error")
	if failure.ID != id || failure.Err.Error() != "the handler has failed" {
		t.Errorf("the failure is %v of id %v; want the handler's, of id %v", failure.Err, failure.ID, id)
	}
	for _, who := range []string{"bystander", "resident", "fragile", "culprit"} {
		st.only(who) // all ran, and run has made sure that their processes are gone
	}
	wantText(t, "the error writer", st.stderr.String(), "")
}

var patient = play("patient", func(ctx context.Context, w *worker.Worker) error {
	for i := range 101 {
		if _, err := worker.Send(ctx, w, worker.Name("quitter"), number{int64(i)}); err != nil {
			return err
		}
	}
	return nil
})

func TestMT37AHandlersPlainReturnChangesNothing(t *testing.T) {
	st := newStage(t)
	st.add(quitter.Spec(101)) // a hundred returns of nil, and then a stop
	st.add(patient.Spec(worker.None{}))
	st.mustRun()
	st.only("patient")
	st.want("quitter", 101, "")
}
