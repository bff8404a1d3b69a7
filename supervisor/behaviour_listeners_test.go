package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Listeners and broadcast: MT54 to MT61.

var correspondence = play("correspondence", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "number-ear"); err != nil {
		return err
	}
	for i := range 3 {
		n, err := worker.Send(ctx, w, worker.Name("number-hand"), number{int64(i)})
		if err != nil || n != 1 {
			return fmt.Errorf("sent to %d workers: %w", n, err)
		}
		if _, err := worker.Send(ctx, w, worker.Name("string-hand"), worker.StringMessage{Text: "other"}); err != nil {
			return err
		}
	}
	return nil
})

// overhear runs a sender, who it sends to, and a listener to one of its types.
func overhear(t *testing.T) *stage {
	st := newStage(t)
	st.add(numberHand.Spec(worker.None{}).Resident())
	st.add(stringHand.Spec(worker.None{}).Resident())
	st.add(numberEar.Spec(worker.None{}).Resident())
	st.add(correspondence.Spec(worker.None{}))
	st.mustRun()
	st.only("correspondence")
	return st
}

func TestMT54AListenerReceivesMessagesOfItsTypesThatWereNotAddressedToIt(t *testing.T) {
	st := overhear(t)
	st.want("number-ear", 3, "{0} {1} {2}")
	if ear, hand := st.only("number-ear"), st.only("number-hand"); ear.PID == hand.PID {
		t.Errorf("listener and addressee are one process, %d", ear.PID)
	}
}

func TestMT55TheAddresseeStillGetsItsOwn(t *testing.T) {
	st := overhear(t)
	st.want("number-hand", 3, "{0} {1} {2}")
	st.want("string-hand", 3, "{other} {other} {other}")
	st.want("number-ear", 3, "{0} {1} {2}")
}

// Shape is a supertype by its methods.
type Shape interface{ Sides() int }

// Square is a Shape.
type Square struct{ Edge float64 }

// Sides implements Shape.
func (Square) Sides() int { return 4 }

// Solid is a supertype by being embedded.
type Solid struct{ Weight int }

// Cube is a Solid, and no Shape.
type Cube struct {
	Solid
	Label string
}

// A listener to a supertype has to know the types it may get.
func init() {
	codec.Register[Ready]()
	codec.Register[Square]()
	codec.Register[Cube]()
}

var (
	shapeEar   = ear[Shape]("shape-ear")
	squareEar  = ear[Square]("square-ear")
	solidEar   = ear[Solid]("solid-ear")
	squareHand = hand[Square]("square-hand")
	cubeHand   = hand[Cube]("cube-hand")
)

var geometer = play("geometer", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "shape-ear", "solid-ear"); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("square-hand"), Square{1.5}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.Name("cube-hand"), Cube{Solid{7}, "die"}); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("number-hand"), number{1}) // neither
	return err
})

func TestMT56AListenerReceivesSubtypesOfItsType(t *testing.T) {
	st := newStage(t)
	for _, kind := range []worker.Kind[worker.None]{squareHand, cubeHand, numberHand, shapeEar, solidEar} {
		st.add(kind.Spec(worker.None{}).Resident())
	}
	st.add(geometer.Spec(worker.None{}))
	st.mustRun()
	st.only("geometer")
	st.want("square-hand", 1, "{1.5}")
	st.want("cube-hand", 1, "{{7} die}")
	st.want("number-hand", 1, "{1}")
	st.want("shape-ear", 1, "{1.5}") // by interface: the whole value
	st.want("solid-ear", 1, "{7}")   // by embedding: the part that it asked for
}

// twofold takes what is addressed to it and listens to the same.
var twofold = worker.Define("twofold", func(ctx context.Context, w *worker.Worker, handles bool) error {
	handled, heard := 0, 0
	if handles {
		worker.On(w, func(context.Context, number) error { handled++; return nil })
	}
	if err := worker.Listen(w, func(context.Context, number) error { heard++; return nil }); err != nil {
		return err
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return tell(ctx, w, handled+heard, fmt.Sprint(handled, " handled, ", heard, " heard"))
})

var toTwofold = play("to-twofold", func(ctx context.Context, w *worker.Worker) error {
	if err := awaitAll(ctx, w, "twofold", "listener"); err != nil {
		return err
	}
	_, err := worker.Send(ctx, w, worker.Name("twofold"), number{1})
	return err
})

func TestMT57AddresseeAndListenerInOneGetOneCopy(t *testing.T) {
	for text, handles := range map[string]bool{"1 handled, 0 heard": true, "0 handled, 1 heard": false} {
		st := newStage(t)
		st.add(twofold.Spec(handles).Resident())
		st.add(twofold.Spec(handles).Named("listener").Resident()) // not addressed: it hears a copy
		st.add(toTwofold.Spec(worker.None{}))
		st.mustRun()
		st.only("to-twofold")
		st.want("twofold", 1, text)
		st.want("listener", 1, "0 handled, 1 heard")
	}
}

var crier = worker.Define("crier", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := awaitAll(ctx, w, "shape-ear", "square-ear", "solid-ear", "square-hand"); err != nil {
		return err
	}
	n, err := worker.Send(ctx, w, worker.Listeners, Square{2})
	if err != nil {
		return err
	}
	return tell(ctx, w, n, "")
})

