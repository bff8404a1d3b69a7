package worker_test

import (
	"context"
	"os"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var lonely = define("lonely", func(ctx context.Context, w *worker.Worker) error {
	same("supervised", w.Supervised(), false)
	same("port", w.Port(), nil)
	_, err := w.Input(ctx, "?")
	fails(err, worker.ErrNotSupervised, "Input")
	_, err = worker.Send(ctx, w, w.ID(), mark{})
	fails(err, worker.ErrNotSupervised, "Send")
	_, err = worker.TrySend(w, w.ID(), mark{})
	fails(err, worker.ErrNotSupervised)
	_, err = worker.Call[mark](ctx, w, w.ID(), mark{})
	fails(err, worker.ErrNotSupervised, "Call")
	_, err = worker.SenderTo[mark](w, w.ID())
	fails(err, worker.ErrNotSupervised, "SenderTo")
	_, err = w.Await(ctx, "anybody")
	fails(err, worker.ErrNotSupervised, "Await")
	_, err = w.Poll(ctx)
	fails(err, worker.ErrNotSupervised, "Poll")
	for _, err := range w.Messages(ctx) {
		fails(err, worker.ErrNotSupervised, "Messages")
	}
	fails(w.Serve(ctx), worker.ErrNotSupervised, "Serve")
	fails(worker.Emit(ctx, w, 1), worker.ErrNotSupervised, "Emit")
	fails(worker.Listen(w, func(context.Context, mark) error { return nil }), worker.ErrNotSupervised, "Listen")
	fails(worker.SendFile(ctx, w, w.ID(), os.Stdin), worker.ErrNotSupervised, "SendFile")
	_, err = worker.OpenFile{}.Open(w)
	fails(err, worker.ErrNotSupervised, "OpenFile")
	fails(worker.Reply(ctx, w, w.Caller(), mark{}), worker.ErrNotSupervised)
	fails(worker.ReplyError(ctx, w, w.Caller(), err), worker.ErrNotSupervised)

	worker.On(w, func(context.Context, mark) error { return nil }) // harmless
	same("ids of a name", len(w.Lookup("anybody")), 0)
	same("workers", len(w.Workers()), 0)
	same("name", w.NameOf(w.ID()), "")
	same("current", w.Current(), worker.Envelope{})
	w.Ready()
	w.Finish()
	w.Logger().Info("said")
	w.Print("and", "printed")
	return nil
})

func TestWorkerWithoutASupervisorCanPrintAndReportsNotSupervisedForTheRest(t *testing.T) {
	var out, errs output
	group := supervisor.Group{Stdout: &out, Stderr: &errs}
	must(group.Add(lonely))
	must(group.Start())
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	if err := group.Wait(ctx); err != nil {
		t.Fatal(err, stackOf(err), errs.String())
	}
	printed(t, out.lines(), "and printed")
}
