package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// correlation ties a reply to its call. It precedes the payload of both:
//
//	0               4               8                               16
//	+---------------+---------------+-------------------------------+
//	| incarnation   | 0             | number of the call            |
//	+---------------+---------------+-------------------------------+
//
// incarnation is the caller's: a reply to a predecessor of this process is
// dropped.
type correlation struct {
	incarnation uint32
	number      uint64
}

const correlationSize = 16

func prefixSize(flags uint8) int {
	if flags&(flagCall|flagReply) != 0 {
		return correlationSize
	}
	return 0
}

func (c correlation) put(buf []byte) {
	binary.LittleEndian.PutUint64(buf, uint64(c.incarnation))
	binary.LittleEndian.PutUint64(buf[8:], c.number)
}

func splitCorrelation(payload []byte) (correlation, []byte, error) {
	if len(payload) < correlationSize {
		return correlation{}, nil, fmt.Errorf("%w: call or reply of %d bytes", ring.ErrCorrupt, len(payload))
	}
	c := correlation{binary.LittleEndian.Uint32(payload), binary.LittleEndian.Uint64(payload[8:])}
	return c, payload[correlationSize:], nil
}

// calls is the part of a worker that waits for replies.
type calls struct {
	numbers atomic.Uint64
	late    atomic.Uint64 // replies that nobody waits for any more
	waiting atomic.Int32  // calls begun and not ended

	callsMu sync.Mutex
	open    map[uint64]*openCall
}

func (c *calls) init() { c.open = map[uint64]*openCall{} }

// openCall is a call that waits for its reply.
type openCall struct {
	to     ID
	decode func(*codec.Decoder, codec.Header, []byte) error
	err    error
	done   chan struct{} // closed when err is set
}

// LateReplies returns how many replies came for calls that had been given up.
func (w *Worker) LateReplies() uint64 { return w.late.Load() }

// Call sends a request and waits for the reply, which the called worker's
// handler gives with Answer or Reply. The target must mean one worker: an [ID],
// a set or a name with one member, or [OneOf].
//
// Call may be used anywhere, inside a handler too: then only replies are
// received meanwhile, and other messages wait their turn. It ends with ctx, and
// with [ErrTerminated] when the called worker ends without having replied. An
// error of the handler is [ErrRemote]; a handler that does not reply at all
// gives [ErrNoReply].
func Call[R, Q any](ctx context.Context, w *Worker, to Target, request Q) (R, error) {
	// A call that fails returns none: whoever receives may be writing a late
	// reply into the other.
	var reply, none R
	if err := w.supervised("Call"); err != nil {
		return none, err
	}
	id, err := w.one(to)
	if err != nil {
		return none, fmt.Errorf("worker: call to %s: %w", describe(to), err)
	}
	call := &openCall{to: id, done: make(chan struct{})}
	call.decode = func(d *codec.Decoder, h codec.Header, payload []byte) error {
		return decodeReply(d, h, payload, &reply)
	}
	number := w.begin(call)
	defer w.end(number)

	mode := sendMode{flags: flagCall, prefix: correlation{w.config.Incarnation, number}, system: id == SupervisorID}
	if _, err := sendValue(ctx, w, id, request, mode); err != nil {
		return none, err
	}
	if err := w.awaitReply(ctx, call); err != nil {
		return none, fmt.Errorf("worker: call to %s: %w", describe(to), err)
	}
	return reply, nil
}

// decodeReply decodes a reply of the type that the caller asked for.
func decodeReply[R any](d *codec.Decoder, h codec.Header, payload []byte, reply *R) error {
	t, err := codec.TypeFor[R]()
	if err != nil {
		return err
	}
	entry, err := d.Entry(h.Type)
	if err != nil {
		return err
	}
	if entry.Name != t.Name() {
		return fmt.Errorf("%w: the reply is of type %s, and Call asked for %s; use Call[%s]",
			ErrLayout, entry.Name, t.Name(), goName(entry.Name))
	}
	if raw, ok := any(reply).(*[]byte); ok {
		plain, err := d.Plain(h, payload)
		*raw = append([]byte(nil), plain...) // the lane's memory ends with the reply
		return err
	}
	return d.Decode(h, payload, reply)
}

// one returns the one worker that a target means.
func (w *Worker) one(to Target) (ID, error) {
	switch to := to.(type) {
	case ID:
		return to, nil
	case oneOf:
		return w.roomiest(string(to), callType)
	case Name:
		return w.one(w.Lookup(string(to)))
	case IDs:
		if len(to) > 1 {
			return 0, fmt.Errorf("%w: it means %d workers, a call goes to one; use OneOf or an id", ErrNoTarget, len(to))
		}
		return to.One()
	}
	return 0, fmt.Errorf("%w: a call goes to one worker, not to %s", ErrNoTarget, describe(to))
}

func (c *calls) begin(call *openCall) uint64 {
	number := c.numbers.Add(1)
	c.waiting.Add(1)
	c.callsMu.Lock()
	defer c.callsMu.Unlock()
	c.open[number] = call
	return number
}

func (c *calls) end(number uint64) {
	c.waiting.Add(-1)
	c.callsMu.Lock()
	defer c.callsMu.Unlock()
	delete(c.open, number)
}

// errGiveWay ends a call's receiving for a goroutine that wants to serve.
var errGiveWay = errors.New("worker: another goroutine wants to receive")

