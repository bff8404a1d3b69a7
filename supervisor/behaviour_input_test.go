package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Input: MT20 to MT22.

var reader = worker.Define("reader", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if err := tell(ctx, w, 0, "asking"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		line, err := w.Input(ctx, fmt.Sprintf("line %d: ", n))
		if errors.Is(err, io.EOF) {
			return tell(ctx, w, n, "end")
		}
		if err != nil {
			return err
		}
		if err := tell(ctx, w, n, line); err != nil {
			return err
		}
	}
})

// typist is a standard input that looks before each line what is on the screen.
type typist struct {
	lines []string
	look  func(line int)
	next  int
}

func (in *typist) Read(p []byte) (int, error) {
	in.look(in.next)
	if in.next == len(in.lines) {
		return 0, io.EOF
	}
	in.next++
	return copy(p, in.lines[in.next-1]), nil
}

func TestMT20InputPrintsThePromptBlocksThatWorkerAndReturnsTheLine(t *testing.T) {
	var st *stage
	prompts := []string{"line 1: ", "line 2: ", "line 3: "}
	in := &typist{lines: []string{"Ada\n", " Grace Hopper \n"}}
	in.look = func(line int) {
		wantText(t, "the screen", st.stdout.String(), strings.Join(prompts[:line+1], ""))
		if n := len(st.from("reader")); n != line+1 {
			t.Errorf("%d reports before line %d is typed, want %d: the worker is to wait", n, line+1, line+1)
		}
	}
	st = newStage(t, WithStdin(in))
	st.add(reader.Spec(worker.None{}))
	st.mustRun()
	var got []string
	for _, r := range st.from("reader") {
		got = append(got, fmt.Sprint(r.Count, " ", r.Text))
	}
	wantText(t, "what the worker has read", strings.Join(got, "; "), "0 asking; 1 Ada; 2  Grace Hopper ; 3 end")
}

var unsupervised = worker.Define("unsupervised", func(ctx context.Context, w *worker.Worker, v visit) error {
	line, err := w.Input(ctx, "? ")
	return pass(v.Gate, fmt.Sprintf("%q %v", line, errors.Is(err, worker.ErrNotSupervised)))
})

func TestMT21InputOutsideASupervisorIsAnError(t *testing.T) {
	gate := openGate(t)
	g := &Group{}
	if err := g.Add(unsupervised.Spec(visit{Gate: gate.address()})); err != nil {
		t.Fatal(err)
	}
	v := startGuests(t, g, gate)[0]
	v.release()
	if err := waitFor(t, g); err != nil {
		t.Error(err)
	}
	wantText(t, "the line, and whether the error is ErrNotSupervised", v.line, `"" true`)
}

// number is a message that travels as its bytes.
type number struct{ N int64 }

// volleys is how often the players of MT22 go back and forth: two messages each.
const volleys = 5000

// gameOver is what each player emits last.
type gameOver struct{}

func finish(ctx context.Context, w *worker.Worker, seen int) error {
	if err := tell(ctx, w, seen, ""); err != nil {
		return err
	}
	return worker.Emit(ctx, w, gameOver{})
}

// server begins a game and ends it.
var server = worker.Define("server", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	seen := 0
	worker.On(w, func(ctx context.Context, m number) error {
		if seen++; m.N != int64(seen) {
			return fmt.Errorf("ball %d came back, want %d", m.N, seen)
		}
		if seen == volleys {
			return worker.Stop
		}
		_, err := worker.Send(ctx, w, w.Current().From, number{m.N + 1})
		return err
	})
	if _, err := worker.Send(ctx, w, worker.Name("returner"), number{1}); err != nil {
		return err
	}
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return finish(ctx, w, seen)
})

var returner = worker.Define("returner", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	seen := 0
	worker.On(w, func(ctx context.Context, m number) error {
		seen++
		if _, err := worker.Send(ctx, w, w.Current().From, m); err != nil {
			return err
		}
		if seen == volleys {
			return worker.Stop
		}
		return nil
	})
	if err := w.Serve(ctx); err != nil {
		return err
	}
	return finish(ctx, w, seen)
})

func TestMT22OthersExchangeMessagesWhileOneWaitsForInput(t *testing.T) {
	var st *stage
	played := make(chan struct{}, 2)
	input := func(_ context.Context, from, _ string) (string, error) {
		// The players are started only now, and the line is given when they
		// have finished: all they exchange, they exchange during the wait.
		st.add(returner.Spec(worker.None{}))
		st.add(server.Spec(worker.None{}))
		for range 2 {
			select {
			case <-played:
			case <-time.After(stageLimit / 2):
				return "", errors.New("the others stand still while one waits for input")
			}
		}
		return "the game is over, " + from, nil
	}
	st = newStage(t, WithInput(input), OnObject(func(worker.ID, gameOver) { played <- struct{}{} }))
	st.add(asker.Spec(worker.None{}))
	st.mustRun()
	st.want("server", volleys, "")
	st.want("returner", volleys, "")
	if asked := st.from("asker"); len(asked) != 2 || asked[1].Text != "the game is over, asker" {
		t.Errorf("the asker reports %+v", asked)
	}
}
