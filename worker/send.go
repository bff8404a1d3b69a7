package worker

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// out is what this process has open to one other: the lanes that all its
// goroutines share, under a lock, and which of the rest are taken by handles.
type out struct {
	mu      sync.Mutex
	lanes   [ring.LaneFirst]*ring.Sender
	handles uint16 // bit per lane
}

// buffers hold encoded messages between encoding and the lanes.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Send sends v to a target and to everybody else who listens to its type. It
// waits while a lane is full, until ctx ends. It returns the number of workers
// that the message was delivered to, copies for listeners not counted (unless
// the target is [Listeners]); delivered means in the receiver's hands or in
// memory that it reads even if this process dies now.
//
// Send may be called from any goroutine, and each goroutine's messages to one
// worker arrive in the order they were sent. If T is an interface, the dynamic
// type of v is what is sent. For types that travel as fixed or raw bytes
// nothing is allocated.
//
// The errors are [ErrNoTarget], [ErrNoListener], [ErrTerminated],
// [ErrTooLarge], [ErrDeadlock], what the type's codec says, and the cause of
// ctx. Where several workers were meant, the others may have got the message.
func Send[T any](ctx context.Context, w *Worker, to Target, v T) (n int, err error) {
	return sendValue(ctx, w, to, v, sendMode{})
}

// TrySend is Send that does not wait: where a lane is full it reports
// [ErrFull], and that worker has not got the message.
func TrySend[T any](w *Worker, to Target, v T) (n int, err error) {
	return sendValue(context.Background(), w, to, v, sendMode{try: true})
}

// sendMode says how to send.
type sendMode struct {
	try    bool // do not wait
	system bool // between worker and supervisor: nobody listens in
	flags  uint8
	prefix correlation
}

func sendValue[T any](ctx context.Context, w *Worker, to Target, v T, mode sendMode) (int, error) {
	if err := w.supervised("Send"); err != nil {
		return 0, err
	}
	if !mode.system {
		w.Ready()
	}
	t, err := typeOf(v)
	if err != nil {
		return 0, fmt.Errorf("worker: send to %s: %w", describe(to), err)
	}
	if raw, ok := any(v).([]byte); ok && t.Codec() == "raw" && !t.Compressed() {
		header, err := w.encoder.Announce(t)
		if err != nil {
			return 0, fmt.Errorf("worker: send type %s: %w", t.Name(), err)
		}
		return w.sendBytes(ctx, to, t, header, raw, mode)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var header codec.Header
	if t.Size() >= 0 && !t.Compressed() && t.Go() == reflect.TypeFor[T]() { // else v is an interface that holds the value
		header, err = appendFixed(w, t, buf, v)
	} else {
		header, err = appendValue(w, t, buf, v)
	}
	if err != nil {
		return 0, fmt.Errorf("worker: send type %s to %s: %w", t.Name(), describe(to), err)
	}
	return w.sendBytes(ctx, to, t, header, *buf, mode)
}

// typeOf returns the type of a message: T, or for an interface what v holds.
func typeOf[T any](v T) (*codec.Type, error) {
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		return codec.TypeOf(v)
	}
	return codec.TypeFor[T]()
}

// appendFixed is apart from appendValue so that v need not escape.
func appendFixed[T any](w *Worker, t *codec.Type, buf *[]byte, v T) (codec.Header, error) {
	header, err := w.encoder.Announce(t)
	if err != nil {
		return header, err
	}
	*buf = sized(*buf, t.Size())
	t.PutFixed(*buf, shm.ValueBytes(&v))
	return header, nil
}

func sized(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

func appendValue[T any](w *Worker, t *codec.Type, buf *[]byte, v T) (header codec.Header, err error) {
	pointer := any(&v)
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		box := reflect.New(t.Go())
		box.Elem().Set(reflect.ValueOf(v))
		pointer = box.Interface()
	}
	*buf, header, err = w.encoder.Append((*buf)[:0], t, pointer)
	return header, err
}

// sendBytes sends an encoded message to everybody it is for.
func (w *Worker) sendBytes(ctx context.Context, to Target, t *codec.Type, header codec.Header, payload []byte, mode sendMode) (int, error) {
	if len(payload) > w.config.MaxMessage {
		return 0, fmt.Errorf("%w: type %s has %d bytes, the limit of this run is %d", ErrTooLarge, t.Name(), len(payload), w.config.MaxMessage)
	}
	var room [8]destination // enough for most, and on the stack
	list, err := w.resolve(room[:0], to, t, !mode.system)
	if err != nil {
		w.reportInvalid(to, t, err, mode)
		return 0, err
	}
	m := ring.Meta{Type: header.Type, Flags: header.Flags | mode.flags, Need: header.Need}
	if len(payload)+prefixSize(mode.flags) > w.port.Geometry().InlineLimit() {
		return w.sendLarge(ctx, list, to, t, m, payload, mode)
	}
	n := 0
	var problem error
	for _, d := range list {
		err := w.deliver(ctx, d, m, payload, mode)
		if err == nil && (!d.copy || to == Listeners) {
			n++
		}
		problem = w.judge(problem, err, d, to, t, mode)
	}
	return n, problem
}

