package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/supervisor"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// session is one measurement between processes, from the outside.
type session struct {
	plan    plan
	samples []sample
	trouble *trouble
}

// measure starts the processes of a plan and hands out the result. The rest of
// the result's fields is the caller's, in fill.
func measure(ctx context.Context, p plan, fill func(*Result), out func(Outcome)) error {
	// Two processes may share a core only if both sleep while the other one is
	// at work, and so do the floor's.
	sleeps := p.Options.Wait == ring.Block.String() && p.Floor == floorSleep
	cores, err := p.Options.place(len(p.Parts), len(p.Parts) == 2 && !sleeps)
	if err != nil {
		return err
	}
	p.Options.Cores = cores
	s := &session{plan: p}
	return s.finish(ctx, s.run(ctx), fill, out)
}

// finish hands out what was measured, and returns how the run ended.
func (s *session) finish(ctx context.Context, ended error, fill func(*Result), out func(Outcome)) error {
	switch {
	case ctx.Err() != nil:
		ended = context.Cause(ctx) // whatever the processes said of it
	case s.trouble != nil:
		ended = s.trouble.err()
	}
	if len(s.samples) > 0 && (ended == nil || ctx.Err() != nil) {
		outcome, err := s.plan.outcome(s.samples)
		if err != nil {
			return err
		}
		fill(&outcome.Result)
		out(outcome)
	}
	return ended
}

// err returns the error of package bench that a trouble is.
func (t *trouble) err() error {
	switch {
	case t.Damaged:
		return fmt.Errorf("%w: %s", ErrDamaged, t.Text)
	case t.Stalled:
		return fmt.Errorf("%w: %s", ErrStalled, t.Text)
	}
	return errors.New("bench: " + t.Text)
}

func (s *session) run(ctx context.Context) error {
	super := supervisor.New(
		supervisor.WithoutSignals(), supervisor.WithStdout(os.Stderr),
		supervisor.OnObject(func(_ worker.ID, v sample) { s.samples = append(s.samples, v) }),
		supervisor.OnObject(func(_ worker.ID, v trouble) { s.trouble = &v }),
	)
	strategy, _ := ring.ParseStrategy(s.plan.Options.Wait) // it was checked
	args := leadArgs{Plan: s.plan}
	for i, part := range s.plan.Parts {
		p := s.plan
		p.Index = i
		name := fmt.Sprintf("bench-%d", i)
		if p.Turn && len(part.Ins) > 0 {
			name = queueName
		}
		spec := endKind.Spec(p).Named(name).Resident().OnCore(s.plan.Options.Cores[i]).Waiting(strategy)
		if p.Peer.Name != "" {
			spec = spec.WithMaxProcs(1) // Go's own choice for one core: net/rpc took 87 µs per call with 2, 46 with 1
		}
		id, err := super.Add(spec)
		if err != nil {
			return err
		}
		args.IDs = append(args.IDs, uint64(id))
	}
	// Without a name it is none of those that a broadcast means.
	lead := leadKind.Spec(args).Named("").Unpinned().Waiting(ring.Block)
	if s.plan.Peer.Outside {
		lead = lead.OnCores(s.plan.Options.Cores...) // what it starts shares its cores
	}
	if _, err := super.Add(lead); err != nil {
		return err
	}
	return super.Run(ctx)
}
