package ring

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// lostEvent is how long a wait for an event trusts that it will be told. Bells
// may be written by anybody: whoever damages one costs others this much.
const lostEvent = 100 * time.Millisecond

func newRetry() *time.Ticker { return time.NewTicker(lostEvent) }

// Until calls try until it reports something other than [ErrFull], and waits
// for space in the lanes of the given senders, and in the slab, in between. It
// ends with ctx, whose cause it returns, with [ErrClosed] when the port is
// closed, and never leaves a wait behind. While try does not report ErrFull it
// costs nothing and allocates nothing.
//
// Adding to want is a full barrier before the look at head and done; the
// receiver stores these, then reads want.
func (p *Port) Until(ctx context.Context, senders []*Sender, try func() error) error {
	if err := try(); err == nil || !errors.Is(err, ErrFull) {
		return err
	}
	if err := p.spinForSpace(ctx, try); !errors.Is(err, ErrFull) {
		return err
	}
	return p.waitForSpace(ctx, slices.Clone(senders), try)
}

// spaceSpin notes whether spinning for space has been worth it, as adaptive does
// for mail. Several goroutines may send.
type spaceSpin struct{ misses, skips atomic.Uint32 }

// spaceLook is how many times PAUSE lies between two looks for space. A receiver
// gives it back in large steps, so looking more often only takes the line away
// from it.
const spaceLook = 16

// spinForSpace tries again for about as long as a wake-up costs, or for ever
// where the process spins anyway, and reports ErrFull if that did not help. A
// receiver that is at work makes room within microseconds; a sender that sleeps
// meanwhile costs both a system call and the sender a wake-up.
func (p *Port) spinForSpace(ctx context.Context, try func() error) error {
	spin := &p.space
	if p.strategy == Block || p.strategy == Poll || spinUseless {
		return ErrFull
	}
	if skips := spin.skips.Load(); skips > 0 && p.strategy != Spin {
		spin.skips.Store(skips - 1)
		return ErrFull
	}
	for start := time.Now(); ; {
		for range spinBlock {
			pause(spaceLook)
			if err := try(); !errors.Is(err, ErrFull) {
				spin.misses.Store(0)
				return err
			}
		}
		if p.strategy != Spin && time.Since(start) > spinBudget {
			break
		}
		if ctx.Err() != nil || p.events.isStopped() {
			return ErrFull // the wait says why
		}
		runtime.Gosched()
	}
	misses := min(spin.misses.Load()+1, 6)
	spin.misses.Store(misses)
	spin.skips.Store(1<<misses - 1)
	return ErrFull
}

func (p *Port) waitForSpace(ctx context.Context, waiting []*Sender, try func() error) error {
	p.slab.await(1)
	defer p.slab.await(-1)
	wanted := 0
	defer func() {
		for _, s := range waiting[:wanted] {
			s.want.Add(^uint32(0))
		}
	}()
	retry := newRetry()
	defer retry.Stop()
	for told := true; ; {
		changed := p.events.next()
		waiting = p.slab.holders(waiting)
		for ; wanted < len(waiting); wanted++ {
			waiting[wanted].want.Add(1)
		}
		if err := try(); !errors.Is(err, ErrFull) {
			if !told {
				p.stats.late.Add(1)
			}
			return err
		}
		select {
		case <-changed:
			told = true
			if p.events.isStopped() {
				return ErrClosed
			}
		case <-retry.C:
			told = false
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// await counts the goroutines that wait for a change of the slab.
func (s *slab) await(n int) {
	s.mu.Lock()
	s.waiting += n
	s.mu.Unlock()
}