// awaitReply waits until the call is done. The goroutine that receives takes
// the replies itself; any other waits for that one, and becomes it when there
// is none.
func (w *Worker) awaitReply(ctx context.Context, call *openCall) error {
	if w.receives() {
		return w.receiveReply(ctx, call, false)
	}
	for {
		select {
		case <-call.done:
			return call.err
		case w.role <- struct{}{}:
			w.owner.Store(ring.Goroutine())
			err := w.receiveReply(ctx, call, true)
			w.leaveRole()
			if err != errGiveWay {
				return err
			}
			runtime.Gosched() // the other one may not stand in line yet
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// receiveReply takes replies until the call is done, or until somebody wants to
// serve, if it shall give way.
func (w *Worker) receiveReply(ctx context.Context, call *openCall, giveWay bool) error {
	defer context.AfterFunc(ctx, w.port.Interrupt)()
	take := w.takeOnlyReply
	for {
		if giveWay && w.serving.Load() {
			return errGiveWay
		}
		known := w.awaited() // before the pass, see settle
		n, err := w.port.Receive(ring.Replies, take)
		if err = w.quarantined(err); err != nil {
			return err
		}
		if n == 0 {
			w.settle(known)
		}
		select {
		case <-call.done:
			return call.err
		default:
		}
		switch {
		case n > 0:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			w.port.Wait(ring.Replies)
		}
	}
}

// takeOnlyReply takes a record of a reply lane. Anything else in one is nonsense:
// it would run a handler inside the one that is waiting.
func (w *Worker) takeOnlyReply(rec *ring.Record) error {
	if rec.Flags&flagReply == 0 {
		return rec.From().Quarantine(errors.New("a message that is no reply"))
	}
	return w.take(rec)
}

// awaited returns the catalog as of now while somebody waits for a reply, and
// otherwise nil: it need not be worked out at every change of the directory.
func (w *Worker) awaited() *catalog {
	if w.waiting.Load() == 0 {
		return nil
	}
	return w.now()
}

// settle ends the calls to workers that will not reply: they had ended for good
// when known was looked up, and a pass over the lanes that began after that
// found nothing. The goroutine that receives calls it.
func (w *Worker) settle(known *catalog) {
	if known == nil || known == w.settled {
		return
	}
	w.settled = known
	w.callsMu.Lock()
	defer w.callsMu.Unlock()
	for number, call := range w.open {
		if known.gone(call.to) {
			delete(w.open, number)
			call.err = fmt.Errorf("%w: id %v ended without a reply", ErrTerminated, call.to)
			close(call.done)
		}
	}
}

// gone reports whether a worker has ended for good.
func (c *catalog) gone(id ID) bool {
	row := c.rows[id.Slot()]
	return row.ID > uint64(id) || row.ID == uint64(id) && row.State == ring.RowEnded
}

// takeReply hands a reply to the call that waits for it.
func (w *Worker) takeReply(c correlation, from *remote, h codec.Header, flags uint8, payload []byte) error {
	var call *openCall
	if c.incarnation == w.config.Incarnation {
		w.callsMu.Lock()
		call = w.open[c.number]
		delete(w.open, c.number)
		w.callsMu.Unlock()
	}
	if call == nil {
		w.late.Add(1)
		return nil
	}
	if flags&flagError != 0 {
		call.err = decodeError(payload)
	} else {
		call.err = call.decode(from.decoder, h, payload)
	}
	close(call.done)
	return nil
}

// Answer registers the handler for requests of type Q, which returns the reply.
// An error is the caller's ([ErrRemote]) and not this worker's failure, except
// [Stop], which replies with the value and then ends the worker in order. A
// message of type Q that nobody waits for a reply to is handled the same way.
// It panics like [On].
func Answer[Q, R any](w *Worker, fn func(ctx context.Context, request Q) (R, error)) {
	On(w, func(ctx context.Context, request Q) error {
		reply, err := fn(ctx, request)
		stop := err == Stop
		if w.in.record.Flags&flagCall != 0 {
			to := w.Caller()
			if err != nil && !stop {
				return ReplyError(ctx, w, to, err)
			}
			if sent := Reply(ctx, w, to, reply); sent != nil {
				return sent
			}
		}
		if stop {
			return Stop
		}
		return nil
	})
}

// Caller is who waits for a reply to a message, and for which call.
type Caller struct {
	id   ID
	call correlation
}

// ID returns the waiting worker.
func (c Caller) ID() ID { return c.id }

// Caller returns who waits for a reply to the message in hand. Whoever takes it
// promises a reply, with Reply or ReplyError, now or later, from any goroutine.
// Outside of a handler it returns the zero Caller, whom no reply reaches.
func (w *Worker) Caller() Caller {
	if w.in.record == nil {
		return Caller{}
	}
	w.in.replied = true
	return Caller{id: w.in.remote.id, call: w.in.caller}
}

// Reply answers a call. It waits for room in the reply lane, until ctx ends. A
// caller that has ended, or given up, is not an error.
func Reply[R any](ctx context.Context, w *Worker, to Caller, value R) error {
	_, err := sendValue(ctx, w, to.id, value, sendMode{flags: flagReply, prefix: to.call, system: true})
	return ignoreEnded(err)
}

// ReplyError answers a call with an error: the caller gets [ErrRemote] with its
// text, and the errors of this package that it wraps.
func ReplyError(ctx context.Context, w *Worker, to Caller, err error) error {
	if err := w.supervised("ReplyError"); err != nil {
		return err
	}
	header, problem := w.encoder.Announce(callType)
	if problem != nil {
		return problem
	}
	mode := sendMode{flags: flagReply | flagError, prefix: to.call, system: true}
	_, problem = w.sendBytes(ctx, to.id, callType, header, encodeError(err), mode)
	return ignoreEnded(problem)
}

// refuseCall answers a call whose handler did not.
func (w *Worker) refuseCall() error {
	name := w.in.route.entry.Name
	return ReplyError(w.ctx, w, w.Caller(), fmt.Errorf("%w: the handler for %s returned without one; register it with worker.Answer", ErrNoReply, name))
}
