package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// Bits of a record's flags beside codec's.
const (
	flagCopy  = 1 << 2 // for a listener; not addressed to it
	flagCall  = 1 << 3 // wants a reply; a correlation precedes the payload
	flagReply = 1 << 4 // is one; a correlation precedes the payload
	flagError = 1 << 5 // with flagReply: the payload is an error's text

	codecFlags = codec.FlagZstd | codec.FlagSelfContained
)

// receiver is the part of a worker that receives.
type receiver struct {
	role    chan struct{}  // held by the goroutine that receives
	owner   atomic.Uintptr // that goroutine
	serving atomic.Bool    // it does so for all messages, or is about to: a Call gives way

	ranged   bool  // Messages was used: what it did not take is nobody's mistake
	shutting bool  // Shut is draining
	leftover int64 // messages that nobody took then

	settled *catalog // as of which calls to workers that had ended were settled

	mu       sync.Mutex
	handlers []*handler
	version  atomic.Uint32 // grows with every registration; routes of another version are stale

	in     incoming // the message in hand
	handle func(*ring.Record) error
	ctx    context.Context // of the pass under way
	catch  func(any) bool  // of Messages: takes what no handler wants
}

func (r *receiver) init() { r.role = make(chan struct{}, 1) }

// incoming is a message in hand.
type incoming struct {
	record  *ring.Record
	remote  *remote
	route   *route
	payload []byte
	caller  correlation // of a call
	replied bool
}

// header returns what the decoder needs to know of the payload.
func (in *incoming) header() codec.Header {
	return codec.Header{Type: in.record.Type, Flags: in.record.Flags & codecFlags, Need: in.record.Need}
}

// remote is one incarnation of a sender as the receiver knows it.
type remote struct {
	id      ID
	name    string
	slot    int
	decoder *codec.Decoder
	fed     uint32
	routes  []*route // by type index
}

// route says what happens to messages of one type from one sender.
type route struct {
	version   uint32
	entry     *codec.Entry
	plain     *codec.Type // the payload is the bytes of this type's values; nil: it must be decoded
	addressed *handler    // nil: unhandled
	copies    []*handler  // listeners
}

// enter makes the calling goroutine the one that receives. It reports ErrBusy
// when another one is, or when a handler tries to receive: the messages behind
// the one in hand would overtake it. A Call that receives for itself alone is
// not in the way.
func (w *Worker) enter() error {
	if !w.serving.CompareAndSwap(false, true) {
		if w.receives() {
			return fmt.Errorf("%w: this one does, in the handler that is running", ErrBusy)
		}
		return ErrBusy
	}
	select {
	case w.role <- struct{}{}:
	default:
		w.port.Interrupt()
		w.role <- struct{}{}
	}
	w.owner.Store(ring.Goroutine())
	return nil
}

func (w *Worker) leave() {
	w.serving.Store(false)
	w.leaveRole()
}

func (w *Worker) leaveRole() {
	w.owner.Store(0)
	<-w.role
}

// receives reports whether the calling goroutine is the one that receives.
func (w *Worker) receives() bool {
	owner := w.owner.Load()
	return owner != 0 && owner == ring.Goroutine()
}

// pass takes what has arrived. Messages without a handler go to catch, if there
// is one.
func (w *Worker) pass(ctx context.Context, catch func(any) bool) (int, error) {
	if w.handle == nil {
		w.handle = w.take // one closure for all passes
	}
	w.ctx, w.catch = ctx, catch
	n, err := w.port.Receive(ring.All, w.handle)
	return n, w.quarantined(err)
}

// quarantined makes a quarantined lane known; it ends nothing else.
func (w *Worker) quarantined(err error) error {
	if err != nil && errors.Is(err, ring.ErrCorrupt) && w.config.Corrupt != nil {
		w.config.Corrupt(err)
		return nil
	}
	return err
}

