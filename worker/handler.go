package worker

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/shm"
)

// handler is one registered function.
type handler struct {
	typ     *codec.Type // nil for an interface
	pattern codec.Pattern
	listens bool
	run     func(ctx context.Context, in *incoming) error
}

// On registers the handler for messages of type T that are addressed to this
// worker. If T is an interface, it takes every type that implements it and has
// no handler of its own; any takes all.
//
// Handlers run one at a time on the goroutine that calls Serve, Poll or ranges
// over Messages. Returning nil goes on; [Stop] ends the worker in order; any
// other error, and a panic, is the worker's failure.
//
// A T of []byte is the sender's memory itself, read-only and valid until the
// handler returns; all other values are copies.
//
// On panics if T cannot be a message or has a handler already: both are
// mistakes in the program.
func On[T any](w *Worker, fn func(ctx context.Context, message T) error) {
	h := newHandler("On", fn)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, other := range w.handlers {
		if !other.listens && other.typ == h.typ && other.pattern.String() == h.pattern.String() {
			panic(fmt.Sprintf("worker: On: type %v has a handler already", h.pattern))
		}
	}
	w.addHandler(h)
}

// Listen registers a function for copies of messages of type T, whoever they
// are sent to. If T is an interface, copies of all types that implement it come
// (any: of everything); if it is a struct, of all types that embed it too.
//
// A worker gets one copy of a message. One that is addressed to it and has a
// handler registered with [On] goes to that handler only. A worker does not
// hear what it sends itself.
//
// Sends that begin after Listen has returned are heard, in every process of the
// run. It panics if T cannot be a message; it reports an error when the table
// of listened types is full.
func Listen[T any](w *Worker, fn func(ctx context.Context, message T) error) error {
	if err := w.supervised("Listen"); err != nil {
		return err
	}
	h := newHandler("Listen", fn)
	h.listens = true
	entry, err := h.pattern.MarshalBinary()
	if err != nil {
		return fmt.Errorf("worker: Listen: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addHandler(h)
	return w.port.AddListen(entry)
}

// addHandler adds a handler; the lock is held.
func (w *Worker) addHandler(h *handler) {
	w.handlers = append(w.handlers, h)
	w.version.Add(1)
}

func newHandler[T any](caller string, fn func(context.Context, T) error) *handler {
	pattern, err := codec.PatternFor[T]()
	if err != nil {
		panic(fmt.Sprintf("worker: %s: %v", caller, err))
	}
	h := &handler{pattern: pattern}
	if reflect.TypeFor[T]().Kind() == reflect.Interface {
		h.run = anyHandler(fn)
		return h
	}
	if h.typ, err = codec.TypeFor[T](); err != nil {
		panic(fmt.Sprintf("worker: %s: %v", caller, err))
	}
	slow := decodingHandler(h.typ, fn)
	switch raw := any(fn).(type) {
	case func(context.Context, []byte) error:
		h.run = rawHandler(h.typ, raw, slow)
	default:
		h.run = slow
		if h.typ.Size() >= 0 {
			h.run = fixedHandler(h.typ, fn, slow)
		}
	}
	return h
}

// fixedHandler copies the value out of the lane. Nothing is allocated.
func fixedHandler[T any](t *codec.Type, fn func(context.Context, T) error, slow func(context.Context, *incoming) error) func(context.Context, *incoming) error {
	return func(ctx context.Context, in *incoming) error {
		if !in.plain(t) {
			return slow(ctx, in)
		}
		var v T
		if err := t.GetFixed(shm.ValueBytes(&v), in.payload); err != nil {
			return in.wrap(err)
		}
		return fn(ctx, v)
	}
}

// rawHandler hands on the sender's memory.
func rawHandler(t *codec.Type, fn func(context.Context, []byte) error, slow func(context.Context, *incoming) error) func(context.Context, *incoming) error {
	return func(ctx context.Context, in *incoming) error {
		if !in.plain(t) {
			return slow(ctx, in)
		}
		return fn(ctx, in.payload)
	}
}

// plain reports whether the payload is the value's bytes as type t lays them
// out, without anything to undo.
func (in *incoming) plain(t *codec.Type) bool {
	return in.route.plain == t && in.record.Flags&codecFlags == 0
}

// decodingHandler decodes with the type's codec. A type that embeds T is
// decoded as itself first.
func decodingHandler[T any](t *codec.Type, fn func(context.Context, T) error) func(context.Context, *incoming) error {
	viaAny := anyHandler(fn)
	return func(ctx context.Context, in *incoming) error {
		if in.route.entry.Name != t.Name() {
			return viaAny(ctx, in)
		}
		v := new(T)
		if err := in.remote.decoder.Decode(in.header(), in.payload, v); err != nil {
			return in.wrap(err)
		}
		return fn(ctx, *v)
	}
}

// anyHandler decodes as whatever type the message is and hands on what of it is
// a T. A listener for everything also gets types this program does not know, as
// [Unknown].
func anyHandler[T any](fn func(context.Context, T) error) func(context.Context, *incoming) error {
	return func(ctx context.Context, in *incoming) error {
		if in.route.entry.Type == nil {
			if takesAll, ok := any(fn).(func(context.Context, any) error); ok {
				return takesAll(ctx, in.unknown())
			}
		}
		v, err := in.value()
		if err != nil {
			return err
		}
		m, ok := codec.As[T](v)
		if !ok {
			return in.wrap(fmt.Errorf("a %T is no %v", v, reflect.TypeFor[T]()))
		}
		return fn(ctx, m)
	}
}

// Unknown is what a handler for any gets for a type that this program has not
// registered.
type Unknown struct {
	Type string // wire name
	Text string // the value, as the sender described its type
}

// String returns type and value.
func (u Unknown) String() string { return shortName(u.Type) + u.Text }

func (in *incoming) unknown() Unknown {
	text, err := in.remote.decoder.Format(in.header(), in.payload)
	if err != nil {
		text = err.Error()
	}
	return Unknown{Type: in.route.entry.Name, Text: text}
}

func (in *incoming) wrap(err error) error {
	return nonsense(in.record, fmt.Errorf("worker: message of type %s from %s: %w", in.route.entry.Name, in.remote, err))
}

// goName returns a wire name as it is written in Go code.
func goName(name string) string {
	if name == "[]uint8" {
		return "[]byte"
	}
	return shortName(name)
}

// shortName cuts the import path off a wire name.
func shortName(name string) string {
	return name[strings.LastIndexByte(name, '/')+1:]
}
