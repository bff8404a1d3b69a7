package bench

import (
	"context"
	"fmt"
	"slices"
)

// scaleMost is the number of workers that scale goes up to by default.
const scaleMost = 64

func init() {
	register(Scenario{
		Name: "scale",
		Doc:  "messages per second among 2, 4, 8 … workers, and beside silent ones",
		Long: `Workers send to each other two by two: 2 of them, 4, 8, up to --workers; the
rates add up. Then 2 send to each other while all the others are there and sleep.
The floor is one bare ring for each pair.`,
		Defaults: Options{Workers: scaleMost},
		Flags:    []string{"size", "batch", "api", "codec", "wait", "workers"},
		Run:      runScale,
	})
}

func runScale(ctx context.Context, o Options, out func(Outcome)) error {
	if err := o.needWorkers("scale", 2); err != nil {
		return err
	}
	most := o.Workers / 2 * 2
	var counts []int
	for n := 2; n < most; n *= 2 {
		counts = append(counts, n)
	}
	for _, n := range append(counts, most) {
		p := plan{Options: o, Parts: pairs(n, n), Floor: streamFloor(o)}
		if err := runFlow(ctx, "scale", p, out); err != nil {
			return err
		}
	}
	if most == 2 {
		return nil
	}
	p := plan{Options: o, Parts: pairs(2, most), Floor: streamFloor(o)}
	return measure(ctx, p, func(r *Result) {
		r.Scenario, r.Options = "scale", fmt.Sprintf("2 active, %d parked", most-2)
		r.CPUPercent = slices.Clip(r.CPUPercent[:2])
	}, out)
}
