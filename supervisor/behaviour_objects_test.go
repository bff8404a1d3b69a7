package supervisor

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Objects: MT17 to MT19.

// result is an object with a number that tells it from the others.
type result struct {
	Number int
	Label  string
}

var producer = worker.Define("producer", func(ctx context.Context, w *worker.Worker, n int) error {
	for i := range n {
		if err := worker.Emit(ctx, w, result{Number: i, Label: "of the producer"}); err != nil {
			return err
		}
	}
	return tell(ctx, w, n, "")
})

func TestMT17ObjectHandlerIsCalledOncePerObjectWithAnEqualValue(t *testing.T) {
	const n = 500
	var got []result
	var from []worker.ID
	st := newStage(t, OnObject(func(id worker.ID, r result) { got, from = append(got, r), append(from, id) }))
	id := st.add(producer.Spec(n))
	st.mustRun()
	st.want("producer", n, "")
	var want []result
	for i := range n {
		want = append(want, result{Number: i, Label: "of the producer"})
	}
	if !slices.Equal(got, want) {
		t.Errorf("the handler was called %d times; want %d, each with the value sent", len(got), n)
	}
	if senders := slices.Compact(from); !slices.Equal(senders, []worker.ID{id}) {
		t.Errorf("the objects came from %v, want %v", senders, id)
	}
}

var intruder = worker.Define("intruder", func(ctx context.Context, w *worker.Worker, object int) error {
	if err := worker.Emit(ctx, w, object); err != nil {
		return err
	}
	w.Print("the run goes on")
	return tell(ctx, w, 1, "")
})

func TestMT18AnObjectWithoutAHandlerIsReportedAndTheRunGoesOn(t *testing.T) {
	st := newStage(t)
	st.add(intruder.Spec(7006652))
	if err := st.run(); err != nil {
		t.Errorf("Run: %v, want no error", err)
	}
	wantText(t, "the error writer", st.stderr.String(), `ERROR: Supervisor; Invalid message received;
  7006652:
  Unknown object sent to supervisor: 7006652
`)
	st.want("intruder", 1, "")
	wantText(t, "standard output", st.stdout.String(), "the run goes on\n")
}

var collector = worker.Define("collector", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := worker.Emit(ctx, w, someStruct); err != nil {
		return err
	}
	if err := worker.Emit(ctx, w, someSlice); err != nil {
		return err
	}
	if err := worker.Emit(ctx, w, someMap); err != nil {
		return err
	}
	return tell(ctx, w, 3, "")
})

// The objects of the collector, the same in both processes.
var (
	someStruct = order{Title: "an order", Parent: &order{Numbers: []int64{1, 2, 3}}}
	someSlice  = []string{"", "a", "ß\x00"}
	someMap    = map[string][]int{"a": {1, 2}, "b": {3}}
)

func TestMT19AnySerialisableValueCanBeSentAsAnObject(t *testing.T) {
	var got []any
	st := newStage(t,
		OnObject(func(_ worker.ID, v order) { got = append(got, v) }),
		OnObject(func(_ worker.ID, v []string) { got = append(got, v) }),
		OnObject(func(_ worker.ID, v map[string][]int) { got = append(got, v) }))
	st.add(collector.Spec(worker.None{}))
	st.mustRun()
	st.want("collector", 3, "")
	if want := []any{someStruct, someSlice, someMap}; !reflect.DeepEqual(got, want) {
		t.Errorf("the handlers got\n%+v\nwant\n%+v", got, want)
	}
}
