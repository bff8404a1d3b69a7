package bench

import "context"

func init() {
	register(Scenario{
		Name: "queue",
		Doc:  "messages per second through a work queue",
		Long: `One of the --workers sends each message to one of the others: with --api typed
to worker.OneOf a name they share, which takes the one with the most room; with
--api lane to the next one that has room. The floor is as many bare rings with
one writer.`,
		Defaults: Options{Workers: 3},
		Flags:    []string{"size", "batch", "api", "codec", "wait", "workers"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			if err := o.needWorkers("queue", 2); err != nil {
				return err
			}
			return runFlow(ctx, "queue", plan{Options: o, Parts: spreadOut(o.Workers), Floor: streamFloor(o), Turn: true}, out)
		},
	})
}
