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

// caller sends one message and waits for nothing.
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

// housekeeper says when it ends who is left then.
var housekeeper = worker.Define("housekeeper", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, "begins"); err != nil {
		return err
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, len(w.Workers()), "ends with "+w.Workers().String())
})

// tenant ends when somebody else has ended, and says who keeps house then.
var tenant = worker.Define("tenant", func(ctx context.Context, w *worker.Worker, before string) error {
	if err := awaitAll(ctx, w, "housekeeper"); err != nil {
		return err
	}
	if before != "" {
		if err := awaitEnd(ctx, w, before); err != nil {
			return err
		}
	}
	return tell(ctx, w, len(w.Lookup("housekeeper")), "moves out")
})

func TestMT51AResidentEndsOnceAllOthersHaveEnded(t *testing.T) {
	st := newStage(t)
	id := st.add(housekeeper.Spec(worker.None{}).Resident())
	st.add(tenant.Spec("first").Named("last"))
	st.add(tenant.Spec("").Named("first"))
	st.mustRun() // returns, though the resident would serve for ever
	st.want("first", 1, "moves out")
	st.want("last", 1, "moves out")
	got := st.from("housekeeper")
	if len(got) != 2 || got[1].Count != 1 || got[1].Text != fmt.Sprintf("ends with {%v}", id) {
		t.Errorf("the resident reports %+v; want that it ends alone", got)
	}
}

// stream says how many messages go where.
type stream struct {
	To string
	N  int
}

// flood sends to one name, half of it through a handle, and ends with what is
// not handled yet.
var flood = worker.Define("flood", func(ctx context.Context, w *worker.Worker, s stream) error {
	out, err := worker.SenderTo[number](w, worker.Name(s.To))
	if err != nil {
		return err
	}
	for i := range s.N / 2 {
		if err := out.Send(ctx, number{int64(i)}); err != nil {
			return err
		}
		if _, err := worker.Send(ctx, w, worker.Name(s.To), number{int64(i)}); err != nil {
			return err
		}
	}
	return tell(ctx, w, s.N, s.To)
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

// secretary is a resident that sends to a resident, and begins with it when all
// others have ended: what it passes on was sent before the end too.
var secretary = worker.Define("secretary", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	passed := 0
	worker.On(w, func(ctx context.Context, m number) error {
		if passed == 0 {
			if err := awaitEnd(ctx, w, "flood"); err != nil {
				return err
			}
		}
		passed++
		_, err := worker.Send(ctx, w, worker.Name("accountant"), m)
		return err
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, passed, "")
})

func TestMT52AResidentHasHandledEveryMessageSentBeforeItEnds(t *testing.T) {
	const few, many = 500, 20_000 // few are in the lanes when their sender ends
	st := newStage(t)
	st.add(accountant.Spec(worker.None{}).Resident())
	st.add(secretary.Spec(worker.None{}).Resident())
	st.add(flood.Spec(stream{"accountant", many}))
	st.add(flood.Spec(stream{"accountant", many}))
	st.add(flood.Spec(stream{"secretary", few}))
	st.mustRun()
	if n := len(st.from("flood")); n != 3 {
		t.Errorf("%d senders have finished, want 3", n)
	}
	sum := func(n int) int { return n / 2 * (n/2 - 1) } // of twice 0 … n/2-1
	st.want("secretary", few, "")
	st.want("accountant", 2*many+few, fmt.Sprint(2*sum(many)+sum(few)))
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
