package bench

import (
	"context"
	"fmt"
)

// The shapes of a flow between processes.

// pair is one process that starts and one that answers or receives.
func pair(starts, answers string) []part {
	first := part{Kind: starts, Outs: []int{1}}
	second := part{Kind: answers, Ins: []int{0}}
	if starts == partPing {
		first.Ins, second.Outs = []int{1}, []int{0}
	}
	return []part{first, second}
}

// spreadOut is one process that sends to all others.
func spreadOut(n int) []part {
	parts := []part{{Kind: partSource}}
	for i := 1; i < n; i++ {
		parts[0].Outs = append(parts[0].Outs, i)
		parts = append(parts, part{Kind: partSink, Ins: []int{0}})
	}
	return parts
}

// gather is all but the first sending to the first.
func gather(n int) []part {
	parts := []part{{Kind: partSink}}
	for i := 1; i < n; i++ {
		parts[0].Ins = append(parts[0].Ins, i)
		parts = append(parts, part{Kind: partSource, Outs: []int{0}})
	}
	return parts
}

// chain is each sending to the next.
func chain(n int) []part {
	parts := make([]part, n)
	for i := range parts {
		parts[i] = part{Kind: partRelay, Ins: []int{i - 1}, Outs: []int{i + 1}}
	}
	parts[0] = part{Kind: partSource, Outs: []int{1}}
	parts[n-1] = part{Kind: partSink, Ins: []int{n - 2}}
	return parts
}

// pairs is active processes that send to each other two by two, and idle ones.
func pairs(active, all int) []part {
	parts := make([]part, all)
	for i := range parts {
		switch {
		case i >= active:
			parts[i] = part{Kind: partIdle}
		case i%2 == 0:
			parts[i] = part{Kind: partSource, Outs: []int{i + 1}}
		default:
			parts[i] = part{Kind: partSink, Ins: []int{i - 1}}
		}
	}
	return parts
}

// runFlow measures a plan and names the scenario in its result.
func runFlow(ctx context.Context, name string, p plan, out func(Outcome)) error {
	return measure(ctx, p, func(r *Result) { r.Scenario = name }, out)
}

// needWorkers reports too few processes for a scenario.
func (o Options) needWorkers(name string, least int) error {
	if o.Workers < least {
		return fmt.Errorf("%w: --workers is %d, %s takes %d at least", ErrOption, o.Workers, name, least)
	}
	return nil
}
