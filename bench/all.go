package bench

import (
	"context"
	"errors"
	"fmt"
)

func init() {
	register(Scenario{
		Name: "all",
		Doc:  "every scenario in its usual variants, except compare",
		Long: `What a report is made from: round trips and streams through lanes and typed
handles, each codec, sizes from 32 bytes to 1 MiB, and all other scenarios as
they are by default. A scenario that this machine has too few cores for is left
out and named.`,
		Run: runAll,
	})
}

// variants are what all runs: scenarios with options of their own.
var variants = []struct {
	scenario string
	options  Options
}{
	{"rtt", Options{API: APILane}},
	{"rtt", Options{}},
	{"rtt", Options{Wait: "adaptive"}},
	{"rtt", Options{Codec: CodecGob}},
	{"stream", Options{API: APILane}},
	{"stream", Options{API: APILane, Batch: 64}},
	{"stream", Options{}},
	{"stream", Options{Batch: 64}},
	{"stream", Options{Codec: CodecGob}},
	{"stream", Options{Codec: CodecZstd}},
	{"stream", Options{Codec: CodecRaw, Size: 64}},
	{"stream", Options{Codec: CodecRaw, Size: 256}},
	{"stream", Options{Codec: CodecRaw, Size: 1 << 10}},
	{"stream", Options{Codec: CodecRaw, Size: 4 << 10}},
	{"stream", Options{Codec: CodecRaw, Size: 16 << 10}},
	{"stream", Options{Codec: CodecRaw, Size: 64 << 10}},
	{"stream", Options{Codec: CodecRaw, Size: 1 << 20}},
	{"stream", Options{API: APILane, Size: 64 << 10}},
	{"stream", Options{API: APILane, Size: 1 << 20}},
	{"fanin", Options{}},
	{"fanout", Options{}},
	{"fanout", Options{Target: targetBroadcast}},
	{"fanout", Options{Target: targetListeners}},
	{"pipeline", Options{}},
	{"queue", Options{}},
	{"wake", Options{}},
	{"rate", Options{}},
	{"rate", Options{Wait: "spin"}},
	{"gc", Options{}},
	{"spawn", Options{}},
	{"scale", Options{}},
	{"codec", Options{}},
}

func runAll(ctx context.Context, o Options, out func(Outcome)) error {
	var skipped []error
	for _, v := range variants {
		one := v.options
		one.Duration, one.Runs, one.Cores = o.Duration, o.Runs, o.Cores
		err := Run(ctx, v.scenario, one, out)
		switch {
		case errors.Is(err, ErrOption):
			skipped = append(skipped, fmt.Errorf("%s: %w", v.scenario, err))
		case err != nil:
			return fmt.Errorf("%s: %w", v.scenario, err)
		}
	}
	return errors.Join(skipped...)
}
