package supervisor

import (
	"context"
	"fmt"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Residents: MT50 to MT53.

// butler registers a handler and returns: that is all a resident needs.
var butler = worker.Define("butler", func(_ context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(ctx context.Context, m worker.StringMessage) error { return tell(ctx, w, 1, m.Text) })
	return nil
})

// guest sends one message and waits for nothing.
var caller = play("caller", func(ctx context.Context, w *worker.Worker) error {
	_, err := worker.Send(ctx, w, worker.Name("butler"), worker.StringMessage{Text: "good evening"})
	return err
})

func TestMT50AResidentNeedsHandlersOnly(t *testing.T) {
	st := newStage(t)
	st.add(butler.Spec(worker.None{}).Resident())
	st.add(caller.Spec(worker.None{}))
	st.mustRun()
	st.only("caller")
	st.want("butler", 1, "good evening")
}

// keeper says when it begins and when it ends.
var housekeeper = worker.Define("housekeeper", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 1, "begins"); err != nil {
		return err
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, 2, "ends")
})

var tenant = worker.Define("tenant", func(ctx context.Context, w *worker.Worker, next string) error {
	if _, err := w.Await(ctx, "housekeeper"); err != nil {
		return err
	}
	if next != "" {
		if err := awaitEnd(ctx, w, next); err != nil {
			return err
		}
	}
	return tell(ctx, w, 0, "moves out")
})

func TestMT51AResidentEndsOnceAllOthersHaveEnded(t *testing.T) {
	st := newStage(t)
	st.add(housekeeper.Spec(worker.None{}).Resident())
	st.add(tenant.Spec("last but one").Named("last"))
	st.add(tenant.Spec("").Named("last but one"))
	st.mustRun() // returns, though the resident would serve for ever
	var order []string
	for _, r := range st.reports {
		order = append(order, r.Who+" "+r.Text)
	}
	wantText(t, "the order of events", fmt.Sprint(order), "[housekeeper begins last but one moves out last moves out housekeeper ends]")
}

const floodSize = 20_000

var flood = play("flood", func(ctx context.Context, w *worker.Worker) error {
	out, err := worker.SenderTo[number](w, worker.Name("accountant"))
	if err != nil {
		return err
	}
	for i := range floodSize / 2 {
		if err := out.Send(ctx, number{int64(i)}); err != nil {
			return err
		}
		if _, err := worker.Send(ctx, w, worker.Name("accountant"), number{int64(i)}); err != nil {
			return err
		}
	}
	return nil // and end, with most of them unhandled
})

var accountant = worker.Define("accountant", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	count, sum := 0, int64(0)
	worker.On(w, func(_ context.Context, m number) error {
		count++
		sum += m.N
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, count, fmt.Sprint(sum))
})

func TestMT52AResidentHasHandledEveryMessageSentBeforeItEnds(t *testing.T) {
	st := newStage(t)
	st.add(accountant.Spec(worker.None{}).Resident())
	for range 3 {
		st.add(flood.Spec(worker.None{}))
	}
	st.mustRun()
	if n := len(st.from("flood")); n != 3 {
		t.Errorf("%d senders have finished, want 3", n)
	}
	st.want("accountant", 3*floodSize, fmt.Sprint(3*2*(floodSize/2*(floodSize/2-1)/2)))
}

func TestMT53WithResidentsOnlyRunReturnsAtOnce(t *testing.T) {
	st := newStage(t)
	for range 2 {
		st.add(housekeeper.Spec(worker.None{}).Resident())
	}
	st.mustRun()
	if len(st.reports) != 0 || st.memory != nil {
		t.Errorf("reports %+v, memory %v; want nothing to be started", st.reports, st.memory)
	}

	st = newStage(t) // the same with somebody to live for
	st.add(housekeeper.Spec(worker.None{}).Resident())
	st.add(tenant.Spec(""))
	st.mustRun()
	if n := len(st.from("housekeeper")); n != 2 {
		t.Errorf("the resident reports %d times, want 2", n)
	}
	st.only("tenant")
}