// judge adds what happened at one destination to what a send reports. A
// listener that has ended meanwhile is nobody's concern; a target that has is
// also made known to the supervisor, which prints it.
func (w *Worker) judge(problem, err error, d destination, to Target, t *codec.Type, mode sendMode) error {
	if err == nil || d.copy && errors.Is(err, ErrTerminated) {
		return problem
	}
	err = fmt.Errorf("worker: send type %s to %s: %w", t.Name(), describe(to), err)
	if errors.Is(err, ErrTerminated) {
		w.reportInvalid(to, t, err, mode)
	}
	if problem == nil {
		return err
	}
	return errors.Join(problem, err)
}

// deliver puts a message into the lane to one worker, waiting for room unless
// told not to.
func (w *Worker) deliver(ctx context.Context, d destination, m ring.Meta, payload []byte, mode sendMode) error {
	if d.copy {
		m.Flags |= flagCopy
	}
	o, lane, err := w.lane(d.slot, laneFor(mode.flags))
	if err != nil {
		return err
	}
	err = o.put(lane, m, payload, &mode)
	if !errors.Is(err, ErrFull) || mode.try {
		return err
	}
	return w.waitLane(ctx, d.slot, lane, func() error { return o.put(lane, m, payload, &mode) })
}

// waitLane puts as soon as a full lane has room, unless only the calling
// goroutine could make it.
func (w *Worker) waitLane(ctx context.Context, slot int, lane *ring.Sender, put func() error) error {
	if slot == w.config.ID.Slot() && w.receives() {
		return fmt.Errorf("%w: the lane to itself is full, and only this goroutine empties it", ErrDeadlock)
	}
	return w.port.Until(ctx, []*ring.Sender{lane}, put)
}

func laneFor(flags uint8) int {
	if flags&flagReply != 0 {
		return ring.LaneReply
	}
	return ring.LaneSend
}

// lane returns the shared lane of that number to a slot.
func (w *Worker) lane(slot, number int) (*out, *ring.Sender, error) {
	o := &w.outs[slot]
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lanes[number] == nil {
		lane, err := w.port.Open(slot, number)
		if err != nil {
			return nil, nil, err
		}
		o.lanes[number] = lane
	}
	return o, o.lanes[number], nil
}

// load returns the bytes that a worker has not handled of what this process
// sent it.
func (w *Worker) load(slot int) (int64, error) {
	o, lane, err := w.lane(slot, ring.LaneSend)
	if err != nil {
		return 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if lane.Ended() {
		return 0, ErrTerminated
	}
	return int64(lane.Pending()) + lane.Pinned(), nil
}

// put copies a message into a lane and publishes it.
func (o *out) put(lane *ring.Sender, m ring.Meta, payload []byte, mode *sendMode) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	prefix := prefixSize(mode.flags)
	buf, err := lane.Claim(prefix + len(payload))
	if err != nil {
		return err
	}
	if prefix > 0 {
		mode.prefix.put(buf)
	}
	copy(buf[prefix:], payload)
	lane.Commit(m)
	return lane.Publish()
}

// sendLarge puts the payload into the slab, or a segment of its own, once, and
// a record that names it into each lane.
func (w *Worker) sendLarge(ctx context.Context, list []destination, to Target, t *codec.Type, m ring.Meta, payload []byte, mode sendMode) (int, error) {
	prefix := prefixSize(mode.flags)
	var loan ring.Loan
	if err := w.lend(ctx, &loan, prefix+len(payload), list, mode.try); err != nil {
		return 0, fmt.Errorf("worker: send type %s to %s: %w", t.Name(), describe(to), err)
	}
	defer loan.Release()
	if prefix > 0 {
		mode.prefix.put(loan.Bytes())
	}
	copy(loan.Bytes()[prefix:], payload)
	if err := loan.Seal(prefix + len(payload)); err != nil {
		return 0, fmt.Errorf("worker: send type %s to %s: %w", t.Name(), describe(to), err)
	}
	n := 0
	var problem error
	for _, d := range list {
		err := w.deliverLoan(ctx, d, m, &loan, mode)
		if err == nil && (!d.copy || to == Listeners) {
			n++
		}
		problem = w.judge(problem, err, d, to, t, mode)
	}
	return n, problem
}

// lend waits for memory for a large payload. The loan is the caller's, who may
// have it on the stack.
func (w *Worker) lend(ctx context.Context, loan *ring.Loan, size int, list []destination, try bool) error {
	var room [8]int
	slots := room[:0]
	for _, d := range list {
		slots = append(slots, d.slot)
	}
	take := func() error {
		lent, err := w.port.Lend(size, slots...)
		if err == nil {
			*loan = *lent
		}
		return err
	}
	if try {
		return take()
	}
	return w.port.Until(ctx, nil, take)
}

// deliverLoan is deliver for a payload outside the lane.
func (w *Worker) deliverLoan(ctx context.Context, d destination, m ring.Meta, loan *ring.Loan, mode sendMode) error {
	if d.copy {
		m.Flags |= flagCopy
	}
	o, lane, err := w.lane(d.slot, laneFor(mode.flags))
	if err == nil {
		put := func() error {
			o.mu.Lock()
			defer o.mu.Unlock()
			if err := lane.CommitLoan(loan, m); err != nil {
				return err
			}
			return lane.Publish()
		}
		if err = put(); errors.Is(err, ErrFull) && !mode.try {
			err = w.waitLane(ctx, d.slot, lane, put)
		}
	}
	if err != nil {
		loan.Forget(d.slot)
	}
	return err
}