func TestMT58ListenersDeliversOnlyToListenersOfThatTypeOrASupertype(t *testing.T) {
	st := newStage(t)
	for _, kind := range []worker.Kind[worker.None]{shapeEar, squareEar, solidEar, squareHand} {
		st.add(kind.Spec(worker.None{}).Resident())
	}
	st.add(crier.Spec(worker.None{}))
	st.mustRun()
	st.want("crier", 2, "")
	st.want("square-ear", 1, "{2}")
	st.want("shape-ear", 1, "{2}")
	st.want("solid-ear", 0, "")
	st.want("square-hand", 0, "")
}

var unheard = worker.Define("unheard", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := awaitAll(ctx, w, "number-ear", "square-hand"); err != nil {
		return err
	}
	n, err := worker.Send(ctx, w, worker.Listeners, Square{2})
	if !errors.Is(err, worker.ErrNoListener) {
		return fmt.Errorf("send to no listener: %v, want %v", err, worker.ErrNoListener)
	}
	heard, err := worker.Send(ctx, w, worker.Listeners, number{2}) // and go on
	if err != nil {
		return err
	}
	return tell(ctx, w, n, fmt.Sprint(heard))
})

func TestMT59ListenersWithoutAListenerIsAnErrorTheCallerCanCatch(t *testing.T) {
	st := newStage(t)
	st.add(numberEar.Spec(worker.None{}).Resident())
	st.add(squareHand.Spec(worker.None{}).Resident()) // has a handler, and does not listen
	st.add(unheard.Spec(worker.None{}))
	st.mustRun()
	st.want("unheard", 0, "1")
	st.want("number-ear", 1, "{2}")
	st.want("square-hand", 0, "")
}

// herald is named and could take its own message.
var herald = worker.Define("herald", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.On(w, func(context.Context, worker.StringMessage) error {
		return errors.New("the sender got its own broadcast")
	})
	n, err := worker.Send(ctx, w, worker.Broadcast, worker.StringMessage{Text: "news"})
	if err != nil {
		return err
	}
	return tell(ctx, w, n, "")
})

func TestMT60BroadcastDeliversOnceToEveryNamedWorkerButTheSender(t *testing.T) {
	st := newStage(t)
	names := []string{"a", "b", "b", "c"}
	for _, name := range names {
		st.add(stringHand.Spec(worker.None{}).Named(name).Resident())
	}
	st.add(stringHand.Spec(worker.None{}).Named("").Resident())
	st.add(herald.Spec(worker.None{}))
	st.mustRun()
	st.want("herald", len(names), "")
	st.want("a", 1, "{news}")
	st.want("c", 1, "{news}")
	if bs := st.from("b"); len(bs) != 2 || bs[0].Count != 1 || bs[1].Count != 1 || bs[0].PID == bs[1].PID {
		t.Errorf("the two workers of one name report %+v, want one message each", bs)
	}
	st.want("string-hand", 0, "") // the one without a name
}

// talker causes every kind of system traffic, and sends one message.
var talker = worker.Define("talker", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := awaitAll(ctx, w, "any-ear"); err != nil {
		return err
	}
	w.Print("a line")
	line, err := w.Input(ctx, "? ")
	if err != nil {
		return err
	}
	w.Logger().Info("a record")
	ids := w.Lookup("any-ear")
	if err := worker.Emit(ctx, w, result{Number: 1}); err != nil {
		return err
	}
	if _, err := worker.Send(ctx, w, worker.MakeID(9, 1), number{1}); err == nil {
		return errors.New("a message to nobody was sent")
	}
	if _, err := worker.Send(ctx, w, worker.Name("string-hand"), worker.StringMessage{Text: "a message"}); err != nil {
		return err
	}
	return tell(ctx, w, len(ids), line)
})

var anyEar = ear[any]("any-ear")

func TestMT61SystemTrafficNeverReachesListeners(t *testing.T) {
	var log, objects strings.Builder
	st := newStage(t, WithStdin(strings.NewReader("typed\n")), WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		OnObject(func(_ worker.ID, r result) { fmt.Fprint(&objects, r.Number) }))
	st.add(anyEar.Spec(worker.None{}).Resident())
	st.add(stringHand.Spec(worker.None{}).Resident())
	st.add(talker.Spec(worker.None{}))
	if err := st.run(); err != nil {
		t.Fatal(err)
	}
	st.want("any-ear", 1, "{a message}")

	// There was traffic of all kinds.
	st.want("talker", 1, "typed")
	st.want("string-hand", 1, "{a message}")
	wantText(t, "standard output", st.stdout.String(), "a line\n? ")
	wantText(t, "what was emitted", objects.String(), "1")
	if !strings.Contains(log.String(), "a record") || !strings.Contains(st.stderr.String(), "Invalid message") {
		t.Errorf("the log is %q, the error writer %q", log.String(), st.stderr.String())
	}
}
