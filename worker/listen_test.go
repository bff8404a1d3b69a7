package worker_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// A drawing has interfaces that hold interfaces.
type (
	shape   interface{ Area() float64 }
	square  struct{ Side float64 }
	framed  struct{ In shape }
	drawing struct {
		Title string
		Top   shape
		Extra any
	}
)

func (s square) Area() float64 { return s.Side * s.Side }
func (f framed) Area() float64 { return f.In.Area() }

func init() {
	codec.Register[square]()
	codec.Register[framed]()
	codec.Register[clicked]()
	codec.Register[Renaming]()
}

func newDrawing(side float64) drawing {
	return drawing{"a square", framed{framed{square{side}}}, framed{square{1}}}
}

// gallery checks every drawing and tells how many there were, and how large.
var gallery = define("gallery", func(ctx context.Context, w *worker.Worker) error {
	n := 0
	must(worker.Listen(w, func(_ context.Context, d drawing) error {
		same("title", d.Title, "a square")
		same("extra", d.Extra.(shape).Area(), 1)
		same("area", d.Top.Area(), d.Top.(framed).In.Area())
		n++
		return nil
	}))
	worker.On(w, func(context.Context, goodbye) error {
		w.Print(w.Name(), n)
		return worker.Stop
	})
	return w.Serve(ctx)
})

// painter sends drawings to whoever listens; a second one comes halfway.
var painter = define("painter", func(ctx context.Context, w *worker.Worker) error {
	await(ctx, w, "early")
	for i := range 50 {
		same("listeners", must1(worker.Send(ctx, w, worker.Listeners, newDrawing(float64(i+1)/3))), 1)
	}
	must(worker.Emit(ctx, w, "add the late one"))
	must1(w.Await(ctx, "late"))
	for i := range 50 {
		same("listeners", must1(worker.Send(ctx, w, worker.Listeners, newDrawing(float64(i+1)/3))), 2)
	}
	same("farewells", must1(worker.Send(ctx, w, worker.Broadcast, goodbye{})), 2)
	return nil
})

func TestLateListenerDecodesInterfacesInsideInterfacesFromItsFirstMessageOn(t *testing.T) {
	var out output
	var s *supervisor.Supervisor
	s = supervisor.New(supervisor.WithStdout(&out), supervisor.OnObject(func(worker.ID, string) {
		if _, err := s.Add(gallery.Named("late")); err != nil {
			t.Error(err)
		}
	}))
	for _, spec := range []worker.Spec{gallery.Named("early"), painter} {
		if _, err := s.Add(spec); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err, stackOf(err))
	}
	if rescued := s.Stats().Rescued; rescued != 0 {
		t.Errorf("%d workers slept with mail", rescued)
	}
	printed(t, out.lines(), "early 100", "late 50")
}

// packer sends one note three times and a self-contained gob of it to compare.
var packer = define("packer", func(ctx context.Context, w *worker.Worker) error {
	n := note{"somebody", []string{"a", "b"}, 7}
	var whole bytes.Buffer
	must(gob.NewEncoder(&whole).Encode(n))
	var sizes []int
	worker.On(w, func(_ context.Context, got note) error {
		same("note", fmt.Sprint(got), fmt.Sprint(n))
		if sizes = append(sizes, w.Current().Size); len(sizes) == 3 {
			return worker.Stop
		}
		return nil
	})
	for range 3 {
		send(ctx, w, w.ID(), n)
	}
	must(w.Serve(ctx))
	same("second size", sizes[1], sizes[0])
	same("third size", sizes[2], sizes[0])
	if 2*sizes[0] > whole.Len() {
		return fmt.Errorf("a note travels as %d bytes, with its description it has %d", sizes[0], whole.Len())
	}
	return nil
})

func TestGobMessagesCarryNoTypeDescription(t *testing.T) { run(t, nil, packer) }

// Messages to be heard by what they are.
type (
	event    interface{ Event() string }
	clicked  struct{ X, Y int32 }
	Renaming struct {
		Named
		From string
	}
	Named struct{ Label string }
)

func (clicked) Event() string { return "clicked" }

var ear = define("ear", func(ctx context.Context, w *worker.Worker) error {
	must(worker.Listen(w, func(_ context.Context, e event) error { w.Print("event", e.Event()); return nil }))
	must(worker.Listen(w, func(_ context.Context, n Named) error { w.Print("named", n.Label); return nil }))
	return servesUntilGoodbye(ctx, w)
})

var mouth = define("mouth", func(ctx context.Context, w *worker.Worker) error {
	to := await(ctx, w, "ear")
	for range 2 {
		same("listeners", must1(worker.Send(ctx, w, worker.Listeners, clicked{1, 2})), 1)
		same("listeners", must1(worker.Send(ctx, w, worker.Listeners, Named{"n"})), 1)
		same("listeners", must1(worker.Send(ctx, w, worker.Listeners, Renaming{Named{"r"}, "n"})), 1)
		same("listeners", must1(worker.Send[any](ctx, w, worker.Listeners, clicked{1, 2})), 1)
	}
	_, err := worker.Send(ctx, w, worker.Listeners, mark{})
	fails(err, worker.ErrNoListener, "mark")
	send(ctx, w, to, goodbye{})
	return nil
})

func TestListenersHearWhatImplementsOrEmbedsTheirType(t *testing.T) {
	printed(t, run(t, nil, ear, mouth), "event clicked", "event clicked", "event clicked", "event clicked",
		"named n", "named n", "named r", "named r")
}

// surprise is an event that is registered by its first use, which the receiver
// never comes to.
type surprise struct{}

func (surprise) Event() string { return "surprise" }

var surprising = define("surprising", func(ctx context.Context, w *worker.Worker) error {
	await(ctx, w, "ear")
	send(ctx, w, worker.Listeners, surprise{})
	<-ctx.Done()
	return nil
})

func TestListenerOfAnInterfaceMustKnowTheTypesThatComeUnderIt(t *testing.T) {
	o := attempt(t, nil, ear, surprising)
	failure, ok := errors.AsType[*worker.Error](o.err)
	if !ok || failure.Name != "ear" || !errors.Is(o.err, worker.ErrUnregistered) || !strings.Contains(o.err.Error(), "worker_test.surprise") {
		t.Errorf("the run returned %v, want ErrUnregistered of worker ear, with the type", o.err)
	}
}

// unknown is a fixed type that nobody registers: through an interface its
// memory cannot be reached.
type unknown struct{ N int64 }

var unregistered = define("unregistered", func(ctx context.Context, w *worker.Worker) error {
	_, err := worker.Send[any](ctx, w, w.ID(), unknown{})
	fails(err, worker.ErrUnregistered, "unknown")
	fails(worker.Emit[any](ctx, w, unknown{}), worker.ErrUnregistered, "unknown")
	_, err = worker.Send(ctx, w, w.ID(), make(chan int))
	fails(err, codec.ErrUnsupported, "chan int")
	_, err = worker.SenderTo[func()](w, w.ID())
	fails(err, codec.ErrUnsupported, "func()")
	_, err = worker.Send[any](ctx, w, w.ID(), nil)
	fails(err, codec.ErrUnsupported)
	return nil
})

func TestTypesThatCannotBeSentAreErrors(t *testing.T) { run(t, nil, unregistered) }
