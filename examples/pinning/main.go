// Pinning chooses the cores that workers run on, and how many of their
// goroutines run at once.
package main

import (
	"context"
	"runtime"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

var show = worker.Define("show", func(ctx context.Context, w *worker.Worker, _ worker.None) error {
	w.Printf("%s: cores %v, GOMAXPROCS %d", w.Name(), w.Cores(), runtime.GOMAXPROCS(0))
	return nil
})

func main() {
	worker.Main()

	plain := show.Spec(worker.None{}).Named("in turn")                         // one core, the next one for the next worker
	fixed := show.Spec(worker.None{}).Named("on one core").OnCore(ring.Core()) // the core this program runs on now
	free := show.Spec(worker.None{}).Named("on all").Unpinned().WithMaxProcs(4)

	supervisor.Exit(supervisor.Run(context.Background(), plain, fixed, free))
}
