package bench

import "context"

func init() {
	register(Scenario{
		Name: "fanin",
		Doc:  "messages per second from several processes to one",
		Long: `All but one of the --workers send to that one. The floor is as many bare rings
with one reader.`,
		Defaults: Options{Workers: 3},
		Flags:    []string{"size", "batch", "api", "codec", "wait", "workers"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			if err := o.needWorkers("fanin", 2); err != nil {
				return err
			}
			return runFlow(ctx, "fanin", plan{Options: o, Parts: gather(o.Workers), Floor: streamFloor(o)}, out)
		},
	})
	register(Scenario{
		Name: "fanout",
		Doc:  "deliveries per second from one process to several",
		Long: `One of the --workers sends each message to all others: to a set of workers
(--to ids), to every named worker (--to broadcast), or to whoever listens to its
type (--to listeners). Each delivery counts. The floor is as many bare rings with
one writer.`,
		Defaults: Options{Workers: 3},
		Flags:    []string{"size", "batch", "api", "codec", "wait", "workers", "to"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			if err := o.needWorkers("fanout", 2); err != nil {
				return err
			}
			p := plan{Options: o, Parts: spreadOut(o.Workers), Floor: streamFloor(o)}
			return measure(ctx, p, func(r *Result) { r.Scenario, r.Options = "fanout", "to "+o.Target }, out)
		},
	})
}
