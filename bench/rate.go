package bench

import "context"

const pacedDoc = `The messages are sent at fixed times, --rate per second, whatever became of
those before them, and the time of each counts from when it was meant to be sent
until its handler runs: a stall is charged to every message that it delays. The
floor is a bare slot, written and read at the same times.`

func init() {
	register(Scenario{
		Name:     "rate",
		Doc:      "latency of a flow at a fixed rate, from the intended send time",
		Long:     pacedDoc,
		Defaults: Options{Rate: 100_000},
		Flags:    []string{"size", "api", "codec", "wait", "rate"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			return runPaced(ctx, "rate", o, false, out)
		},
	})
}

func runPaced(ctx context.Context, name string, o Options, garbage bool, out func(Outcome)) error {
	p := plan{Options: o, Parts: pair(partPace, partWatch), Floor: floorPace, Garbage: garbage}
	return measure(ctx, p, func(r *Result) { r.Scenario, r.Rate = name, o.Rate }, out)
}
