package supervisor

import (
	"context"
	"fmt"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/worker"
)

// Kinds of worker that many behaviours need. Where they are residents they end
// when everything that was sent has been handled, so that what they report is
// all there was.

// hand defines a worker that handles messages of type T, and at its end reports
// how many came, and their texts.
func hand[T any](kind string) worker.Kind[worker.None] {
	return worker.Define(kind, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		var texts []string
		worker.On(w, func(_ context.Context, m T) error {
			if w.Current().Copy {
				return fmt.Errorf("%v is a copy, and came to the handler for what is addressed", m)
			}
			texts = append(texts, fmt.Sprint(m))
			return nil
		})
		if err := w.Serve(ctx); err != nil {
			return err
		}
		return tell(ctx, w, len(texts), strings.Join(texts, " "))
	})
}

// ear defines a worker that listens to messages of type T, and at its end
// reports how many copies came, and their texts.
func ear[T any](kind string) worker.Kind[worker.None] {
	return worker.Define(kind, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		var texts []string
		err := worker.Listen(w, func(_ context.Context, m T) error {
			if !w.Current().Copy {
				return fmt.Errorf("%v is addressed, and came to a listener", m)
			}
			texts = append(texts, fmt.Sprint(m))
			return nil
		})
		if err != nil {
			return err
		}
		if err := w.Serve(ctx); err != nil {
			return err
		}
		return tell(ctx, w, len(texts), strings.Join(texts, " "))
	})
}

// play defines a worker without arguments that reports when its part is done.
func play(kind string, part func(ctx context.Context, w *worker.Worker) error) worker.Kind[worker.None] {
	return worker.Define(kind, func(ctx context.Context, w *worker.Worker, _ worker.None) error {
		if err := part(ctx, w); err != nil {
			return err
		}
		return tell(ctx, w, 0, "done")
	})
}

// awaitAll waits until the workers with these names have registered what they
// take.
func awaitAll(ctx context.Context, w *worker.Worker, names ...string) error {
	for _, name := range names {
		if _, err := w.Await(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

var (
	stringHand = hand[worker.StringMessage]("string-hand")
	numberHand = hand[number]("number-hand")
	numberEar  = ear[number]("number-ear")
)
