package bench

import "context"

func init() {
	register(Scenario{
		Name: "gc",
		Doc:  "as rate, while the receiver's garbage collector is at work",
		Long: `The receiver keeps a heap of 64 MiB in small objects with pointers, and each
message replaces 1 KiB of it. ` + pacedDoc + ` Its reader makes the same garbage.`,
		Defaults: Options{Rate: 100_000},
		Flags:    []string{"size", "api", "codec", "wait", "rate"},
		Run: func(ctx context.Context, o Options, out func(Outcome)) error {
			return runPaced(ctx, "gc", o, true, out)
		},
	})
}
