package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// errCodec is reported for claims of types whose bytes are not their value.
var errNotRaw = errors.New("worker: only types that travel as raw bytes can be filled in place")

// Claim returns n bytes of the receiver's lane, or of shared memory that the
// receiver will read from, to be filled in place and then sent by Commit or
// given back by Abort: no copy is made on the way. It waits for room until ctx
// ends. The contents are whatever was there before.
//
// It is for handles of types that travel as raw bytes ([]byte). One claim can be
// open at a time.
func (s *Sender[T]) Claim(ctx context.Context, n int) ([]byte, error) {
	switch {
	case !s.raw:
		return nil, fmt.Errorf("%w: %s travels as %s", errNotRaw, s.typ.Name(), s.typ.Codec())
	case s.claim.buf != nil:
		return nil, fmt.Errorf("worker: handle for type %s: a claim is open already", s.typ.Name())
	case n > s.w.config.MaxMessage:
		return nil, fmt.Errorf("%w: type %s of %d bytes, the limit of this run is %d", ErrTooLarge, s.typ.Name(), n, s.w.config.MaxMessage)
	}
	routes, err := s.choose()
	if err != nil {
		return nil, err
	}
	c := claim{list: routes}
	if n <= s.w.port.Geometry().InlineLimit() && len(routes) == 1 && routes[0].shared == nil {
		r := routes[0]
		err = r.wait(ctx, s.w, false, func() (err error) {
			c.buf, err = r.lane.Claim(n)
			return err
		})
	} else {
		err = c.borrow(ctx, s.w, n, false)
	}
	if err != nil {
		return nil, s.judge(err)
	}
	s.claim = c
	return c.buf, nil
}

// Commit sends the first n bytes of the open claim.
func (s *Sender[T]) Commit(ctx context.Context, n int) error {
	c := s.claim
	s.claim = claim{}
	if c.list == nil || n < 0 || n > len(c.buf) {
		return fmt.Errorf("worker: handle for type %s: commit of %d bytes, %d are claimed", s.typ.Name(), n, len(c.buf))
	}
	return s.commit(ctx, c, n, false)
}

// Abort gives the open claim back; nothing is sent.
func (s *Sender[T]) Abort() {
	c := s.claim
	s.claim = claim{}
	switch {
	case c.lent:
		c.loan.Release()
	case c.list != nil:
		c.list[0].lane.Abort()
	}
}

// borrow gets memory outside the lanes.
func (c *claim) borrow(ctx context.Context, w *Worker, n int, try bool) error {
	var room [8]destination
	list := room[:0]
	for _, r := range c.list {
		list = append(list, r.destination)
	}
	if err := w.lend(ctx, &c.loan, n, list, try); err != nil {
		return err
	}
	c.lent, c.buf = true, c.loan.Bytes()
	return nil
}

func (s *Sender[T]) commit(ctx context.Context, c claim, n int, try bool) error {
	if !c.lent {
		r := c.list[0]
		r.mark(s.header)
		r.lane.CommitShort(n, r.meta)
		return s.judge(r.lane.Publish())
	}
	defer c.loan.Release()
	if err := c.loan.Seal(n); err != nil {
		return s.judge(err)
	}
	var problem error
	for _, r := range c.list {
		r.mark(s.header)
		err := r.wait(ctx, s.w, try, func() error { return r.publishLoan(&c.loan) })
		if err != nil {
			c.loan.Forget(r.slot)
		}
		if err != nil && !(r.copy && errors.Is(err, ErrTerminated)) {
			problem = errors.Join(problem, s.judge(err))
		}
	}
	return problem
}

func (r *handleRoute) publishLoan(loan *ring.Loan) error {
	if err := r.lane.CommitLoan(loan, r.meta); err != nil {
		return err
	}
	return r.lane.Publish()
}
