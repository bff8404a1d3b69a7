// Gauge is a worker binary that sends what meter, another one, knows otherwise
// or not at all.
package main

import (
	"context"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// reading has another layout in meter.
type reading struct{ Value, Time int64 }

// nameless is a type of package main in both binaries.
type nameless struct{ N int64 }

// level is known to gauge alone, and has a method that meter listens for.
type level struct{ N int64 }

func (l level) Measure() int64 { return l.N }

func init() {
	codec.Register[reading](codec.WithName("test.reading"))
	codec.Register[level](codec.WithName("test.level"))
	worker.Define("gauge", gauge)
}

func gauge(ctx context.Context, w *worker.Worker, what string) error {
	to, err := w.Await(ctx, "meter")
	if err != nil {
		return err
	}
	switch what {
	case "layout":
		_, err = worker.Send(ctx, w, to, reading{1, 2})
	case "nameless":
		_, err = worker.Send(ctx, w, to, nameless{1})
	case "unregistered":
		_, err = worker.Send(ctx, w, worker.Listeners, level{1})
	default:
		err = fmt.Errorf("nothing is called %q", what)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func main() { worker.Main() }
