package bench

import (
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// tally counts what one process receives in one run and sees that nothing is
// missing.
type tally struct {
	expect []uint64 // count of the next message, by sender
	sparse bool     // counts grow, and not by one: others get some
	open   int      // senders that have not ended
	count  int64
	next   func(count uint64) error // what to do with each message; nil: nothing
	ended  func() error             // what to do after the last; nil: nothing
	end    int64                    // when that was
}

// reset prepares for a run with so many senders.
func (t *tally) reset(p *plan, senders int) {
	*t = tally{expect: make([]uint64, len(p.Parts)), sparse: p.Turn, open: senders}
}

// take notes one message. It returns worker.Stop after the last one.
func (t *tally) take(number uint64, intact bool) error {
	from, count := number>>countBits, number&endCount
	if intact && from < uint64(len(t.expect)) && count == t.expect[from] {
		t.expect[from] = count + 1
		t.count++
		if t.next != nil {
			return t.next(count)
		}
		return nil
	}
	return t.odd(from, count, intact)
}

// odd is take for what is not the next message.
func (t *tally) odd(from, count uint64, intact bool) error {
	switch {
	case !intact || from >= uint64(len(t.expect)):
		return fmt.Errorf("%w: number %d from process %d is not what was written", ErrDamaged, count, from)
	case count == endCount:
		t.end = ring.Now()
		if t.open--; t.open > 0 {
			return nil
		}
		if t.ended != nil {
			if err := t.ended(); err != nil {
				return err
			}
		}
		return worker.Stop
	case t.sparse && count > t.expect[from]:
		t.expect[from] = count + 1
		t.count++
		return nil
	}
	return fmt.Errorf("%w: number %d from process %d came, %d was next", ErrDamaged, count, from, t.expect[from])
}
