package bench

import "context"

func init() {
	register(Scenario{
		Name: "rtt",
		Doc:  "round trip of one message between two processes",
		Long: `One process sends a message, the other sends it back, and so on: the time of
each round trip. The floor is a cache line that two bare loops pass back and forth.`,
		Defaults: Options{Wait: "spin"},
		Flags:    []string{"size", "api", "codec", "wait"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			return runFlow(ctx, "rtt", plan{Options: o, Parts: pair(partPing, partRelay), Floor: floorPing}, out)
		},
	})
}
