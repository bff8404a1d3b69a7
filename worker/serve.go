package worker

import (
	"context"
	"errors"
	"iter"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// errBreak ends a pass for a range over Messages that was left.
var errBreak = errors.New("worker: range ended")

// Serve handles messages until a handler returns [Stop], a resident is told to
// end (both return nil), a handler fails, or ctx ends (its cause is returned).
// One goroutine at a time may receive; Serve reports ErrBusy for a second one.
func (w *Worker) Serve(ctx context.Context) error {
	if err := w.supervised("Serve"); err != nil {
		return err
	}
	if err := w.enter(); err != nil {
		return err
	}
	defer w.leave()
	w.Ready()
	err := w.serve(ctx, nil)
	if errors.Is(err, Stop) {
		return nil
	}
	return err
}

func (w *Worker) serve(ctx context.Context, catch func(any) bool) error {
	defer context.AfterFunc(ctx, w.port.Interrupt)()
	for {
		known := w.awaited() // before the pass, see settle
		n, err := w.pass(ctx, catch)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		w.settle(known)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if w.ending.Load() {
			return nil
		}
		w.port.Wait(ring.All)
	}
}

// Poll handles what has arrived and returns how many messages that were,
// without waiting: for bodies that compute and look in now and then. It returns
// [Stop] when a handler did; the body should return it.
func (w *Worker) Poll(ctx context.Context) (int, error) {
	if err := w.supervised("Poll"); err != nil {
		return 0, err
	}
	if err := w.enter(); err != nil {
		return 0, err
	}
	defer w.leave()
	w.Ready()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return w.pass(ctx, nil)
}

// Messages returns the messages addressed to this worker that no handler was
// registered for, one by one, waiting for the next; [Worker.Current] tells of
// the one in hand. Types with a handler go to their handler meanwhile. The
// sequence ends like Serve, with a last element that holds the error if there
// is one. Mail that is still there when the worker ends is counted as not
// delivered.
func (w *Worker) Messages(ctx context.Context) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		err := w.supervised("Messages")
		if err == nil {
			err = w.eachMessage(ctx, func(v any) bool { return yield(v, nil) })
		}
		if err != nil && err != errBreak && !errors.Is(err, Stop) {
			yield(nil, err)
		}
	}
}

func (w *Worker) eachMessage(ctx context.Context, take func(any) bool) error {
	w.ranged = true
	if err := w.enter(); err != nil {
		return err
	}
	defer w.leave()
	w.Ready()
	return w.serve(ctx, take)
}
