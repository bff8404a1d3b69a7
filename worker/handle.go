package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Sender is a typed handle to a target, for the hot path: it looks nothing up,
// takes no lock, and allocates nothing for types that travel as fixed or raw
// bytes. It has lanes of its own, so its messages and those of Send do not wait
// for each other, and have no order between them. It belongs to one goroutine.
//
// It follows the run: workers that take the name it was made for, and listeners
// that begin or end, are noticed with the next message.
type Sender[T any] struct {
	w       *Worker
	to      Target
	typ     *codec.Type
	header  codec.Header
	routes  []*handleRoute
	epoch   uint64
	version uint64
	fixed   bool
	short   bool // fixed, and never too long for a lane
	raw     bool
	stable  bool // the routes do not depend on the message
	closed  bool

	claim claim
}

// claim is an open claim of a handle.
type claim struct {
	buf  []byte
	loan ring.Loan
	lent bool // buf is the loan's
	list []*handleRoute
}

// SenderTo returns a handle that sends messages of type T to a target, and to
// who else listens to them. A process can have up to fourteen handles with
// lanes of their own to one worker; more share the lane of Send. [OneOf] and
// [Listeners] work, an empty set of listeners is then an error of each Send.
func SenderTo[T any](w *Worker, to Target) (*Sender[T], error) {
	if err := w.supervised("SenderTo"); err != nil {
		return nil, err
	}
	t, err := codec.TypeFor[T]()
	if err != nil {
		return nil, fmt.Errorf("worker: handle to %v: %w", to, err)
	}
	header, err := w.encoder.Announce(t)
	if err != nil {
		return nil, fmt.Errorf("worker: handle for type %s: %w", t.Name(), err)
	}
	_, isQueue := to.(oneOf)
	s := &Sender[T]{
		w: w, to: to, typ: t, header: header, stable: !isQueue,
		fixed: t.Size() >= 0 && !t.Compressed(), raw: t.Codec() == "raw" && !t.Compressed(),
	}
	s.short = s.fixed && t.Size() <= min(w.port.Geometry().InlineLimit(), w.config.MaxMessage)
	w.Ready()
	if err := s.follow(); err != nil && !errors.Is(err, ErrNoListener) {
		s.Close()
		return nil, err
	}
	return s, nil
}

// follow works the routes out again.
func (s *Sender[T]) follow() error {
	epoch, version := s.w.port.Epoch(), s.w.directory.Version()
	list, err := s.w.resolve(nil, s.to, s.typ, true)
	if err != nil {
		s.w.reportInvalid(s.to, s.typ, err, sendMode{})
		return err
	}
	var routes []*handleRoute
	for _, d := range list {
		r, err := s.open(d)
		switch {
		case err == nil:
			routes = append(routes, r)
		case !d.copy || !errors.Is(err, ErrTerminated):
			s.drop(routes)
			return fmt.Errorf("worker: handle for type %s to %v: %w", s.typ.Name(), s.to, err)
		}
	}
	// A work queue keeps the lanes to members it does not use at the moment.
	for _, old := range s.routes {
		if !slices.Contains(routes, old) {
			if s.stable {
				old.close(s.w)
			} else {
				routes = append(routes, old)
			}
		}
	}
	s.routes, s.epoch, s.version = routes, epoch, version
	return nil
}

// drop gives back the lanes of routes that the handle does not keep.
func (s *Sender[T]) drop(routes []*handleRoute) {
	for _, r := range routes {
		if !slices.Contains(s.routes, r) {
			r.close(s.w)
		}
	}
}

// open returns the route to a destination, the present one if there is one.
func (s *Sender[T]) open(d destination) (*handleRoute, error) {
	for _, r := range s.routes {
		if r.destination == d {
			return r, nil
		}
	}
	r := &handleRoute{destination: d, meta: ring.Meta{Type: s.header.Type, Flags: s.header.Flags, Need: s.header.Need}}
	if d.copy {
		r.meta.Flags |= flagCopy
	}
	if r.number = s.w.takeLane(d.slot); r.number == ring.LaneSend {
		var err error
		r.shared, r.lane, err = s.w.lane(d.slot, ring.LaneSend)
		return r, err
	}
	lane, err := s.w.port.Open(d.slot, r.number)
	if err != nil {
		s.w.giveLane(d.slot, r.number)
		return nil, err
	}
	r.lane = lane
	return r, nil
}

// Send sends v, waiting for room until ctx ends. It reports what [Send] does.
func (s *Sender[T]) Send(ctx context.Context, v T) error {
	if s.short && len(s.routes) == 1 && s.current() {
		err := s.sendFixed(s.routes[0], &v, true)
		if err == nil || !errors.Is(err, ErrFull) {
			return s.judge(err)
		}
	}
	return s.sendSlow(ctx, v, false)
}

// TrySend is Send that reports [ErrFull] instead of waiting.
func (s *Sender[T]) TrySend(v T) error {
	if s.short && len(s.routes) == 1 && s.current() {
		return s.judge(s.sendFixed(s.routes[0], &v, true))
	}
	return s.sendSlow(context.Background(), v, true)
}

// current reports whether the routes may be used as they are: two loads of
// words that hardly ever change.
func (s *Sender[T]) current() bool {
	return s.stable && s.epoch == s.w.port.Epoch() && s.version == s.w.directory.Version() && !s.closed
}

// sendFixed is the hot path.
func (s *Sender[T]) sendFixed(r *handleRoute, v *T, publish bool) error {
	value := shm.ValueBytes(v)
	r.lock()
	buf, err := r.lane.Claim(len(value))
	if err == nil {
		s.typ.PutFixed(buf, value)
		r.lane.Commit(r.meta)
		if publish {
			err = r.lane.Publish()
		}
	}
	r.unlock()
	return err
}