// take handles one record.
func (w *Worker) take(rec *ring.Record) error {
	from, _ := rec.From().Tag().(*remote)
	if from == nil {
		from = w.meet(rec.From())
	}
	if rec.Need > from.fed {
		if err := from.feed(rec); err != nil {
			return err
		}
	}
	if rec.Flags&(flagCall|flagReply) != 0 {
		return w.takeCorrelated(rec, from)
	}
	r, err := w.route(from, rec.Type)
	if err != nil {
		return nonsense(rec, err)
	}
	in := &w.in
	in.record, in.remote, in.route, in.payload = rec, from, r, rec.Payload
	if rec.Flags&flagCopy == 0 && r.addressed != nil {
		err = r.addressed.run(w.ctx, in)
	} else {
		err = w.dispatch(rec.Flags)
	}
	in.record = nil
	return err
}

// takeCorrelated is take for calls and replies, whose payload begins with a
// correlation.
func (w *Worker) takeCorrelated(rec *ring.Record, from *remote) error {
	caller, payload, err := splitCorrelation(rec.Payload)
	if err != nil {
		return nonsense(rec, err)
	}
	if rec.Flags&flagReply != 0 {
		header := codec.Header{Type: rec.Type, Flags: rec.Flags & codecFlags, Need: rec.Need}
		return w.takeReply(caller, from, header, rec.Flags, payload)
	}
	r, err := w.route(from, rec.Type)
	if err != nil {
		return nonsense(rec, err)
	}
	w.in = incoming{record: rec, remote: from, route: r, payload: payload, caller: caller}
	if err = w.dispatch(rec.Flags); err == nil && !w.in.replied {
		err = w.refuseCall()
	}
	w.in.record = nil
	return err
}

// dispatch runs the handlers of the message in hand.
func (w *Worker) dispatch(flags uint8) error {
	in := &w.in
	if flags&flagCopy == 0 {
		if h := in.route.addressed; h != nil {
			return h.run(w.ctx, in)
		}
		if len(in.route.copies) == 0 {
			return w.unhandled()
		}
	}
	for _, h := range in.route.copies {
		if err := h.run(w.ctx, in); err != nil {
			return err
		}
	}
	return nil
}

// meet makes the notes on a sender whose first record has arrived.
func (w *Worker) meet(r *ring.Receiver) *remote {
	m := &remote{slot: r.Slot()}
	row, err := w.directory.Row(r.Slot())
	if err == nil {
		m.id, m.name = ID(row.ID), row.Name
		if m.name == "" {
			m.name = row.Kind
		}
	}
	m.decoder = codec.NewDecoder(codec.DecoderOptions{MaxMessage: w.config.MaxMessage, SameBinary: w.sameBinary(r.Slot())})
	r.SetTag(m)
	return m
}

// feed reads the sender's dictionary as far as a record needs it.
func (m *remote) feed(rec *ring.Record) error {
	bytes, err := rec.From().Dictionary(int(rec.Need))
	if err == nil {
		err = m.decoder.Feed(bytes)
	}
	if err != nil {
		return nonsense(rec, fmt.Errorf("worker: dictionary of %s: %w", m, err))
	}
	m.fed = rec.Need
	return nil
}

// nonsense quarantines the lane of a record if err says that its bytes make no
// sense; other errors it returns as they are.
func nonsense(rec *ring.Record, err error) error {
	for _, n := range []error{codec.ErrCorrupt, codec.ErrUnknownType, ring.ErrCorrupt} {
		if errors.Is(err, n) {
			return rec.From().Quarantine(err)
		}
	}
	return err
}

// String names the sender in errors.
func (m *remote) String() string { return fmt.Sprintf("worker %q (id %v)", m.name, m.id) }

// route returns what happens to a type from a sender, and works it out when a
// handler was registered since.
func (w *Worker) route(m *remote, index uint16) (*route, error) {
	version := w.version.Load()
	if int(index) < len(m.routes) {
		if r := m.routes[index]; r != nil && r.version == version {
			return r, nil
		}
	}
	entry, err := m.decoder.Entry(index)
	if err != nil {
		return nil, fmt.Errorf("worker: message from %s: %w", m, err)
	}
	r := w.match(entry)
	r.version = version
	for int(index) >= len(m.routes) {
		m.routes = append(m.routes, nil)
	}
	m.routes[index] = r
	return r, nil
}

