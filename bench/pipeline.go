package bench

import "context"

func init() {
	register(Scenario{
		Name: "pipeline",
		Doc:  "messages per second through a chain of processes",
		Long: `The first of the --workers sends, each one after it sends on what it receives,
and the last one takes. The floor is as many bare rings one behind the other.`,
		Defaults: Options{Workers: 3},
		Flags:    []string{"size", "api", "codec", "wait", "workers"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			if err := o.needWorkers("pipeline", 2); err != nil {
				return err
			}
			return runFlow(ctx, "pipeline", plan{Options: o, Parts: chain(o.Workers), Floor: streamFloor(o)}, out)
		},
	})
}