func (s *Sender[T]) judge(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("worker: send type %s to %v: %w", s.typ.Name(), s.to, err)
	if errors.Is(err, ErrTerminated) {
		s.w.reportInvalid(s.to, s.typ, err, sendMode{})
	}
	return err
}

// SendBatch sends several values and makes them visible together, as far as the
// lanes have room: fewer stores that another core must fetch than one by one.
// It is for handles to one worker; for others, and for other types than fixed
// ones, it sends one by one.
func (s *Sender[T]) SendBatch(ctx context.Context, values []T) error {
	for i := 0; i < len(values); {
		n := 0
		if s.short && len(s.routes) == 1 && s.current() {
			var err error
			if n, err = s.putBatch(s.routes[0], values[i:]); err != nil {
				return s.judge(err)
			}
		}
		if i += n; n == 0 {
			if err := s.Send(ctx, values[i]); err != nil {
				return err
			}
			i++
		}
	}
	return nil
}

// putBatch publishes as many values as have room.
func (s *Sender[T]) putBatch(r *handleRoute, values []T) (n int, err error) {
	r.lock()
	defer r.unlock()
	for n < len(values) && err == nil {
		value := shm.ValueBytes(&values[n])
		var buf []byte
		if buf, err = r.lane.Claim(len(value)); err == nil {
			s.typ.PutFixed(buf, value)
			r.lane.Commit(r.meta)
			n++
		}
	}
	if errors.Is(err, ErrFull) {
		err = nil
	}
	if n > 0 {
		if bad := r.lane.Publish(); bad != nil {
			return n, bad
		}
	}
	return n, err
}

// sendSlow encodes into a buffer and copies it to every route, waiting for room.
func (s *Sender[T]) sendSlow(ctx context.Context, v T, try bool) error {
	if s.closed {
		return fmt.Errorf("worker: handle for type %s: %w", s.typ.Name(), ErrClosed)
	}
	if raw, ok := any(v).([]byte); ok && s.raw {
		return s.sendBytes(ctx, s.header, raw, try)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var header codec.Header
	var err error
	if s.fixed {
		header, err = appendFixed(s.w, s.typ, buf, v)
	} else {
		header, err = appendValue(s.w, s.typ, buf, v)
	}
	if err != nil {
		return fmt.Errorf("worker: send type %s to %v: %w", s.typ.Name(), s.to, err)
	}
	return s.sendBytes(ctx, header, *buf, try)
}

func (s *Sender[T]) sendBytes(ctx context.Context, header codec.Header, payload []byte, try bool) error {
	s.header = header
	if len(payload) > s.w.config.MaxMessage {
		return fmt.Errorf("%w: type %s has %d bytes, the limit of this run is %d", ErrTooLarge, s.typ.Name(), len(payload), s.w.config.MaxMessage)
	}
	routes, err := s.choose()
	if err != nil {
		return err
	}
	if len(payload) > s.w.port.Geometry().InlineLimit() {
		c := claim{list: routes}
		if err := c.borrow(ctx, s.w, len(payload), try); err != nil {
			return s.judge(err)
		}
		copy(c.buf, payload)
		return s.commit(ctx, c, len(payload), try)
	}
	var problem error
	for _, r := range routes {
		r.mark(header)
		err := r.wait(ctx, s.w, try, func() error { return r.lane.Send(r.meta, payload) })
		if err != nil && !(r.copy && errors.Is(err, ErrTerminated)) {
			problem = errors.Join(problem, s.judge(err))
		}
	}
	return problem
}

// choose returns the routes of the next message.
func (s *Sender[T]) choose() ([]*handleRoute, error) {
	if s.closed {
		return nil, fmt.Errorf("worker: handle for type %s: %w", s.typ.Name(), ErrClosed)
	}
	if s.stable && s.current() {
		if len(s.routes) == 0 {
			return nil, fmt.Errorf("%w: type %s", ErrNoListener, s.typ.Name())
		}
		return s.routes, nil
	}
	if s.stable {
		err := s.follow()
		return s.routes, err
	}
	return s.chooseMember()
}

// chooseMember opens routes to all members of the work queue's name and returns
// the one with the most room, with the listeners.
func (s *Sender[T]) chooseMember() ([]*handleRoute, error) {
	name := string(s.to.(oneOf))
	ids := s.w.Lookup(name)
	first := int(s.w.turn.Add(1))
	var best *handleRoute
	var least int64
	for i := range ids {
		r, err := s.open(destination{slot: ids[(first+i)%len(ids)].Slot()})
		if err != nil || r.lane.Ended() {
			continue
		}
		if !slices.Contains(s.routes, r) {
			s.routes = append(s.routes, r)
		}
		if pending := int64(r.lane.Pending()) + r.lane.Pinned(); best == nil || pending < least {
			best, least = r, pending
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: type %s was sent to one of the name %q, which no worker has", ErrNoTarget, s.typ.Name(), name)
	}
	routes := []*handleRoute{best}
	for _, slot := range s.w.audience(s.typ) {
		if slot == best.slot {
			continue
		}
		r, err := s.open(destination{slot, true})
		if err != nil {
			continue
		}
		if !slices.Contains(s.routes, r) {
			s.routes = append(s.routes, r)
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// Close gives the handle's lanes back. Messages sent before stay sent.
func (s *Sender[T]) Close() {
	if s.closed {
		return
	}
	s.closed = true
	for _, r := range s.routes {
		r.close(s.w)
	}
	s.routes = nil
}