// match finds the handlers for a type: for an addressed message the handler of
// exactly this type, else one of an interface; all fitting listeners for a
// copy.
func (w *Worker) match(entry *codec.Entry) *route {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &route{entry: entry}
	if t := entry.Type; t != nil && t.Codec() == entry.Codec && t.Layout() == entry.Layout {
		r.plain = t
	}
	for _, h := range w.handlers {
		switch {
		case h.listens && h.pattern.MatchesEntry(entry):
			r.copies = append(r.copies, h)
		case !h.listens && h.typ != nil && h.typ.Name() == entry.Name:
			r.addressed = h
		case !h.listens && h.typ == nil && r.addressed == nil && h.pattern.MatchesEntry(entry):
			r.addressed = h
		}
	}
	return r
}

// unhandled is the end of an addressed message that nobody wants.
func (w *Worker) unhandled() error {
	in := &w.in
	if w.catch != nil {
		v, err := in.value()
		if err != nil {
			return err
		}
		if !w.catch(v) {
			return errBreak
		}
		return nil
	}
	if w.shutting && w.ranged {
		w.leftover++
		return nil
	}
	if w.config.Unhandled != nil {
		text, err := in.remote.decoder.Format(in.header(), in.payload)
		if err != nil {
			text = err.Error()
		}
		w.config.Unhandled(w.Current(), text)
		return nil
	}
	register := "On"
	if in.record.Flags&flagCall != 0 {
		register = "Answer" // somebody waits for a reply
	}
	return fmt.Errorf("%s %w: type %s from %s; register a handler with worker.%s[%s]",
		unhandledText, ErrUnhandled, in.route.entry.Name, in.remote, register, goName(in.route.entry.Name))
}

// unhandledText is part of the behaviour: the words of the library whose
// messaging model this is.
const unhandledText = "Someone has sent you a message.  You must override this method to handle it."

// value decodes the message in hand as whatever type it is.
func (in *incoming) value() (any, error) {
	v, err := in.remote.decoder.DecodeAny(in.header(), in.payload)
	if err != nil {
		return nil, in.wrap(err)
	}
	return v, nil
}

// Envelope is what is known of a message besides its value.
type Envelope struct {
	From        ID
	FromName    string // the sender's name, or its kind where it has none
	Type        string // wire name
	Size        int    // bytes of the payload as it travelled
	Copy        bool   // a copy for a listener, not addressed to this worker
	Call        bool   // the sender waits for a reply
	Redelivered bool   // an earlier incarnation of this worker had it in hand when it died; false while workers are not restarted
}

// Current returns the envelope of the message whose handler is running. It is
// to be called by that handler, on its goroutine; elsewhere it returns the zero
// envelope.
func (w *Worker) Current() Envelope {
	in := &w.in
	if in.record == nil {
		return Envelope{}
	}
	return Envelope{
		From: in.remote.id, FromName: in.remote.name, Type: in.route.entry.Name, Size: len(in.payload),
		Copy: in.record.Flags&flagCopy != 0, Call: in.record.Flags&flagCall != 0, Redelivered: in.record.Deaths > 0,
	}
}

// Text returns the message in hand as text, made from the sender's description
// of its type: it works for types this program does not know. Like
// [Worker.Current] it belongs to the running handler.
func (w *Worker) Text() string {
	in := &w.in
	if in.record == nil {
		return ""
	}
	text, err := in.remote.decoder.Format(in.header(), in.payload)
	if err != nil {
		return err.Error()
	}
	return text
}

// Retain keeps the payload of the message in hand beyond its handler, without a
// copy where it lies in the sender's slab, and returns it with a function that
// gives it back. It is for types that travel as raw bytes, and belongs to the
// running handler; release may be called from anywhere, once.
func (w *Worker) Retain() (payload []byte, release func()) {
	in := &w.in
	if in.record == nil {
		return nil, func() {}
	}
	all, release := w.port.Retain(in.record)
	return all[len(all)-len(in.payload):], release
}
