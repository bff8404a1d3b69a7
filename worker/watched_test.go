package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// asker waits for a slow answer in a handler, with mail behind the message in
// hand, and then once more before it has served at all.
var asker = worker.Define("asker", func(ctx context.Context, w *worker.Worker, serves bool) error {
	ask := func(ctx context.Context, m mark) error {
		if m.N == 0 {
			same("answer", must1(w.Input(ctx, "?")), "slow")
		}
		if m.N == 9 {
			return worker.Stop
		}
		return nil
	}
	for i := range int64(10) {
		send(ctx, w, w.ID(), mark{i})
	}
	if !serves {
		same("answer", must1(w.Input(ctx, "?")), "slow")
	}
	worker.On(w, ask)
	return w.Serve(ctx)
})

func TestWorkerThatWaitsLongForAReplyIsNotTakenForOneThatSleepsWithMail(t *testing.T) {
	slow := supervisor.WithInput(func(context.Context, string, string) (string, error) {
		time.Sleep(600 * time.Millisecond) // several looks of the supervisor
		return "slow", nil
	})
	for _, serves := range []bool{true, false} {
		run(t, []supervisor.Option{slow}, asker.Spec(serves))
	}
}
