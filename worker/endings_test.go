package worker_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var leaver = worker.Define("leaver", func(context.Context, *worker.Worker, worker.None) error {
	runtime.Goexit()
	return nil
})

func TestBodyThatCallsGoexitFailsAndDoesNotHang(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	err := supervisor.New().Run(ctx, leaver.Spec(worker.None{}))
	failure, ok := errors.AsType[*worker.Error](err)
	if !ok || failure.Reason != "exit" || !strings.Contains(err.Error(), "runtime.Goexit") {
		t.Fatalf("got %v, want a failure that names runtime.Goexit", err)
	}
}

var countsLetters = worker.Define("countsLetters", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	worker.Answer(w, func(_ context.Context, text string) (int, error) { return len(text), nil })
	return w.Serve(ctx)
})

var wantsText = worker.Define("wantsText", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	if _, err := worker.Call[string](ctx, w, worker.Name("countsLetters"), "abc"); !errors.Is(err, worker.ErrLayout) || !strings.Contains(err.Error(), "use Call[int]") {
		return err
	}
	if _, err := worker.Call[[]byte](ctx, w, worker.Name("countsLetters"), "abc"); !errors.Is(err, worker.ErrLayout) {
		return err
	}
	n, err := worker.Call[int](ctx, w, worker.Name("countsLetters"), "abc")
	if err == nil && n != 3 {
		err = errors.New("a wrong count")
	}
	if err == nil {
		w.Print("told apart")
	}
	return err
})

func TestReplyOfAnotherTypeThanAskedForIsNamed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	var out strings.Builder
	s := supervisor.New(supervisor.WithStdout(&out))
	if err := s.Run(ctx, countsLetters.Spec(worker.None{}).Resident(), wantsText.Spec(worker.None{})); err != nil {
		t.Fatal(err)
	}
	if out.String() != "told apart\n" {
		t.Errorf("the worker printed %q", out.String())
	}
}
