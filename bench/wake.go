package bench

import "context"

func init() {
	register(Scenario{
		Name: "wake",
		Doc:  "round trip between two processes that sleep while they wait",
		Long: `As rtt, but both processes sleep until their mail wakes them (--wait block).
The floor is the same between two bare loops and a futex. Both processes may be
given one core (--cores 0,0): then waking costs a tenth.`,
		Defaults: Options{Wait: "block"},
		Flags:    []string{"size", "api", "codec"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			return runFlow(ctx, "wake", plan{Options: o, Parts: pair(partPing, partRelay), Floor: floorSleep}, out)
		},
	})
}
