package bench

import (
	"context"
	"encoding/binary"

	"github.com/ringmaster-ipc/ringmaster/shm"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// source sends numbered messages, the way the options say.
type source interface {
	// send sends messages count to count+n-1.
	send(ctx context.Context, count uint64, n int) error

	// end sends the message that says that it was the last.
	end(ctx context.Context) error

	// flush waits until the receivers may be sent something else.
	flush(ctx context.Context) error
}

// queueName is what the receivers of a work queue are called, all of them.
const queueName = "bench-queue"

// target returns where a process sends to.
func (e *end) target() worker.Target {
	switch e.plan.Options.Target {
	case targetBroadcast:
		return worker.Broadcast
	case targetListeners:
		return worker.Listeners
	}
	if e.plan.Turn {
		return worker.OneOf(queueName)
	}
	return e.everyone()
}

// everyone returns all a process sends to.
func (e *end) everyone() worker.IDs {
	var ids worker.IDs
	for _, out := range e.part.Outs {
		ids = append(ids, e.ids[out])
	}
	return ids
}

// typedRoutes are the handles of a typed source.
type typedRoutes[T any] struct {
	w      *worker.Worker
	index  int
	sender *worker.Sender[T]
	last   *worker.Sender[T] // to everybody, for the end
	queue  worker.IDs        // members of the work queue; nil: it is none
	sent   int64             // in all runs
}

func newTypedRoutes[T any](e *end) (r typedRoutes[T], err error) {
	r = typedRoutes[T]{w: e.w, index: e.plan.Index}
	if r.sender, err = worker.SenderTo[T](e.w, e.target()); err != nil {
		return r, err
	}
	r.last = r.sender
	if e.plan.Turn {
		r.queue = e.everyone()
		r.last, err = worker.SenderTo[T](e.w, r.queue)
	}
	return r, err
}

// handled waits until the members of a work queue have handled all that was
// sent: the end goes to each of them through another handle, and messages
// through two handles have no order.
func (r *typedRoutes[T]) handled(ctx context.Context) error {
	for r.queue != nil {
		total := int64(0)
		for _, id := range r.queue {
			got, err := worker.Call[count](ctx, r.w, id, askCount{})
			if err != nil {
				return err
			}
			total += got.Received
		}
		if total >= r.sent {
			return nil
		}
	}
	return nil
}

// flush implements source: typed messages may come at any time.
func (r *typedRoutes[T]) flush(context.Context) error { return nil }

// typedSource sends values of one type through typed handles. T is fixed, unless
// make is set.
type typedSource[T any] struct {
	typedRoutes[T]
	batch []T
	make  func(number uint64) T // nil: T is fixed, its bytes are stamped
}

func newTypedSource[T any](e *end, make func(number uint64) T) (source, error) {
	routes, err := newTypedRoutes[T](e)
	if err != nil {
		return nil, err
	}
	s := &typedSource[T]{typedRoutes: routes, make: make}
	if e.plan.Options.Batch > 1 {
		s.batch = append(s.batch, *new(T))
		for len(s.batch) < e.plan.Options.Batch {
			s.batch = append(s.batch, s.batch[0])
		}
	}
	return s, nil
}

// send implements source.
func (s *typedSource[T]) send(ctx context.Context, count uint64, n int) error {
	s.sent += int64(n)
	if s.make != nil {
		for i := range n {
			if err := s.sender.Send(ctx, s.make(number(s.index, count+uint64(i)))); err != nil {
				return err
			}
		}
		return nil
	}
	if s.batch != nil && n > 1 {
		return s.sendBatches(ctx, count, n)
	}
	var v T
	bytes := shm.ValueBytes(&v)
	for i := range n {
		stampFixed(bytes, number(s.index, count+uint64(i)))
		if err := s.sender.Send(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *typedSource[T]) sendBatches(ctx context.Context, count uint64, n int) error {
	for done := 0; done < n; done += len(s.batch) {
		values := s.batch[:min(len(s.batch), n-done)]
		for i := range values {
			stampFixed(shm.ValueBytes(&values[i]), number(s.index, count+uint64(done+i)))
		}
		if err := s.sender.SendBatch(ctx, values); err != nil {
			return err
		}
	}
	return nil
}

// stampFixed is stamp for values that are read with readFixed: a few words,
// inlined.
func stampFixed(bytes []byte, number uint64) {
	binary.LittleEndian.PutUint64(bytes, number)
	binary.LittleEndian.PutUint64(bytes[len(bytes)-MinSize:], number)
}

// readFixed returns a value's number and whether it is as stampFixed left it.
func readFixed(bytes []byte) (number uint64, intact bool) {
	number = binary.LittleEndian.Uint64(bytes)
	return number, binary.LittleEndian.Uint64(bytes[len(bytes)-MinSize:]) == number
}

// end implements source.
func (s *typedSource[T]) end(ctx context.Context) error {
	if err := s.handled(ctx); err != nil {
		return err
	}
	last := number(s.index, endCount)
	if s.make != nil {
		return s.last.Send(ctx, s.make(last))
	}
	var v T
	stampFixed(shm.ValueBytes(&v), last)
	return s.last.Send(ctx, v)
}
